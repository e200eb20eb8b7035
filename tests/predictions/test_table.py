"""The table's moves: each is made once, whatever comes twice or out of order."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from botocore.stub import Stubber

from prediction_store.dynamodb import PredictionTable
from prediction_store.record import Claim, Outcome, Status, StoredPrediction
from serving.aws import StoreUnavailable
from tests.prediction_fakes import (
    NOON,
    RETENTION,
    TABLE,
    Account,
    an_id,
    clients,
    queued,
)

ANSWERED = Outcome(Status.SUCCEEDED, answer='{"score": 0.1}')
REFUSED = Outcome(Status.FAILED, problem='{"code": "image_damaged"}')
CLAIM = Claim("key", "ab" * 32, None, an_id())
A_DAY_LATER = NOON + timedelta(days=1)


@pytest.fixture
def table(account: Account) -> PredictionTable:
    return account.table


@pytest.mark.parametrize(
    "prediction",
    [
        queued(),
        queued(status=Status.AWAITING_UPLOAD, top_k=3, upload_until=NOON + timedelta(minutes=10)),
    ],
)
def test_gives_back_exactly_what_was_stored(table: PredictionTable, prediction: StoredPrediction):
    assert table.create(prediction) == prediction
    assert table.get(prediction.id, NOON) == prediction


def test_knows_nothing_of_another_id(table: PredictionTable):
    assert table.get(an_id(), NOON) is None
    assert table.start(an_id()) is None
    assert not table.finish(an_id(), ANSWERED, NOON)
    assert table.get(an_id(), NOON) is None


def test_what_was_stored_first_stands(table: PredictionTable):
    table.create(queued(top_k=1))

    assert table.create(queued(top_k=2)) == queued(top_k=1)


def test_a_prediction_is_gone_after_its_retention(table: PredictionTable, account: Account):
    table.create(queued())

    ttl = account.dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert account.items()[0][ttl["AttributeName"]] == {
        "N": str(int((NOON + RETENTION).timestamp()))
    }
    assert table.get(an_id(), NOON + RETENTION) is None
    later = queued(created_at=NOON + RETENTION)
    assert table.create(later) == later  # DynamoDB had not deleted the earlier one


def test_the_first_end_stands(table: PredictionTable):
    table.create(queued())
    table.start(an_id())

    assert table.finish(an_id(), ANSWERED, NOON)
    assert not table.finish(an_id(), REFUSED, A_DAY_LATER)
    ended = {"status": Status.SUCCEEDED, "finished_at": NOON, "answer": ANSWERED.answer}
    expected = queued(attempts=1, **ended)
    assert table.start(an_id()) == table.get(an_id(), NOON) == expected


def test_what_runs_may_be_started_again_and_is_counted_until_it_is_released(table: PredictionTable):
    table.create(queued())

    for attempts in (1, 2):
        assert table.start(an_id()) == queued(status=Status.RUNNING, attempts=attempts)
    for _ in range(2):
        table.release(an_id())
    assert table.get(an_id(), NOON) == queued()
    table.release(an_id(2))
    assert table.get(an_id(2), NOON) is None


def test_only_what_nobody_began_is_withdrawn(table: PredictionTable):
    for number in (1, 2):
        table.create(queued(id=an_id(number)))
    table.start(an_id(2))

    for number in (1, 2):
        table.withdraw(an_id(number))

    assert table.get(an_id(1), NOON) is None
    assert table.get(an_id(2), NOON) is not None


def test_a_key_stands_for_what_it_was_first_sent_with(table: PredictionTable, account: Account):
    other = Claim("key", "cd" * 32, 5, an_id(2))

    assert table.claim(CLAIM, NOON) == CLAIM
    assert table.claim(other, NOON) == CLAIM
    assert table.claim(other, NOON + RETENTION) == other
    assert table.claim(CLAIM, NOON + RETENTION) == other
    assert "key" not in account.items()[0]


def test_an_end_whose_answer_was_lost_on_the_way_is_stored(table: PredictionTable):
    table.create(queued())

    for _ in range(2):
        assert table.finish(an_id(), ANSWERED, NOON)


@pytest.mark.parametrize(
    ("operation", "use"),
    [
        ("put_item", lambda table: table.create(queued())),
        ("put_item", lambda table: table.claim(CLAIM, NOON)),
        ("get_item", lambda table: table.get(an_id(), NOON)),
        ("update_item", lambda table: table.start(an_id())),
        ("update_item", lambda table: table.finish(an_id(), ANSWERED, NOON)),
        ("delete_item", lambda table: table.withdraw(an_id())),
    ],
)
def test_a_throttled_table_is_unavailable(operation: str, use: Callable[[PredictionTable], object]):
    client = clients().dynamodb
    with Stubber(client) as stub:
        stub.add_client_error(operation, "ThrottlingException", http_status_code=400)
        with pytest.raises(StoreUnavailable):
            use(PredictionTable(client, TABLE, RETENTION))
