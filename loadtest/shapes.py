"""Load as data: how many users there are, and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

_SPAWN_RATE = 5.0
_RAMP_STEPS = 10


@dataclass(frozen=True)
class Stage:
    """For ``duration_s`` there are ``users``, who come or go at ``spawn_rate`` a second."""

    duration_s: float
    users: int
    spawn_rate: float


@dataclass(frozen=True)
class Load:
    """What the command line says: the most users, how fast they come, for how long."""

    users: int
    spawn_rate: float
    time_s: float = inf


def constant(load: Load) -> tuple[Stage, ...]:
    """All users from the beginning."""
    return (Stage(load.time_s, load.users, load.spawn_rate),)


def spike(load: Load) -> tuple[Stage, ...]:
    """Idle with one user for a fifth of the time, then everybody at once, then half of them."""
    half = max(load.users // 2, 1)
    return (
        Stage(0.2 * load.time_s, 1, 1.0),
        Stage(0.3 * load.time_s, load.users, float(load.users)),
        Stage(0.5 * load.time_s, half, float(load.users)),
    )


def ramp(load: Load) -> tuple[Stage, ...]:
    """Up to all users in ten equal steps: saturation is where more users bring no more answers."""
    step_s = load.time_s / _RAMP_STEPS
    users = (max(load.users * step // _RAMP_STEPS, 1) for step in range(1, _RAMP_STEPS + 1))
    return tuple(Stage(step_s, each, load.spawn_rate) for each in users)


def _published(users: int) -> Callable[[Load], tuple[Stage, ...]]:
    return lambda load: constant(Load(users, _SPAWN_RATE, load.time_s))


SHAPES: Mapping[str, Callable[[Load], tuple[Stage, ...]]] = {
    "constant": constant,
    "spike": spike,
    "ramp": ramp,
    "users-50": _published(50),
    "users-100": _published(100),
    "users-500": _published(500),
}
"""By the name ``--shape`` takes; the last three are the loads of the published results."""


def stage_at(stages: tuple[Stage, ...], elapsed_s: float) -> Stage | None:
    """The stage that ``elapsed_s`` falls into; None once all are over."""
    for stage in stages:
        if elapsed_s < stage.duration_s:
            return stage
        elapsed_s -= stage.duration_s
    return None
