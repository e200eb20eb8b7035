"""What a soak sends that needs no history: good and hostile requests, with the checks due."""

import io
from functools import cache, partial

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


@cache
def web_photo(data: bytes) -> bytes:
    """A photo at the size of a web picture, as JPEG."""
    return encode(_small(data), "JPEG")


@cache
def good_exchanges(data: bytes) -> tuple[Exchange, ...]:
    """What people send: a photo in every format and as a phone makes it, and the page's reads; what
    is sent more often is there more than once."""
    exif, jpeg = Image.Exif(), web_photo(data)
    exif[_EXIF_ORIENTATION] = _TURNED
    files = {name.lower(): encode(_small(data), name) for name in _FORMATS}
    files["phone"] = encode(_small(data).resize(_PHONE_PIXELS), "JPEG", exif=exif)
    photos = [check.predict(file, "image/jpeg", f"predict {name}") for name, file in files.items()]
    form = check.predict(_FORM_HEAD + jpeg + b"\r\n--x--\r\n", _FORM, "predict form")
    page = Exchange("page", "GET", "/", check.check_page)
    labels = Exchange("labels", "GET", "/v1/labels?q=cat&limit=5", check.check_labels)
    reads = (
        Exchange(name, "GET", f"/v1/{name}", check.check_status)
        for name in ("models", "health", "openapi.json")
    )
    json = check.predict_json(jpeg, name="predict json", top_k=3)
    return (*photos * 4, page, page, labels, labels, json, form, *reads)


@cache
def hostile_exchanges(data: bytes) -> tuple[Exchange, ...]:
    """What must be refused, each with its own code."""
    jpeg = web_photo(data)
    forged = check.json_body(prediction_id=_FORGED, correct=True)
    long = check.json_body(prediction_id="x" * 20_000, correct=True)
    photo, photos, answers = "image/jpeg", ("POST", "/v1/predict"), ("POST", "/v1/feedback")
    table = (
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
        ("bad top_k", ("POST", "/v1/predict?top_k=x"), 422, "invalid_parameter", photo, jpeg),
        ("forged receipt", answers, 403, "receipt_forged", JSON, forged),
        ("bad feedback", answers, 400, "invalid_json", JSON, b"["),
        ("long feedback", answers, 413, "body_too_large", JSON, long),
        ("feedback type", answers, 415, "unsupported_content_type", "text/plain", forged),
        ("wrong path", ("GET", "/v1/nothing"), 404, "not_found", "", None),
        ("no such page", ("GET", "/../etc/passwd"), 404, "route_not_found", "", None),
        ("wrong method", ("GET", "/v1/predict"), 405, "method_not_allowed", "", None),
    )
    return tuple(
        Exchange(name, *target, partial(check.check_problem, status=status, code=code), body, kind)
        for name, target, status, code, kind, body in table
    )


def _small(data: bytes) -> Image.Image:
    small = Image.open(io.BytesIO(data)).convert("RGB")
    small.thumbnail(_SMALL_PIXELS)
    return small
