"""Prediction receipts: what the service answered, signed, so that feedback can be trusted later
without a write per prediction."""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from serving.errors import Forbidden

MAX_AGE_S = 7 * 24 * 3600


class ReceiptForged(Forbidden):
    """The receipt was not issued here, or was altered."""

    code = "receipt_forged"


class ReceiptExpired(Forbidden):
    """The receipt is older than ``MAX_AGE_S``."""

    code = "receipt_expired"


@dataclass(frozen=True)
class Receipt:
    """One answered prediction: the likeliest class and its score.

    ``nonce`` tells apart two answers to the same input; ``label_id`` is the class' name in a
    catalogue such as WordNet, None without one; ``sure`` is whether the score reached the model's
    threshold, None without one and in receipts of earlier versions.
    """

    nonce: str
    input_sha256: str
    model_name: str
    model_version: str
    label: str
    label_id: str | None
    score: float
    sure: bool | None = None


class ReceiptBook:
    """Issues receipts under the secret ``key``; verifies those under ``previous_key`` too."""

    def __init__(self, key: str, previous_key: str | None = None) -> None:
        self._serializer = URLSafeTimedSerializer(
            [key] if previous_key is None else [previous_key, key],  # the last one signs
            salt="prediction-receipt",
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
        )

    def issue(self, receipt: Receipt) -> str:
        """Sign ``receipt`` with the present time; the result is safe in a URL."""
        token: str = self._serializer.dumps(vars(receipt))
        return token

    def verify(self, token: str, max_age_s: int = MAX_AGE_S) -> Receipt:
        """The receipt that ``issue`` signed.

        Raises:
            ReceiptForged: the token is not ours or was altered.
            ReceiptExpired: it is older than ``max_age_s`` seconds.
        """
        try:
            return Receipt(**self._serializer.loads(token, max_age=max_age_s))
        except SignatureExpired as exc:
            raise ReceiptExpired("This prediction is too old to be answered.") from exc
        except (BadData, TypeError) as exc:
            raise ReceiptForged("This is not the id of a prediction made here.") from exc


def new_nonce() -> str:
    """72 random bits, enough that two predictions never share one."""
    return secrets.token_urlsafe(9)
