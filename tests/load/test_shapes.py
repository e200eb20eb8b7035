"""Load as data."""

from argparse import Namespace

import pytest

from loadtest.shapes import SHAPES, stage_at


def options(shape: str, run_time: int | None = 60, users: int = 4) -> Namespace:
    return Namespace(shape=shape, num_users=users, spawn_rate=2.0, run_time=run_time)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("users", [1, 40])
def test_a_shape_lasts_as_long_as_it_should_and_is_never_empty(shape: str, users: int):
    stages = [stage_at(options(shape, users=users), second + 0.5) for second in range(60)]

    assert all(stage and stage[0] >= 1 for stage in stages)
    assert stage_at(options(shape, users=users), 60.001) is None


def test_ramp_only_grows_and_reaches_all_users():
    users = [stage_at(options("ramp", users=33), second + 0.5)[0] for second in range(60)]

    assert users == sorted(users)
    assert users[-1] == 33


def test_constant_without_a_time_never_ends():
    assert stage_at(options("constant", None), 1e9) == (4, 2.0)


def test_spike_is_idle_then_everybody_at_once_then_half_and_ends():
    users = [stage_at(options("spike", 10), at_s) for at_s in (0, 1.9, 2, 4.9, 5, 9.9, 10)]

    assert users == [(1, 4.0), (1, 4.0), (4, 4.0), (4, 4.0), (2, 4.0), (2, 4.0), None]
