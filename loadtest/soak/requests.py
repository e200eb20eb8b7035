"""What a soak sends that needs no history: good and hostile requests, with the checks due."""

import base64
from collections.abc import Iterator
from functools import partial

from PIL import Image

from loadtest import check
from loadtest.check import JSON, Exchange
from loadtest.photos import encode, png_bomb

_SMALL_PIXELS, _PHONE_PIXELS = (640, 640), (4000, 3000)
_EXIF_ORIENTATION, _TURNED = 0x0112, 6
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_FORM = "multipart/form-data; boundary=x"
_FORM_HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
_FORGED = "eyJub25jZSI6IngifQ.aSAcGA.c29hay1zb2FrLXNvYWstc29haw"


def good_exchanges(jpeg: bytes, image: Image.Image) -> Iterator[Exchange]:
    """What people send: a photo in every format and as a phone makes it, and the page's reads."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = _TURNED
    files = {name.lower(): encode(small_photo(image), name) for name in _FORMATS}
    files["phone"] = encode(image.resize(_PHONE_PIXELS), "JPEG", exif=exif)
    for name, data in files.items():
        yield check.predict(data, "image/jpeg", f"predict {name}", weight=4)
    in_json = check.json_body(image=base64.b64encode(jpeg).decode())
    yield check.predict(in_json, JSON, "predict json", top_k=3)
    yield check.predict(_FORM_HEAD + jpeg + b"\r\n--x--\r\n", _FORM, "predict form")
    yield Exchange("page", "GET", "/", check.check_page, weight=2)
    yield Exchange("labels", "GET", "/v1/labels?q=cat&limit=5", check.check_labels, weight=2)
    for name in ("models", "health", "openapi.json"):
        yield Exchange(name, "GET", f"/v1/{name}", check.check_status)


def hostile_exchanges(jpeg: bytes) -> Iterator[Exchange]:
    """What must be refused, each with its own code."""
    forged = check.json_body(prediction_id=_FORGED, correct=True)
    long = check.json_body(prediction_id="x" * 20_000, correct=True)
    photo, photos, answers = "image/jpeg", "POST /v1/predict", "POST /v1/feedback"
    for name, target, status, code, content_type, body in (
        ("truncated", photos, 422, "image_damaged", photo, jpeg[: len(jpeg) // 2]),
        ("bomb", photos, 413, "too_many_pixels", photo, png_bomb()),
        ("not an image", photos, 415, "unsupported_image_format", photo, b"hello"),
        ("svg", photos, 415, "unsupported_image_format", "image/svg+xml", b"<svg/>"),
        ("wrong type", photos, 415, "unsupported_content_type", "text/plain", jpeg),
        ("no image", photos, 400, "empty_body", photo, b""),
        ("4.6 MB", photos, 413, "image_too_large", photo, bytes(4_600_000)),
        ("5 MB", photos, 413, "request_too_large", photo, bytes(5_000_000)),
        ("11 MB", photos, 413, "request_too_large", photo, bytes(11_000_000)),
        ("bad JSON", photos, 400, "invalid_json", JSON, b"{"),
        ("no field", photos, 400, "missing_field", JSON, b"{}"),
        ("bad base64", photos, 400, "invalid_base64", JSON, b'{"image": "***"}'),
        ("bad form", photos, 400, "invalid_form", _FORM, b"x"),
        ("bad top_k", f"{photos}?top_k=x", 422, "invalid_parameter", photo, jpeg),
        ("forged receipt", answers, 403, "receipt_forged", JSON, forged),
        ("bad feedback", answers, 400, "invalid_json", JSON, b"["),
        ("long feedback", answers, 413, "body_too_large", JSON, long),
        ("feedback type", answers, 415, "unsupported_content_type", "text/plain", forged),
        ("wrong path", "GET /v1/nothing", 404, "not_found", "", None),
        ("no such page", "GET /../etc/passwd", 404, "route_not_found", "", None),
        ("wrong method", "GET /v1/predict", 405, "method_not_allowed", "", None),
    ):
        method, path = target.split(" ")
        due = partial(check.check_problem, status=status, code=code)
        yield Exchange(name, method, path, due, body, content_type)


def small_photo(image: Image.Image) -> Image.Image:
    """It, at the size of a web picture."""
    small = image.copy()
    small.thumbnail(_SMALL_PIXELS)
    return small
