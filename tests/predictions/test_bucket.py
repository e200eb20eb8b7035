"""The bucket's adapter: what a presigned form allows, and what is read of a photo."""

import base64
import json

import pytest
from botocore.stub import Stubber

from prediction_store import s3
from prediction_store.record import UPLOAD_LIFETIME
from serving.aws import StoreUnavailable
from serving.image_body import ImageTooLarge
from tests.prediction_fakes import BUCKET, Account, an_id, clients


def test_a_form_takes_one_key_one_type_and_one_size():
    form = clients().photos.presign(an_id(), "image/tiff", 12345, UPLOAD_LIFETIME)

    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert form.url == f"https://{BUCKET}.s3.eu-central-1.amazonaws.com/"
    assert form.fields["key"] == f"uploads/{an_id()}"
    assert form.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert ["content-length-range", 12345, 12345] in policy["conditions"]
    assert {"Content-Type": "image/tiff"} in policy["conditions"]
    assert {"key": f"uploads/{an_id()}"} in policy["conditions"]


def test_gives_back_the_photo_until_it_is_deleted(account: Account):
    account.photos.put(an_id(), b"photo")

    assert account.photos.get(an_id(), 5) == b"photo"
    for _ in range(2):
        account.photos.delete([an_id(), an_id(2)])
    assert account.photos.get(an_id(), 5) is None


def test_a_photo_that_could_not_be_deleted_is_unavailable():
    client = clients().s3
    errors = [{"Key": an_id(), "Code": "InternalError", "Message": "We encountered an error."}]
    with Stubber(client) as stub:
        stub.add_response("delete_objects", {"Errors": errors})
        with pytest.raises(StoreUnavailable, match="We encountered"):
            s3.PhotoBucket(client, BUCKET).delete([an_id()])


def test_a_photo_above_the_limit_is_refused(account: Account):
    account.photos.put(an_id(), b"photo")

    with pytest.raises(ImageTooLarge, match="5 bytes; at most 4"):
        account.photos.get(an_id(), 4)


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError")])
def test_what_may_pass_is_unavailable(status: int, code: str):
    client = clients().s3
    with Stubber(client) as stub:
        stub.add_client_error("put_object", code, http_status_code=status)
        with pytest.raises(StoreUnavailable):
            s3.PhotoBucket(client, BUCKET).put(an_id(), b"photo")
