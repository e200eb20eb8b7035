"""What goes wrong around a photo that waits, on the stand-in's parts and real environments."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import requests
from PIL import Image

from infra.local.machine.processes import environments_below
from tests.conftest import LIMIT_S, ROOT, Cloud, running_cloud, wait_until
from tests.image_classifier.images import encode, png_bomb
from tests.image_classifier.messages import s3_event
from tests.predictions.parts import JPEG, Parts, Table, throttling_table

PHOTO = encode(Image.new("RGB", (64, 64), "red"), "JPEG")
BUCKET = "uploadsbucket"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    with throttling_table(tmp_path_factory.mktemp("data") / "aws" / "endpoint") as table:
        yield table


@pytest.fixture(scope="module")
def cloud(
    embedded_model: Path, tmp_path_factory: pytest.TempPathFactory, table: Table
) -> Iterator[Cloud]:
    """The template's functions, whose table can be throttled."""
    project = tmp_path_factory.mktemp("project")
    for folder in ("functions", "infra", "web"):
        (project / folder).symlink_to(ROOT / folder)
    names = "        AWS_ENDPOINT_URL_DYNAMODB: "
    text = (ROOT / "template.yaml").read_text()
    variables = "      Variables:\n"
    assert variables in text
    template = project / "template.yaml"
    template.write_text(text.replace(variables, f"{variables}{names}{table.url}\n", 1))
    data, options = table.endpoint.parents[1], ("--template", str(template))
    with running_cloud(data, embedded_model.parent, *options) as running:
        yield running


@pytest.fixture(scope="module")
def all_parts(cloud: Cloud) -> Parts:
    parts = Parts(cloud)
    parts.subscribe()
    return parts


@pytest.fixture
def parts(all_parts: Parts, table: Table) -> Iterator[Parts]:
    all_parts.settle()
    yield all_parts
    table.throttles = lambda _action, _body: False


def event(prediction_id: str) -> str:
    return s3_event(f"uploads/{prediction_id}", bucket=BUCKET)


def first(times: int, action: str, text: str = "") -> Callable[[str, str], bool]:
    """Throttles an action whose body has the text, so many times."""
    left = iter(range(times))
    return lambda name, body: name == action and text in body and next(left, None) is not None


def test_a_photo_whose_worker_is_killed_is_answered_all_the_same(parts: Parts, table: Table):
    killed: list[psutil.Process] = []

    def kill_instead_of_storing(action: str, body: str) -> bool:
        if killed or action != "UpdateItem" or '"succeeded"' not in body:
            return False
        for (_, function), processes in environments_below(parts.cloud.process.pid).items():
            killed.extend(processes if function == "WorkerFunction" else ())
        for process in killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return True

    table.throttles = kill_instead_of_storing
    with parts.visibility(3):
        prediction_id = parts.post(PHOTO).json()["id"]
        wait_until(lambda: killed)
    state = parts.finished(prediction_id)

    assert state["status"] == "succeeded"
    assert parts.notifications(prediction_id) == 1


def test_the_same_event_three_times_is_one_result_and_one_notification(parts: Parts):
    prediction_id, form = parts.announce(len(PHOTO))
    assert parts.upload(form, PHOTO).ok
    for _ in range(2):
        parts.send(event(prediction_id))
    state = parts.finished(prediction_id)

    parts.send(event(prediction_id))  # and once more, long after
    assert parts.finished(prediction_id) == state
    assert state["status"] == "succeeded"
    assert parts.notifications(prediction_id) == 1
    assert parts.photos_kept() == 0


def test_a_form_that_is_used_twice_changes_no_answer(parts: Parts):
    other = encode(Image.new("RGB", (64, 64), "blue"), "JPEG")
    assert len(other) == len(PHOTO)
    prediction_id, form = parts.announce(len(PHOTO))
    parts.upload(form, PHOTO)
    state = parts.finished(prediction_id)

    assert parts.upload(form, other).ok
    assert parts.finished(prediction_id) == state
    assert parts.notifications(prediction_id) == 1
    assert parts.photos_kept() == 0


@pytest.mark.parametrize(
    "photo", [b"hello", PHOTO[:300], png_bomb()], ids=["text", "cut off", "bomb"]
)
def test_a_poison_photo_fails_at_once_as_predict_refuses_it(parts: Parts, photo: bytes):
    url = f"{parts.cloud.url}/v1/predict"
    refusal = requests.post(url, data=photo, headers=JPEG, timeout=LIMIT_S).json()
    before = deliveries(parts)

    state = parts.finished(parts.post(photo).json()["id"])

    assert state["status"] == "failed"
    assert state["error"] == refusal | {"request_id": state["error"]["request_id"]}
    assert deliveries(parts) == before + 1


def deliveries(parts: Parts) -> int:
    return sum(report.function == "WorkerFunction" for report in parts.cloud.reports())


def test_a_photo_that_is_not_there_any_more_fails(parts: Parts):
    prediction_id, _ = parts.announce(len(PHOTO))

    parts.send(event(prediction_id))

    assert parts.finished(prediction_id)["error"]["code"] == "upload_missing"


def test_messages_that_are_not_ours_become_dead_letters(parts: Parts):
    bodies = ["hello", s3_event("another/file", bucket=BUCKET)]
    with parts.visibility(1):
        for body in bodies:
            parts.send(body)
        parts.settle()

    assert sorted(parts.receive("DeadLetters")) == sorted(bodies)


@pytest.mark.parametrize(
    "throttled",
    [
        first(1, "UpdateItem"),  # botocore tries again
        first(3, "UpdateItem", '"running"'),  # the queue delivers again
        first(3, "UpdateItem", '"succeeded"'),
    ],
    ids=["once", "at the start", "at the end"],
)
def test_a_throttled_table_loses_no_photo(
    parts: Parts, table: Table, throttled: Callable[[str, str], bool]
):
    table.throttles = throttled
    before = deliveries(parts)
    with parts.visibility(3):
        prediction_id = parts.post(PHOTO).json()["id"]
        wait_until(lambda: deliveries(parts) > before)
    state = parts.finished(prediction_id)

    assert state["status"] == "succeeded"
    assert parts.notifications(prediction_id) == 1


def test_a_request_that_a_throttled_table_refused_can_be_sent_again(parts: Parts, table: Table):
    table.throttles = first(3, "PutItem", '"queued"')

    refused, taken = (parts.post(PHOTO, **{"idempotency-key": "a key"}) for _ in range(2))

    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    assert taken.status_code == 202
    assert parts.finished(taken.json()["id"])["status"] == "succeeded"


def test_an_upload_that_never_comes_expires(parts: Parts):
    prediction_id, _ = parts.announce(len(PHOTO))
    assert parts.state(prediction_id)["status"] == "awaiting_upload"

    parts.client("dynamodb").update_item(
        TableName="PredictionsTable",
        Key={"id": {"S": prediction_id}},
        UpdateExpression="SET upload_until = :past",
        ExpressionAttributeValues={":past": {"S": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}},
    )

    assert parts.state(prediction_id)["status"] == "expired"
