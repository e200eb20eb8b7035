"""Photos in S3: the deployed state machine is begun, followed, stopped and gone on with."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from image_collections.event import Collection, output_prefix
from image_collections.plan import write_plan
from image_collections.report import RESULTS
from image_collections.runs import Batches, CollectionExists, Run
from infra.commands.collection.aws import CollectionFailed, Stack, classify_in_aws, deployed
from serving.collection import Photo, SourceUnavailable
from serving.s3 import S3Output
from tests.conftest import ROOT
from tests.moto_s3 import moto_s3

OPTIONS = {"top_k": 5, "max_concurrency": 10, "min_score": 0.5}
SUMMARY = {"photos": 1}


class FakeRuns:
    """A state machine whose executions have the ``statuses``, the last for good."""

    def __init__(self, s3: Any, statuses: list[str], *, exists: bool = False) -> None:
        self.s3 = s3
        self.statuses = statuses
        self.exists = exists
        self.calls: list[str] = []

    def start(self, collection: Collection) -> None:
        self.calls.append("start")
        output = S3Output(self.s3, "results", output_prefix(collection.id))
        write_plan([Photo("a.jpg", 1)], output)
        for name in RESULTS:
            output.create(name, json.dumps(SUMMARY).encode())
        if self.exists:
            raise CollectionExists

    def describe(self, _id: str) -> Run:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Run(status, datetime.now(UTC), None, "Error", "No permission to list.")

    def batches(self, _id: str, _status: str) -> Batches:
        return Batches(1, 1, 0)

    def stop(self, _id: str) -> None:
        self.calls.append("stop")

    def resume(self, _id: str) -> None:
        self.calls.append("resume")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with moto_s3(monkeypatch, "results") as client:
        yield client


def classify(runs: FakeRuns, output: str, sleep: Any = lambda _s: None) -> dict[str, Any]:
    stack: Any = Stack(runs, "results", runs.s3)  # type: ignore[arg-type]
    return classify_in_aws(stack, "s3://photos/a", output, OPTIONS, sleep)


def test_results_come_to_a_folder(s3: Any, tmp_path: Path):
    runs = FakeRuns(s3, ["RUNNING", "RUNNING", "SUCCEEDED"])

    assert classify(runs, str(tmp_path / "sorted")) == SUMMARY
    assert {path.name for path in (tmp_path / "sorted").iterdir()} == set(RESULTS)


def test_results_come_to_a_prefix(s3: Any):
    classify(FakeRuns(s3, ["SUCCEEDED"]), "s3://results/mine/")

    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="results", Prefix="mine")["Contents"]]
    assert keys == sorted(f"mine/{name}" for name in RESULTS)


@pytest.mark.parametrize(
    ("status", "calls"), [("FAILED", ["start", "resume"]), ("SUCCEEDED", ["start"])]
)
def test_the_same_command_goes_on(s3: Any, tmp_path: Path, status: str, calls: list[str]):
    runs = FakeRuns(s3, [status, "RUNNING", "SUCCEEDED"], exists=True)

    classify(runs, str(tmp_path))

    assert runs.calls == calls


def test_ctrl_c_stops_it_there_too(s3: Any, tmp_path: Path):
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    runs = FakeRuns(s3, ["RUNNING"])
    with pytest.raises(KeyboardInterrupt):
        classify(runs, str(tmp_path), interrupt)

    assert runs.calls == ["start", "stop"]


def test_why_it_failed_is_told(s3: Any, tmp_path: Path):
    with pytest.raises(CollectionFailed, match="FAILED: No permission to list"):
        classify(FakeRuns(s3, ["FAILED"]), str(tmp_path))


def test_only_an_address_in_s3_is_taken(s3: Any):
    stack: Any = Stack(FakeRuns(s3, ["SUCCEEDED"]), "results", s3)  # type: ignore[arg-type]
    with pytest.raises(SourceUnavailable):
        classify_in_aws(stack, "s3://", "out", OPTIONS, lambda _s: None)


def test_an_environment_that_is_not_there_is_named():
    with pytest.raises(CollectionFailed, match="no environment test"):
        deployed("test", boto3.Session(), ROOT / "samconfig.toml")
