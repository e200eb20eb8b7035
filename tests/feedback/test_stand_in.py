"""The stand-in that ``make run`` starts: what it confirmed stays, and it leaves nothing behind."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import EndpointConnectionError

from feedback.dynamodb import DynamoStore
from infra.local.aws.errors import StandInFailed
from infra.local.aws.stand_in import ENDPOINT_FILE
from infra.local.machine.processes import still_running
from serving.aws import StoreUnavailable
from tests.conftest import LIMIT_S, ROOT
from tests.feedback.conftest import (
    RETENTION,
    TEMPLATE,
    client_of,
    feedback,
    running_stand_in,
)

# What `make run` is to the stand-in: a process that holds it, and may be killed.
HOLDER = """
import asyncio, pathlib, sys
from infra.local.machine.guardian import Guardian
from infra.local.aws.stand_in import local_aws
from infra.local.sam.stateful import read_stateful
folder, template = map(pathlib.Path, sys.argv[1:])
async def hold():
    with Guardian() as guardian:
        async with local_aws(folder, read_stateful(template, {}, ""), guardian) as url:
            print(url, flush=True)
            await asyncio.Event().wait()
asyncio.run(hold())
"""


def store_at(url: str) -> DynamoStore:
    return DynamoStore(client_of(url), "FeedbackTable", RETENTION)


@contextmanager
def running_holder(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(TEMPLATE)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        yield holder.stdout.readline().strip(), holder
    finally:
        holder.kill()
        holder.communicate()


def stand_ins_of(folder: Path) -> list[psutil.Process]:
    processes = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("STATE_DIR") == str(folder):
                processes.append(process)
    return processes


def stand_in_of(folder: Path) -> psutil.Process:
    """Its server; what forwards events to functions has processes of its own."""
    (stand_in,) = (item for item in stand_ins_of(folder) if item.cmdline()[-1] == "ministack")
    return stand_in


def kept_in(folder: Path) -> set[str]:
    with running_stand_in(folder) as url:
        return {answer.nonce for answer in store_at(url).answers()}


def wait_until_written(file: Path, text: str) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not (file.exists() and text in file.read_text("utf-8")):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_keeps_feedback_over_a_restart(tmp_path: Path):
    with running_stand_in(tmp_path) as url:
        store_at(url).put(feedback())
    with running_stand_in(tmp_path) as url:
        assert list(store_at(url).answers()) == [feedback()]
        assert not store_at(url).put(feedback(seconds=1))
        assert len(list(store_at(url).judgements("0123456789ab"))) == 1


def test_the_table_is_as_described_also_after_a_restart(tmp_path: Path):
    for _ in range(2):
        with running_stand_in(tmp_path) as url:
            client = client_of(url)
            assert client.list_tables()["TableNames"] == ["FeedbackTable", "PredictionsTable"]
            table = client.describe_table(TableName="FeedbackTable")["Table"]
            expiry = client.describe_time_to_live(TableName="FeedbackTable")
        indexes = [index["IndexName"] for index in table["GlobalSecondaryIndexes"]]
        assert indexes == ["by-version", "by-model-version"]
        assert expiry["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


def test_everything_confirmed_survives_sigkill_of_make_run_in_the_middle_of_writing(tmp_path: Path):
    with running_holder(tmp_path) as (url, holder):
        stand_in = stand_in_of(tmp_path)
        store = store_at(url)
        confirmed: list[str] = []

        def write(thread: int) -> None:
            for i in itertools.count():
                try:
                    store.put(feedback(f"nonce{thread}-{i}"))
                except (StoreUnavailable, EndpointConnectionError):
                    return
                confirmed.append(f"nonce{thread}-{i}")
                if len(confirmed) == 50:
                    holder.kill()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        assert not still_running([stand_in.pid], LIMIT_S)

    assert len(confirmed) >= 50
    assert set(confirmed) <= kept_in(tmp_path)


def test_killed_itself_it_says_that_seconds_are_lost_and_keeps_the_rest(tmp_path: Path):
    failed = pytest.raises(StandInFailed, match="without saving")
    with failed, running_stand_in(tmp_path, copy_pause_s=0.1) as url:
        store_at(url).put(feedback())
        wait_until_written(tmp_path / "copy.json", "nonce")
        stand_in_of(tmp_path).kill()

    assert kept_in(tmp_path) == {"nonce"}


def test_a_copy_older_than_what_was_saved_is_not_put_back(tmp_path: Path):
    with running_stand_in(tmp_path, copy_pause_s=0.5) as url:
        store_at(url).put(feedback())
        wait_until_written(tmp_path / "copy.json", "nonce")
        store_at(url).put(feedback(seconds=1))

    with running_stand_in(tmp_path) as url:
        assert list(store_at(url).answers()) == [feedback(seconds=1)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ends_with_its_parent_however_that_ends(tmp_path: Path, number: signal.Signals):
    with running_holder(tmp_path) as (url, holder):
        stand_in = stand_in_of(tmp_path)
        store_at(url).put(feedback())
        holder.send_signal(number)
        assert not still_running([stand_in.pid], LIMIT_S)

    with running_stand_in(tmp_path) as url:
        assert list(store_at(url).answers()) == [feedback()]


def test_leaves_no_process_and_no_address_behind(tmp_path: Path):
    with running_stand_in(tmp_path) as url:
        assert (tmp_path / ENDPOINT_FILE).read_text() == url
        stand_in = stand_in_of(tmp_path)
    assert not stand_in.is_running()
    assert not (tmp_path / ENDPOINT_FILE).exists()


def test_two_runs_cannot_share_a_folder(tmp_path: Path):
    second = running_stand_in(tmp_path)
    with running_stand_in(tmp_path), pytest.raises(StandInFailed, match="in use"), second:
        pass


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("dynamodb.json", b'{"__ministack_format__": 2, "payl'),
        ("dynamodb.json", b""),
        ("dynamodb.json", b"\xff\x00"),
        ("dynamodb.json", b'{"__ministack_format__": 99, "payload": {}}'),  # of a later version
        ("dynamodb.json", b'{"__ministack_format__": 2, "payload": 1}'),
        ("copy.json", b'[{"Request'),
    ],
)
def test_a_damaged_state_is_told_and_left_alone(tmp_path: Path, file: str, content: bytes):
    (tmp_path / file).write_bytes(content)

    with pytest.raises(StandInFailed, match="damaged"), running_stand_in(tmp_path):
        pass
    assert (tmp_path / file).read_bytes() == content
    assert stand_ins_of(tmp_path) == []


def test_says_nothing_and_listens_on_loopback_only(tmp_path: Path):
    with running_stand_in(tmp_path) as url:
        store_at(url).put(feedback())
        listening = [
            f"http://{connection.laddr.ip}:{connection.laddr.port}"
            for connection in stand_in_of(tmp_path).net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert listening == [url]
    assert (tmp_path / "stand-in.log").read_text() == ""


def test_a_state_that_cannot_be_saved_is_told(tmp_path: Path):
    (tmp_path / "dynamodb.json.tmp").mkdir()  # so that no state can be written

    with pytest.raises(StandInFailed, match="Is a directory"), running_stand_in(tmp_path):
        pass
