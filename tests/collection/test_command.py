"""``make collection`` on this machine: real processes, the embedded model, a few small photos."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra.local.machine.processes import still_running
from tests.collection.conftest import BAD, MANY, PHOTOS, Process
from tests.conftest import LIMIT_S, wait_until

RESULTS = ("results.jsonl", "results.csv", "failures.csv", "summary.json", "report.html")


def finish(process: Process) -> tuple[int, str, str]:
    output, errors = process.communicate()
    return process.returncode, output, errors


def files_of(folder: Path, names: tuple[str, ...] = RESULTS) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}


def shards_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("shards/*.jsonl"))}


def rows_of(folder: Path) -> list[dict]:
    """Without what each measurement has anew."""
    lines = (folder / "results.jsonl").read_text("utf-8").split("\n")[:-1]
    return [json.loads(line) | {"milliseconds": None} for line in lines]


def test_a_folder_is_classified_and_reported(begin: Callable[..., Process], tmp_path: Path):
    code, output, errors = finish(begin("--arrange", "link", "--min-score", "0.2"))

    assert code == 0, errors
    assert f"{PHOTOS + BAD} photos found" in output
    assert f"{PHOTOS} of {PHOTOS + BAD} photos classified" in output
    assert "photos/s" in errors
    rows = rows_of(tmp_path / "sorted")
    assert [row["key"] for row in rows if row["code"]] == [
        *("damaged.jpg", "empty.png", "huge.jpg", "pipe.jpg")
    ]
    assert r"caf\xe9 =1+1.jpg" in {row["key"] for row in rows}
    links = [p for p in (tmp_path / "sorted").rglob("*.jpg") if p.is_symlink()]
    assert len(links) == PHOTOS
    assert all(link.exists() for link in links)
    unsure = sum(row["score"] < 0.2 for row in rows if row["score"] is not None)
    assert len(list((tmp_path / "sorted" / "unsure").rglob("*.jpg"))) == unsure


@pytest.mark.parametrize("photos", [MANY], indirect=True)
def test_killed_twice_it_goes_on_to_the_same_results(begin: Callable[..., Process], tmp_path: Path):
    folder = tmp_path / "sorted"
    kept: dict[str, bytes] = {}
    for shards in (1, 2):
        process = begin("--concurrency", "1")
        wait_until(lambda n=shards: len(shards_of(folder)) >= n)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not still_running([worker.pid for worker in workers], LIMIT_S)
        assert kept.items() <= shards_of(folder).items()
        kept = shards_of(folder)

    assert finish(begin())[0] == 0
    first = files_of(folder)
    assert kept.items() <= shards_of(folder).items()
    code, output, _ = finish(begin())

    assert (code, f"Goes on with the {MANY + BAD} photos" in output) == (0, True)
    assert files_of(folder) == first
    assert not list(folder.rglob("*.partial"))
    assert finish(begin(output="at once"))[0] == 0
    assert rows_of(tmp_path / "at once") == rows_of(folder)


@pytest.mark.parametrize("photos", [MANY], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_stopped_cleanly(begin: Callable[..., Process], tmp_path: Path, number: int):
    process = begin("--concurrency", "1")
    wait_until(lambda: shards_of(tmp_path / "sorted"))
    for worker in psutil.Process(process.pid).children():
        worker.send_signal(signal.SIGINT)  # as a terminal does to all
    process.send_signal(number)

    code, _, errors = finish(process)

    assert code == 130
    assert "The same command goes on" in errors
    assert "Traceback" not in errors


def test_a_full_disk_is_one_message_and_no_loss(begin: Callable[..., Process], tmp_path: Path):
    code, _, errors = finish(begin(limit=8_000))  # the plan fits, a shard does not

    assert code == 1
    assert "error: [Errno 27] File too large" in errors
    assert "Traceback" not in errors
    assert finish(begin())[0] == 0
    assert len(rows_of(tmp_path / "sorted")) == PHOTOS + BAD


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--photos", "/nowhere"), "/nowhere does not exist"),
        (("--photos", __file__), "neither a folder nor a .zip"),
        (("--photos", "{empty}"), "There are no files"),
        (("--photos", "s3://bucket/x"), "STACK=dev"),
        (("--output", "{photos}"), "has other files"),
        (("--output", "/proc/x"), "cannot be written"),
        (("--model", "none"), "There is no model none"),
    ],
)
def test_what_cannot_be_done_is_one_message(
    begin: Callable[..., Process],
    photos: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    message: str,
):
    (tmp_path / "empty").mkdir()
    named = [o.format(empty=tmp_path / "empty", photos=photos) for o in options]

    code, output, errors = finish(begin(*named))

    assert code in {1, 2}
    assert message in errors
    assert "Traceback" not in output + errors


def test_one_folder_is_for_one_collection(begin: Callable[..., Process]):
    assert finish(begin())[0] == 0

    code, _, errors = finish(begin("--top-k", "2"))

    assert code == 1
    assert "another top_k" in errors


def test_one_threshold_is_for_all_of_a_collection(begin: Callable[..., Process], tmp_path: Path):
    assert finish(begin())[0] == 0
    file = tmp_path / "sorted" / "run.json"
    settings = json.loads(file.read_text())

    file.write_text(json.dumps(settings | {"threshold": 0.9}))
    code, _, errors = finish(begin())
    del settings["threshold"]  # as earlier versions wrote it
    file.write_text(json.dumps(settings))

    assert code == 1
    assert "another threshold" in errors
    assert finish(begin())[0] == 0
