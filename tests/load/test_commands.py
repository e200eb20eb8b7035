"""What the commands take, and the order in which they run."""

import argparse
from pathlib import Path

import pytest

from loadtest.arguments import count, counts, load_of, load_parser, seconds
from loadtest.compare import main as compare
from loadtest.compare import turns
from loadtest.generator import LoadSpec
from loadtest.run import main as run


@pytest.mark.parametrize(("text", "found"), [("90", 90), ("90s", 90), ("5m", 300), ("1h", 3600)])
def test_times_are_read_with_their_unit(text: str, found: int):
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "0", "-1", "5d", "1.5m", "m"])
def test_other_times_are_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)


def test_lists_of_counts_are_read_and_zero_is_none():
    assert counts("50,100,500") == (50, 100, 500)
    with pytest.raises(argparse.ArgumentTypeError):
        count("0")


def test_what_is_not_known_goes_to_locust():
    parser = load_parser("x", "y", LoadSpec("Person", 1, 1, 10))

    arguments, more = parser.parse_known_args(["--time", "5m", "--processes", "2"])

    assert load_of(arguments, 7, more) == LoadSpec(
        "Person", 7, 1, 300, options=("--processes", "2")
    )


def test_rounds_alternate_after_a_warm_up_of_each():
    assert list(turns(2, ("A", "B"))) == [
        (0, "A"),
        (0, "B"),
        (1, "A"),
        (1, "B"),
        (2, "A"),
        (2, "B"),
    ]


def test_half_of_what_aws_needs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        run(["--url", "http://x", "--log-group", "g", "--output", str(tmp_path)])
    assert "--log-group and --function go together" in capsys.readouterr().err


def test_more_provisioned_than_environments_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        compare(["--environments", "1", "--provisioned", "2"])
    assert "--provisioned is more than --environments" in capsys.readouterr().err
