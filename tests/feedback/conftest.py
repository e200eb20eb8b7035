"""Feedback's app around a store, and the three stores: memory, moto, and the local stand-in."""

import asyncio
import itertools
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from mypy_boto3_dynamodb import DynamoDBClient
from starlette.testclient import TestClient

from feedback.dynamodb import DynamoStore
from feedback.labels import ModelClass
from feedback.memory import MemoryStore
from feedback.record import Feedback
from feedback.routes import create_router
from feedback.store import FeedbackStore
from infra.commands.feedback_export import FEEDBACK_TABLE
from infra.local.aws.stand_in import local_aws
from infra.local.machine.guardian import Guardian
from infra.local.sam.intrinsics import load_yaml
from infra.local.sam.stateful import read_stateful
from serving.api import create_app
from serving.aws import CLIENT_CONFIG
from serving.receipts import Receipt, ReceiptBook
from serving.telemetry import ServingEnvironment
from tests.classifier_fakes import RecordingTelemetry
from tests.conftest import LIMIT_S, ROOT

RECEIPT_KEY = "k" * 32
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TABBY, TIGER, CRANE = (
    ModelClass("tabby", "n02123045"),
    ModelClass("tiger cat", "n02123159"),
    ModelClass("crane (bird)", "n02012849"),
)
TEMPLATE = ROOT / "template.yaml"
PROPERTIES = load_yaml(TEMPLATE)["Resources"][FEEDBACK_TABLE]["Properties"]
STATEFUL = read_stateful(TEMPLATE, {}, invoke_api="http://127.0.0.1:9")  # calls nobody
RETENTION = timedelta(days=730)


def feedback(nonce: str = "nonce", seconds: float = 0, **changes: object) -> Feedback:
    """An answer given that long after noon: the tabby is a tiger cat."""
    values = {
        "nonce": nonce,
        "answered_at": NOON + timedelta(seconds=seconds),
        "model_name": "resnet50",
        "model_version": "0123456789ab",
        "image_sha256": "ab" * 32,
        "predicted_label": TABBY.label,
        "predicted_wnid": TABBY.wnid,
        "score": 0.912345,
        "correct": False,
        "true_label": TIGER.label,
        "true_wnid": TIGER.wnid,
        "comment": "stripes\n<b>ñ 😀</b>",
        "sure": False,
    }
    return Feedback(**(values | changes))


def client_of(endpoint: str | None = None) -> DynamoDBClient:
    """A client as the handler's, with room for many threads."""
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        endpoint_url=endpoint,
        config=CLIENT_CONFIG.merge(Config(max_pool_connections=50)),
    )


def create_table(client: DynamoDBClient) -> str:
    """The template's table under a name of its own."""
    name = f"feedback-{uuid.uuid4().hex}"
    members = client.meta.service_model.operation_model("CreateTable").input_shape.members
    client.create_table(
        **{k: PROPERTIES[k] for k in members if k in PROPERTIES} | {"TableName": name}
    )
    return name


@contextmanager
def running_stand_in(folder: Path, **options: float) -> Iterator[str]:
    """``local_aws`` for tests that are not async: its loop runs in a thread."""
    ready: Future[str] = Future()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def run() -> None:
        with Guardian() as guardian:
            async with local_aws(folder, STATEFUL, guardian, **options) as url:
                ready.set_result(url)
                await stopped.wait()

    with ThreadPoolExecutor(1) as pool, closing(loop):
        running = pool.submit(loop.run_until_complete, run())
        wait([ready, running], timeout=LIMIT_S, return_when="FIRST_COMPLETED")
        try:
            if running.done():
                running.result()
            yield ready.result(timeout=0)
        finally:
            loop.call_soon_threadsafe(stopped.set)
            wait([running])
        running.result()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_stand_in(tmp_path_factory.mktemp("dynamodb")) as url:
        yield url


@pytest.fixture
def moto_client() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield client_of()


@pytest.fixture(params=["memory", "moto", "stand-in"])
def store(request: pytest.FixtureRequest) -> FeedbackStore:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "moto":
        client = request.getfixturevalue("moto_client")
    else:
        client = client_of(request.getfixturevalue("stand_in"))
    return DynamoStore(client, create_table(client), RETENTION)


@pytest.fixture
def receipts() -> ReceiptBook:
    return ReceiptBook(RECEIPT_KEY)


@pytest.fixture
def receipt(receipts: ReceiptBook) -> str:
    """A receipt for a tabby."""
    return receipts.issue(a_receipt())


def a_receipt(nonce: str = "nonce") -> Receipt:
    return Receipt(
        *(nonce, "ab" * 32, "resnet50", "0123456789ab", TABBY.label, TABBY.wnid, 0.912345),
        sure=True,
    )


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def build_api(receipts: ReceiptBook) -> Callable[[FeedbackStore], TestClient]:
    def build(store: FeedbackStore) -> TestClient:
        seconds = itertools.count()
        labels = {
            key: model_class
            for model_class in (TABBY, TIGER, CRANE)
            for key in (model_class.label, model_class.wnid)
        }
        router = create_router(
            store, receipts, labels, now=lambda: NOON + timedelta(seconds=next(seconds))
        )
        app = create_app(
            "Test",
            "/v1/feedback",
            router,
            ServingEnvironment("env-1", "on-demand"),
            RecordingTelemetry(),
        )
        return TestClient(app)

    return build


@pytest.fixture
def api(build_api: Callable[[FeedbackStore], TestClient], memory: MemoryStore) -> TestClient:
    return build_api(memory)
