"""What a service under soak may do, and why so much."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a soak.

    ``memory_mb`` and ``memory_mb_per_1000`` requests: an environment's memory follows the sizes of
    its last images. In three minutes single samples moved by 30 MB, and lines through 500 to 4400
    requests by -11 to +5 MB. One leaked photo of 640 x 480 in every tenth request passes both.
    ``warm_up_requests``: those until it has seen most kinds.
    ``descriptors``: idle connections to environments and clients come and go; a leak of one per
    request soon passes it.
    """

    memory_mb: float = 40.0
    memory_mb_per_1000: float = 5.0
    warm_up_requests: int = 50
    descriptors: int = 8
