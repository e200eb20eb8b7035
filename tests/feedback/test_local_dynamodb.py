"""The stand-in that ``make run`` starts: what it confirmed stays, and it leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import EndpointConnectionError

from feedback.dynamodb import DynamoStore
from feedback.store import StoreUnavailable
from infra.local.dynamodb import ENDPOINT_FILE, DynamoDBFailed
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
from infra.local.dynamodb import local_dynamodb
async def hold():
    async with local_dynamodb(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])) as url:
        print(url, flush=True)
        await asyncio.Event().wait()
asyncio.run(hold())
"""


def store_at(url: str) -> DynamoStore:
    return DynamoStore(client_of(url), "FeedbackTable", RETENTION)


@contextmanager
def held(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
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


def wait_until_gone(process: psutil.Process) -> None:
    psutil.wait_procs([process], timeout=LIMIT_S)
    assert not process.is_running()


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
            assert client.list_tables()["TableNames"] == ["FeedbackTable"]
            table = client.describe_table(TableName="FeedbackTable")["Table"]
            expiry = client.describe_time_to_live(TableName="FeedbackTable")
            recovery = client.describe_continuous_backups(TableName="FeedbackTable")
        assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == [
            "by-model-version"
        ]
        assert expiry["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
        described = recovery["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert described["PointInTimeRecoveryStatus"] == "ENABLED"


def test_everything_confirmed_survives_sigkill_in_the_middle_of_writing(tmp_path: Path):
    with held(tmp_path) as (url, holder):
        (stand_in,) = psutil.Process(holder.pid).children()
        store = store_at(url)
        confirmed: list[str] = []

        def write(i: int) -> None:
            try:
                store.put(feedback(f"nonce{i}"))
            except (StoreUnavailable, EndpointConnectionError):
                return
            confirmed.append(f"nonce{i}")
            if len(confirmed) == 50:
                stand_in.send_signal(signal.SIGKILL)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(64)))

    with running_stand_in(tmp_path) as url:
        kept = {answer.nonce for answer in store_at(url).answers()}
    assert 50 <= len(confirmed) < 64
    assert set(confirmed) <= kept


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ends_with_its_parent_however_that_ends(tmp_path: Path, number: signal.Signals):
    with held(tmp_path) as (url, holder):
        (stand_in,) = psutil.Process(holder.pid).children()
        store_at(url).put(feedback())
        holder.send_signal(number)
        wait_until_gone(stand_in)

    with running_stand_in(tmp_path) as url:
        assert list(store_at(url).answers()) == [feedback()]


def test_leaves_no_process_and_no_address_behind(tmp_path: Path):
    with running_stand_in(tmp_path) as url:
        assert (tmp_path / ENDPOINT_FILE).read_text() == url
        (stand_in,) = [
            child
            for child in psutil.Process().children()
            if any("dynamodb_server" in part for part in child.cmdline())
            and child.environ()["STATE_DIR"] == str(tmp_path)
        ]
    assert not stand_in.is_running()
    assert not (tmp_path / ENDPOINT_FILE).exists()


def test_two_runs_cannot_share_a_folder(tmp_path: Path):
    second = running_stand_in(tmp_path)
    with running_stand_in(tmp_path), pytest.raises(DynamoDBFailed, match="in use"), second:
        pass


def test_a_damaged_state_is_told_and_left_alone(tmp_path: Path):
    state = tmp_path / "dynamodb.json"
    state.write_text('{"__ministack_format__": 2, "payl')

    with pytest.raises(DynamoDBFailed, match="damaged"), running_stand_in(tmp_path):
        pass
    assert state.read_text() == '{"__ministack_format__": 2, "payl'


def test_says_nothing_and_listens_on_loopback_only(tmp_path: Path):
    with running_stand_in(tmp_path) as url:
        store_at(url).put(feedback())
        port = int(url.rpartition(":")[2])
        listening = [
            connection.laddr.ip
            for child in psutil.Process().children()
            for connection in child.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        ]
    assert listening == ["127.0.0.1"]
    assert (tmp_path / "stand-in.log").read_text() == ""


def test_a_write_that_cannot_be_saved_is_not_confirmed(tmp_path: Path):
    with running_stand_in(tmp_path) as url:
        store = store_at(url)
        (tmp_path / "dynamodb.partial").mkdir()  # so that no state can be written
        with pytest.raises(StoreUnavailable):
            store.put(feedback())
        (tmp_path / "dynamodb.partial").rmdir()
        store.put(feedback(seconds=1))
