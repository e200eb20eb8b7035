"""The contract of POST /v1/feedback, in-process."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from feedback.memory import MemoryStore
from feedback.record import Feedback
from feedback.routes import MAX_BODY_BYTES
from feedback.store import FeedbackStore
from serving.aws import StoreUnavailable
from serving.receipts import MAX_AGE_S, ReceiptBook
from tests.feedback.conftest import CRANE, NOON, RECEIPT_KEY, TIGER, a_receipt

JSON = {"content-type": "application/json"}


def only_answer(memory: MemoryStore) -> Feedback:
    (answer,) = memory.answers()
    return answer


def test_stores_a_right_prediction_with_its_own_label(
    api: TestClient, memory: MemoryStore, receipt: str
):
    answer = api.post("/v1/feedback", json={"prediction_id": receipt, "correct": True})

    assert answer.status_code == 201
    assert answer.json() == {
        "prediction_id": receipt,
        "correct": True,
        "label": "tabby",
        "wnid": "n02123045",
    }
    assert only_answer(memory) == Feedback(
        nonce="nonce",
        answered_at=NOON,
        model_name="resnet50",
        model_version="0123456789ab",
        image_sha256="ab" * 32,
        predicted_label="tabby",
        predicted_wnid="n02123045",
        score=0.912345,
        correct=True,
        true_label="tabby",
        true_wnid="n02123045",
        comment=None,
        sure=True,
    )


@pytest.mark.parametrize("named", ["tiger cat", "n02123159", "  tiger cat\n"])
def test_stores_name_and_wnid_whichever_is_sent(
    api: TestClient, memory: MemoryStore, receipt: str, named: str
):
    body = {"prediction_id": receipt, "correct": False, "label": named}

    assert api.post("/v1/feedback", json=body).status_code == 201
    stored = only_answer(memory)
    assert (stored.true_label, stored.true_wnid) == (TIGER.label, TIGER.wnid)


def test_a_wrong_prediction_needs_no_label(api: TestClient, memory: MemoryStore, receipt: str):
    answer = api.post("/v1/feedback", json={"prediction_id": receipt, "correct": False})

    assert (answer.status_code, answer.json()["label"]) == (201, None)
    assert only_answer(memory).true_label is None


def test_answering_again_replaces_the_answer(api: TestClient, memory: MemoryStore, receipt: str):
    bodies = [
        {"prediction_id": receipt, "correct": False, "label": "tiger cat", "comment": "no"},
        {"prediction_id": receipt, "correct": True},
    ]

    assert [api.post("/v1/feedback", json=body).status_code for body in bodies] == [201, 200]
    stored = only_answer(memory)
    assert (stored.correct, stored.true_label, stored.comment) == (True, "tabby", None)


def test_two_receipts_of_one_prediction_are_one_prediction(
    api: TestClient, memory: MemoryStore, receipts: ReceiptBook
):
    later = receipts.issue(a_receipt("other"))
    for token in (receipts.issue(a_receipt()), later):
        api.post("/v1/feedback", json={"prediction_id": token, "correct": True})

    assert {answer.nonce for answer in memory.answers()} == {"nonce", "other"}


def test_the_predicted_label_may_be_confirmed(api: TestClient, receipt: str):
    body = {"prediction_id": receipt, "correct": True, "label": "n02123045"}

    assert api.post("/v1/feedback", json=body).status_code == 201


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"correct": False, "label": "unicorn"}, 422, "unknown_label"),
        ({"correct": False, "label": "Tabby"}, 422, "unknown_label"),
        ({"correct": False, "label": ""}, 422, "unknown_label"),
        ({"correct": False, "label": "n99999999"}, 422, "unknown_label"),
        ({"correct": True, "label": "tiger cat"}, 422, "contradictory_label"),
        ({"correct": False, "label": "tabby"}, 422, "contradictory_label"),
        ({"correct": False, "comment": "x" * 501}, 422, "comment_too_long"),
        ({}, 400, "missing_field"),
        ({"correct": None}, 422, "invalid_parameter"),
        ({"correct": "true"}, 422, "invalid_parameter"),
        ({"correct": 1}, 422, "invalid_parameter"),
        ({"correct": False, "label": 3}, 422, "invalid_parameter"),
        ({"correct": False, "comment": ["x"]}, 422, "invalid_parameter"),
        ({"correct": True, "prediction_id": "x.y.z"}, 403, "receipt_forged"),
        ({"correct": True, "prediction_id": ""}, 403, "receipt_forged"),
        ({"correct": True, "prediction_id": None}, 422, "invalid_parameter"),
        ({"correct": True, "comment": "x" * 1_000_000}, 413, "body_too_large"),
    ],
)
def test_refuses_a_bad_answer_with_its_code_and_stores_nothing(
    api: TestClient, memory: MemoryStore, receipt: str, fields: dict, status: int, code: str
):
    answer = api.post("/v1/feedback", json={"prediction_id": receipt} | fields)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not list(memory.answers())


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", JSON, 400, "empty_body"),
        (b"{", JSON, 400, "invalid_json"),
        (b"\xff\xfe", JSON, 400, "invalid_json"),
        (b"[]", JSON, 400, "invalid_json"),
        (b"null", JSON, 400, "invalid_json"),
        (b"[" * 10_000, JSON, 400, "invalid_json"),
        (b'{"prediction_id": "\\ud800", "correct": true}', JSON, 400, "invalid_json"),
        (b"{}", {}, 415, "unsupported_content_type"),
        (b"{}", {"content-type": "text/plain"}, 415, "unsupported_content_type"),
        (
            b"correct=true",
            {"content-type": "application/x-www-form-urlencoded"},
            415,
            "unsupported_content_type",
        ),
        (b" " * (MAX_BODY_BYTES + 1), JSON, 413, "body_too_large"),
    ],
)
def test_refuses_a_bad_body_with_its_code(
    api: TestClient, memory: MemoryStore, content: bytes, headers: dict, status: int, code: str
):
    answer = api.post("/v1/feedback", content=content, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not list(memory.answers())


@pytest.mark.parametrize("fields", [{"correct": False, "label": "x" * 5000}, {"correct": "<b>"}])
def test_says_what_is_wrong_without_repeating_it(api: TestClient, receipt: str, fields: dict):
    answer = api.post("/v1/feedback", json={"prediction_id": receipt} | fields)

    assert "xxx" not in answer.text
    assert "<b>" not in answer.text


def test_a_receipt_of_another_key_is_forged(api: TestClient, memory: MemoryStore):
    forged = ReceiptBook("another key of thirty-two characters").issue(a_receipt())
    answer = api.post("/v1/feedback", json={"prediction_id": forged, "correct": True})

    assert (answer.status_code, answer.json()["code"]) == (403, "receipt_forged")
    assert not list(memory.answers())


@pytest.mark.parametrize(("age_s", "status"), [(MAX_AGE_S - 60, 201), (MAX_AGE_S + 1, 403)])
def test_a_receipt_lasts_seven_days(
    api: TestClient,
    receipts: ReceiptBook,
    monkeypatch: pytest.MonkeyPatch,
    age_s: int,
    status: int,
):
    issued_s = time.time()
    with monkeypatch.context() as clock:
        clock.setattr("itsdangerous.timed.time.time", lambda: issued_s - age_s)
        old = receipts.issue(a_receipt())
    answer = api.post("/v1/feedback", json={"prediction_id": old, "correct": True})

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "receipt_expired"


def test_a_receipt_of_an_earlier_model_is_taken(
    api: TestClient, memory: MemoryStore, receipts: ReceiptBook
):
    earlier = replace(a_receipt(), model_version="ffff", label="dodo", label_id=None)
    body = {"prediction_id": receipts.issue(earlier), "correct": True}

    assert api.post("/v1/feedback", json=body).status_code == 201
    assert only_answer(memory).true_label == "dodo"


@pytest.mark.parametrize(
    ("comment", "stored"),
    [
        ("<script>alert(1)</script> & \"'", "<script>alert(1)</script> & \"'"),
        ("=1+1", "=1+1"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("bell\x07 nul\x00 esc\x1b[31m del\x7f c1\x9b", "bell nul esc[31m del c1"),
        ("👩‍🔬 ñ 漢字 \u202e", "👩‍🔬 ñ 漢字 \u202e"),
        ("  padded \n", "padded"),
        ("\x00\x01 \n", None),
        ("", None),
        ("é" * 500, "é" * 500),
        ("😀" * 500, "😀" * 500),
    ],
)
def test_keeps_a_comment_as_plain_text(
    api: TestClient, memory: MemoryStore, receipt: str, comment: str, stored: str | None
):
    body = {"prediction_id": receipt, "correct": True, "comment": comment}

    assert api.post("/v1/feedback", json=body).status_code == 201
    assert only_answer(memory).comment == stored


def test_the_longest_answer_that_can_be_meant_fits(api: TestClient, receipts: ReceiptBook):
    token = receipts.issue(replace(a_receipt(), label="x" * 200))
    body = {"prediction_id": token, "correct": False, "label": CRANE.label, "comment": "😀" * 500}

    assert api.post("/v1/feedback", content=json.dumps(body), headers=JSON).status_code == 201


def test_an_unavailable_store_is_told_with_when_to_try_again(
    build_api: Callable[[FeedbackStore], TestClient], receipt: str
):
    class ThrottledStore(MemoryStore):
        def put(self, _feedback: Feedback) -> bool:
            raise StoreUnavailable("The feedback store cannot answer now.", retry_after_s=2)

    body = {"prediction_id": receipt, "correct": True}
    answer = build_api(ThrottledStore()).post("/v1/feedback", json=body)

    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"] == "2"


@given(
    st.one_of(
        st.binary(max_size=200),
        st.fixed_dictionaries(
            {"prediction_id": st.just("RECEIPT") | st.text()},
            optional={
                "correct": st.booleans() | st.none() | st.integers(),
                "label": st.text() | st.none() | st.sampled_from(["tabby", "n02123159"]),
                "comment": st.text(max_size=600) | st.none(),
            },
        ).map(json.dumps),
    )
)
def test_any_body_is_stored_or_refused_with_a_code(
    api: TestClient, memory: MemoryStore, body: bytes | str
):
    token = ReceiptBook(RECEIPT_KEY).issue(a_receipt())
    text = body.replace('"RECEIPT"', json.dumps(token)) if isinstance(body, str) else body
    answer = api.post("/v1/feedback", content=text, headers=JSON)

    if answer.status_code in {200, 201}:
        assert len(list(memory.answers())) == 1
    else:
        assert answer.status_code in {400, 403, 413, 422}
        assert answer.json()["code"]
