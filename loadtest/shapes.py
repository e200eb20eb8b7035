"""Load as data: how many users there are, and when."""

import argparse
from math import inf

SHAPES = ("constant", "ramp", "spike")
_RAMP_STEPS = 10


def stages(
    shape: str, users: int, spawn_rate: float, time_s: float
) -> list[tuple[float, int, float]]:
    """Seconds, users, and users a second, one after the other.

    ``constant``: all users from the beginning. ``spike``: idle with one user for a fifth of the
    time, then everybody at once, then half of them. ``ramp``: up to all users in ten equal steps;
    saturation is where more users bring no more answers.
    """
    if shape == "spike":
        half = max(users // 2, 1)
        plan = ((0.2, 1, 1.0), (0.3, users, float(users)), (0.5, half, float(users)))
        return [(share * time_s, count, rate) for share, count, rate in plan]
    if shape == "ramp":
        counts = (max(users * step // _RAMP_STEPS, 1) for step in range(1, _RAMP_STEPS + 1))
        return [(time_s / _RAMP_STEPS, count, spawn_rate) for count in counts]
    return [(time_s, users, spawn_rate)]


def stage_at(options: argparse.Namespace, elapsed_s: float) -> tuple[int, float] | None:
    """Users, and users a second, of --shape from Locust's own options; None when it is over."""
    users, rate = options.num_users or 1, float(options.spawn_rate or 1)
    for duration_s, *stage in stages(options.shape, users, rate, float(options.run_time or inf)):
        if elapsed_s < duration_s:
            return int(stage[0]), stage[1]
        elapsed_s -= duration_s
    return None
