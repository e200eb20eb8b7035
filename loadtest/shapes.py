"""Load as data: how many users there are, and when."""

import argparse
from math import inf

# Shares of the time and of the users. Constant: all users from the beginning. Ramp: up to all in
# ten equal steps; saturation is where more users bring no more answers. Spike: idle with one user,
# then everybody at once, then half of them.
SHAPES = {
    "constant": ((1.0, 1.0),),
    "ramp": tuple((0.1, step / 10) for step in range(1, 11)),
    "spike": ((0.2, 0.0), (0.3, 1.0), (0.5, 0.5)),
}


def stage_at(options: argparse.Namespace, elapsed_s: float) -> tuple[int, float] | None:
    """Users, and users a second, of --shape from Locust's own options; None when it is over."""
    users, time_s = options.num_users or 1, float(options.run_time or inf)
    rate = float(users if options.shape == "spike" else options.spawn_rate or 1)
    for share_of_time, share_of_users in SHAPES[options.shape]:
        if elapsed_s < share_of_time * time_s:
            return max(int(share_of_users * users), 1), rate
        elapsed_s -= share_of_time * time_s
    return None
