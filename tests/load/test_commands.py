"""What the commands take, and the order in which they run."""

import argparse
from pathlib import Path

import pytest

from loadtest.__main__ import count, counts, main
from loadtest.experiments import turns


def test_lists_of_counts_are_read_and_zero_is_none():
    assert counts("50,100,500") == (50, 100, 500)
    with pytest.raises(argparse.ArgumentTypeError):
        count("0")


def test_rounds_alternate_after_a_warm_up_of_each():
    order = [(0, "A"), (0, "B"), (1, "A"), (1, "B"), (2, "A"), (2, "B")]
    assert list(turns(2, ("A", "B"))) == order


def test_half_of_what_aws_needs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["run", "--url", "http://x", "--log-group", "g", "--output", str(tmp_path)])
    assert "--log-group and --function go together" in capsys.readouterr().err


def test_more_provisioned_than_environments_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["compare", "--environments", "1", "--provisioned", "2"])
    assert "--provisioned is more than --environments" in capsys.readouterr().err
