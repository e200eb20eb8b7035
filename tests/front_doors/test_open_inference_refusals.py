"""What the Open Inference Protocol refuses, in its own form."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from front_doors.infer_request import HEADER_LENGTH
from tests.front_doors.calls import (
    MODEL,
    as_json,
    behind,
    elements,
    infer,
    pixels,
    send,
)
from tests.image_classifier.bombs import progressive_jpeg
from tests.image_classifier.images import encode


@pytest.mark.parametrize(
    "path", ["/v2/models/nobody", "/v2/models/nobody/ready", f"{MODEL}/versions/2", "/v2/nothing"]
)
def test_what_is_not_there_is_404(doors: TestClient, path: str):
    answer = doors.get(path)

    assert (answer.status_code, [*answer.json()]) == (404, ["error"])


def test_an_unknown_model_infers_nothing(doors: TestClient, photo: bytes):
    answer = doors.post("/v2/models/nobody/infer", json={"inputs": [as_json(photo)]})

    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no model 'nobody' here; there is colours."}


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        (as_json(), 400, "0 photos"),
        (as_json(*[b"x"] * 17), 400, "17 photos"),
        (as_json(b"x", datatype="INT64"), 422, "datatype"),
        (as_json(b"x", shape=[2]), 400, "1 elements"),
        (as_json(b"x", shape=[1, 1, 1]), 400, "shape [n]"),
        (as_json(b"x", shape=[-1]), 422, "shape"),
        (as_json(b"x", shape=[2**63]), 422, "shape"),
        (as_json(b"x", shape=[2**62, 2**62, 2**62]), 400, "elements"),
        (as_json(b"x", shape=[1.0]), 422, "shape"),
        (as_json(b"x", shape=[1] * 99), 422, "shape"),
        (as_json(b"x", data=["%%%"]), 400, "image[0]"),
        (as_json(b"x", data=[7]), 400, "not BYTES"),
        (as_json(b"x", data=None), 400, "either data or"),
        (as_json(b"x", name="input"), 400, "only image"),
        (as_json(b"x", parameters={"binary_data_size": -1}), 422, "binary_data_size"),
        (pixels(1, 0, 2, 3), 400, "photo 0"),
        (pixels(0, 2, 2, 3), 400, "0 photos"),
        (pixels(17, 1, 1, 3), 400, "17 photos"),
        (pixels(2, 2, 3), 400, "height"),
        (pixels(1, 2, 2, 4), 400, "photo 0"),
        (pixels(1, 1, 1, 3, value=256), 400, "0 to 255"),
        (pixels(1, 1, 1, 3, value=-1), 400, "0 to 255"),
        (pixels(1, 1, 1, 3, value=10**400), 400, "FP32"),
        (pixels(1, 1, 1, 3, value="7"), 400, "not FP32"),
        (pixels(1, 1, 1, 3, value=True), 400, "not FP32"),
        (pixels(1, 1, 1, 3, data=[[7, 7], 7]), 400, "unevenly"),
        (pixels(1, 1, 70_000, 3), 413, "photo 0"),
    ],
)
def test_a_bad_input_is_refused(doors: TestClient, source: dict[str, Any], status: int, words: str):
    answer = infer(doors, source)

    assert (answer.status_code, [*answer.json()]) == (status, ["error"])
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("bad", "status"),
    [(b"words", 415), (b"", 415), (progressive_jpeg(99), 422), (bytes(4_500_001), 413)],
)
def test_one_bad_photo_fails_the_request_with_its_index(
    doors: TestClient, photo: bytes, bad: bytes, status: int
):
    data = elements(photo, bad, photo)
    answer = send(doors, behind("BYTES", len(data), 3), data)

    assert answer.status_code == status
    assert answer.json()["error"].startswith("photo 1: ")


def test_photos_have_together_no_more_pixels_than_one_may_have(doors: TestClient):
    large = encode(Image.new("L", (6000, 6000)), "PNG")

    alone, both = infer(doors, as_json(large)), infer(doors, as_json(large, large))

    assert (alone.status_code, both.status_code) == (200, 413)
    assert both.json()["error"].startswith("photo 1: ")


@pytest.mark.parametrize(
    ("source", "data", "length", "words"),
    [
        (behind("BYTES", 9, 1), elements(b"photo"), "5", "not a JSON object"),
        (behind("BYTES", 9, 1), elements(b"photo"), "99999", "no length"),
        (behind("BYTES", 9, 1), elements(b"photo"), "9" * 5000, "no length"),
        (behind("BYTES", 9, 1), elements(b"photo"), "-1", "no length"),
        (behind("BYTES", 9, 1), elements(b"photo"), "ten", "no length"),
        (behind("BYTES", 10, 1), elements(b"photo"), "", "more than came"),
        (behind("BYTES", 8, 1), elements(b"photo"), "", "cut off"),
        (behind("BYTES", 2, 1), b"\0\0", "", "cut off"),
        (behind("BYTES", 9, 1), b"\xff\xff\xff\xffphoto", "", "cut off"),
        (behind("BYTES", 9, 1), elements(b"photo") + b"more", "", "4 bytes belong to no input"),
        (behind("BYTES", 9, 2), elements(b"photo"), "", "1 elements"),
        (behind("FP32", 3, 1, 1, 1, 3), b"abc", "", "no FP32"),
        (behind("FP32", 8, 1, 1, 1, 3), bytes(8), "", "2 elements"),
        (behind("FP32", 12, 1, 1, 1, 3), struct.pack("<f", np.nan) * 3, "", "0 to 255"),
    ],
)
def test_lengths_that_do_not_agree_are_refused(
    doors: TestClient, source: dict[str, Any], data: bytes, length: str, words: str
):
    answer = send(doors, source, data, length)

    assert (answer.status_code, [*answer.json()]) == (400, ["error"])
    assert words in answer.json()["error"]


def test_an_input_twice_and_an_unknown_output_are_refused(doors: TestClient, photo: bytes):
    twice = infer(doors, as_json(photo), as_json(photo))
    unknown = infer(doors, as_json(photo), outputs=[{"name": "logits"}])

    assert twice.json() == {"error": "input 'image' is there twice."}
    assert unknown.json() == {"error": "output 'logits': there are only probabilities, labels."}
    assert infer(doors).json() == {"error": "input 'image' is missing."}


@pytest.mark.parametrize(
    "rest",
    [{"outputs": [{"name": "labels"}] * 3}, {"outputs": [{"name": "x" * 101}]}, {"id": "x" * 1001}],
)
def test_an_answer_repeats_nothing_long_and_nothing_often(
    doors: TestClient, photo: bytes, rest: dict[str, Any]
):
    answer = infer(doors, as_json(photo), **rest)

    assert (answer.status_code, [*answer.json()]) == (422, ["error"])
    assert len(answer.content) < 200


@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"content": b""}, 400),
        ({"content": b"[" * 100_000}, 400),
        ({"content": b"{}"}, 400),
        ({"content": bytes(6_291_457)}, 413),
        ({"content": b"x", "headers": {"content-encoding": "gzip"}}, 415),
    ],
)
def test_a_body_that_is_no_request_is_refused(
    doors: TestClient, kwargs: dict[str, Any], status: int
):
    answer = doors.post(f"{MODEL}/infer", **kwargs)

    assert (answer.status_code, [*answer.json()]) == (status, ["error"])


def test_a_wrong_method_is_told_in_the_same_form(doors: TestClient):
    answer = doors.get(f"{MODEL}/infer")

    assert (answer.status_code, [*answer.json()]) == (405, ["error"])
    assert answer.headers["allow"] == "POST"


@given(st.binary(max_size=200), st.one_of(st.none(), st.integers(-1, 210).map(str)))
def test_any_bytes_get_an_error_in_this_form(doors: TestClient, body: bytes, length: str | None):
    headers = {} if length is None else {HEADER_LENGTH: length}
    answer = doors.post(f"{MODEL}/infer", content=body, headers=headers)

    assert answer.status_code in {400, 422}
    assert [*answer.json()] == ["error"]
