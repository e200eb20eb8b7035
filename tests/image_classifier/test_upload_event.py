"""Which photos a message tells of, and which messages are refused."""

import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_classifier.upload_event import ForeignMessage, uploaded_ids
from prediction_store.record import ID
from tests.image_classifier.messages import s3_event
from tests.prediction_fakes import BUCKET, an_id

KEY = f"uploads/{an_id()}"


def test_names_every_photo_of_a_message():
    body = s3_event(KEY, quote_plus(f"uploads/{an_id(2)}"), name="ObjectCreated:Put")

    assert uploaded_ids(body, BUCKET) == [an_id(1), an_id(2)]


def test_s3s_test_event_tells_of_no_photo():
    body = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}

    assert uploaded_ids(json.dumps(body), BUCKET) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"Records": []}',
        '{"Records": [{}]}',
        '{"Event": "s3:Other"}',
        "\ud800",
        s3_event(KEY, bucket="another"),
        s3_event(KEY, name="ObjectRemoved:Delete"),
        s3_event(KEY, "another"),
        *map(
            s3_event,
            [
                an_id(),
                f"uploads/{an_id()}/",
                f"uploads/{an_id()}%0A",
                f"uploads/uploads/{an_id()}",
                f"uploads/{'A' * 32}",
                "uploads/%D9%A1" + an_id()[1:],  # a digit, but an Arabic one
                "uploads/idempotency%23" + "ab" * 32,
                "uploads/a+b%2Bc.jpg",
                "uploads/%FF%00",
                "uploads/../secrets",
                "",
            ],
        ),
    ],
)
def test_refuses_what_is_not_ours(body: str):
    with pytest.raises(ForeignMessage):
        uploaded_ids(body, BUCKET)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(KEY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "Event", "s3", "eventName", "bucket", "object", "key", "name"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(
    st.text()
    | st.binary().map(lambda data: data.decode("latin-1"))
    | VALUES.map(json.dumps)
    | st.text().map(s3_event)
    | st.text(max_size=40).map(lambda text: s3_event(f"uploads/{text}"))
)
def test_any_message_names_only_ids_or_is_refused(body: str):
    try:
        ids = uploaded_ids(body, BUCKET)
    except ForeignMessage:
        return
    assert all(ID.fullmatch(each) for each in ids)
