"""Load as data."""

from math import inf

import pytest

from loadtest.shapes import SHAPES, Load, Stage, stage_at


def test_a_shape_lasts_as_long_as_it_is_told():
    for name, shape in SHAPES.items():
        stages = shape(Load(users=40, spawn_rate=5, time_s=60))
        assert sum(stage.duration_s for stage in stages) == pytest.approx(60), name


def test_spike_is_idle_then_everybody_at_once_then_half():
    idle, peak, steady = SHAPES["spike"](Load(users=40, spawn_rate=5, time_s=100))

    assert (idle.users, peak.users, steady.users) == (1, 40, 20)
    assert peak.spawn_rate >= 40


def test_ramp_only_grows_and_reaches_all_users():
    users = [stage.users for stage in SHAPES["ramp"](Load(users=33, spawn_rate=5, time_s=60))]

    assert users == sorted(users)
    assert users[0] >= 1
    assert users[-1] == 33


@pytest.mark.parametrize("users", [50, 100, 500])
def test_published_loads_spawn_five_a_second_whatever_else_is_asked(users: int):
    (stage,) = SHAPES[f"users-{users}"](Load(users=1, spawn_rate=99, time_s=60))

    assert (stage.users, stage.spawn_rate) == (users, 5)


def test_constant_without_a_time_never_ends():
    stages = SHAPES["constant"](Load(users=3, spawn_rate=1))

    assert stage_at(stages, 1e9) == Stage(inf, 3, 1)


def test_a_single_user_is_enough_for_every_shape():
    for shape in SHAPES.values():
        assert all(stage.users >= 1 for stage in shape(Load(users=1, spawn_rate=1, time_s=10)))


def test_stages_follow_each_other_and_end():
    stages = (Stage(10, 1, 1), Stage(5, 2, 1))

    found = [stage_at(stages, at_s) for at_s in (0, 9.9, 10, 14.9, 15)]

    assert found == [stages[0], stages[0], stages[1], stages[1], None]
