"""GET /v1/feedback/summary, and the numbers in it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_dynamodb import DynamoDBClient
from starlette.testclient import TestClient

from feedback.dynamodb import DynamoStore
from feedback.memory import MemoryStore
from feedback.record import Judgement
from feedback.store import FeedbackStore
from feedback.summary import MAX_CONFUSIONS, Confusion, Count, summarize, wilson_interval
from tests.feedback.conftest import RETENTION, create_table, feedback

SUMMARY = "/v1/feedback/summary"
NONE = {"answers": 0, "correct": 0, "accuracy": None, "accuracy_95": None}
LONGEST = "black-and-tan coonhound, long enough for a second page, " * 20


# Newcombe (1998), *Two-sided confidence intervals for the single proportion*, table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_agrees_with_published_values(
    successes: int, trials: int, low: float, high: float
):
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share_and_mirrors(counts: tuple[int, int]):
    successes, trials = counts
    low, high = wilson_interval(successes, trials)
    mirrored = wilson_interval(trials - successes, trials)

    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_ranks_confusions_by_count_then_name():
    judgements = [
        *[Judgement(correct=False, predicted_label="b", true_label="c")] * 2,
        *[Judgement(correct=False, predicted_label="a", true_label="z")] * 2,
        *[Judgement(correct=False, predicted_label="q", true_label="r")] * 3,
        Judgement(correct=False, predicted_label="c", true_label="b"),
        *[Judgement(correct=False, predicted_label="x", true_label=None)] * 9,
        *[Judgement(correct=True, predicted_label="y", true_label="y")] * 9,
    ]

    summary = summarize(judgements)

    assert summary.total == Count(26, 9)
    assert summary.confusions == (
        Confusion("q", "r", 3),
        Confusion("a", "z", 2),
        Confusion("b", "c", 2),
        Confusion("c", "b", 1),
    )


def test_names_only_the_most_frequent_confusions():
    judgements = (
        Judgement(correct=False, predicted_label=f"{i:03}", true_label="t") for i in range(99)
    )

    assert len(summarize(judgements).confusions) == MAX_CONFUSIONS


def test_answers_counts_accuracy_and_interval(api: TestClient, memory: MemoryStore):
    for i in range(10):
        memory.put(feedback(f"right{i}", correct=True, true_label="tabby", sure=None))
    for i in range(5):
        memory.put(feedback(f"wrong{i}", sure=None))
    memory.put(feedback("other", model_version="another"))

    answer = api.get(SUMMARY, params={"model_version": "0123456789ab"})

    assert answer.status_code == 200
    body = answer.json()
    interval = body.pop("accuracy_95")
    assert (interval["low"], interval["high"]) == pytest.approx((0.4171, 0.8482), abs=5e-5)
    assert body == {
        "model_version": "0123456789ab",
        "answers": 15,
        "correct": 10,
        "wrong": 5,
        "accuracy": pytest.approx(2 / 3),
        "sure": NONE,
        "unsure": NONE,
        "confusions": [{"predicted": "tabby", "actual": "tiger cat", "count": 5}],
    }


def test_counts_sure_and_unsure_predictions_apart(api: TestClient, memory: MemoryStore):
    for i in range(29):
        memory.put(feedback(f"sure{i}", correct=i > 0, sure=True))
    for i in range(20):
        memory.put(feedback(f"unsure{i}", correct=False, sure=False))
    memory.put(feedback("of a model without a threshold", correct=True, sure=None))

    body = api.get(SUMMARY, params={"model_version": "0123456789ab"}).json()

    assert (body["answers"], body["correct"]) == (50, 29)
    assert body["sure"] == {
        "answers": 29,
        "correct": 28,
        "accuracy": pytest.approx(28 / 29),
        "accuracy_95": pytest.approx({"low": 1 - 0.1718, "high": 1 - 0.0061}, abs=5e-5),
    }
    assert (body["unsure"]["answers"], body["unsure"]["accuracy"]) == (20, 0)


def test_a_model_without_answers_has_no_accuracy(api: TestClient):
    body = api.get(SUMMARY, params={"model_version": "ffff"}).json()

    assert (body["answers"], body["accuracy"], body["accuracy_95"]) == (0, None, None)


@pytest.mark.parametrize("query", ["", "?model_version=", "?model_version=" + "x" * 65])
def test_refuses_a_bad_model_version(api: TestClient, query: str):
    answer = api.get(SUMMARY + query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_counts_the_answers_of_several_pages_from_the_index_alone(
    moto_client: DynamoDBClient, build_api: Callable[[FeedbackStore], TestClient]
):
    table = create_table(moto_client)
    truths = (None, "tiger cat", LONGEST, LONGEST, "crane (bird)")
    for batch in _in_pieces(range(1000), 25):
        puts = [{"PutRequest": {"Item": _counted(i, truths[i % 5])}} for i in batch]
        moto_client.batch_write_item(RequestItems={table: puts})
    operations: list[str] = []
    moto_client.meta.events.register(
        "before-call.dynamodb", lambda model, **_: operations.append(model.name)
    )
    api = build_api(DynamoStore(moto_client, table, RETENTION))

    body = api.get(SUMMARY, params={"model_version": "0123456789ab"}).json()

    assert (body["answers"], body["correct"]) == (1000, 400)
    assert [confusion["count"] for confusion in body["confusions"]] == [200, 200]
    assert set(operations) == {"Query"}
    assert len(operations) > 1


def _in_pieces(values: range, size: int) -> list[range]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def _counted(i: int, truth: str | None) -> dict:
    item = {
        "nonce": {"S": f"nonce{i:07}"},
        "model_version": {"S": "0123456789ab"},
        "predicted_label": {"S": LONGEST},
        "correct": {"BOOL": truth == LONGEST},
        "true_label": {"S": truth or ""},
    }
    return item if truth else {key: item[key] for key in item.keys() - {"true_label"}}
