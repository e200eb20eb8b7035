"""What a soak sends that needs no history: good and hostile requests, with the checks due."""

import io
from functools import cache, partial

from PIL import Image

from loadtest import check
from loadtest.check import JSON, Exchange
from loadtest.photos import encode

_SMALL_PIXELS, _PHONE_PIXELS, _LARGE_PIXELS = (640, 640), (4000, 3000), (1600, 1200)
_EXIF_ORIENTATION, _TURNED = 0x0112, 6
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
FORM = "multipart/form-data; boundary=x"
_FORM_PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
_LATE = ("truncated", "bomb", "not an image", "svg")
_RECEIPTS = (b"eyJub25jZSI6IngifQ.aSAcGA.c29hay1zb2FrLXNvYWstc29haw", b"x" * 20_000)


@cache
def good_exchanges(data: bytes) -> tuple[Exchange, ...]:
    """What people send: a photo in every format and as a phone makes it, and the page's reads; what
    is sent more often is there more than once."""
    exif, small = Image.Exif(), web_photo(data)
    exif[_EXIF_ORIENTATION] = _TURNED
    files = {name.lower(): encode(small, name) for name in _FORMATS}
    files["phone"] = encode(small.resize(_PHONE_PIXELS), "JPEG", exif=exif)
    photos = [check.predict(file, f"predict {name}") for name, file in files.items()]
    form = check.predict(encode_form(files["jpeg"]), "predict form", FORM)
    page = check.get("/", check.check_page, "page")
    labels = check.get("/v1/labels?q=cat&limit=5", check.check_labels, "labels")
    names = ("models", "health", "openapi.json")
    reads = (check.get(f"/v1/{name}", check.check_status, name) for name in names)
    json = check.predict_json(files["jpeg"], "predict json")
    due = partial(check.check_prediction, top_k=3)
    three = json._replace(target="/v1/predict?top_k=3", check=due)
    return (*photos * 4, page, page, labels, labels, three, form, *reads)


@cache
def hostile_exchanges(data: bytes) -> tuple[Exchange, ...]:
    """What must be refused, each with its own code."""
    jpeg, dot = encode(web_photo(data), "JPEG"), encode(Image.new("1", (1, 1)), "GIF")
    bomb = dot[:6] + b"\xff" * 4 + dot[10:]  # 65,535 pixels a side, it says
    forged, long = (b'{"prediction_id": "%s", "correct": true}' % text for text in _RECEIPTS)
    photo, photos, answers = "image/jpeg", ("POST", "/v1/predict"), ("POST", "/v1/feedback")
    table = (
        ("truncated", photos, 422, "image_damaged", photo, jpeg[: len(jpeg) // 2]),
        ("bomb", photos, 413, "too_many_pixels", photo, bomb),
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
        ("bad form", photos, 400, "invalid_form", FORM, b"x"),
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


@cache
def late_photos(data: bytes) -> tuple[tuple[Exchange, bytes], ...]:
    """Photos that can wait, good ones and what decoding refuses, as they are sent to /v1/predict;
    and a BMP beside its PNG where it has to be uploaded (5.8 MB)."""
    exchanges = {*good_exchanges(data), *hostile_exchanges(data)}
    photos = [each for each in exchanges if each.name.startswith("predict") or each.name in _LATE]
    large = web_photo(data).resize(_LARGE_PIXELS, Image.Resampling.NEAREST)
    png = check.predict(encode(large, "PNG"), "predict large")
    return *((photo, b"") for photo in photos), *((png, encode(large, "BMP")),) * 4


def encode_form(file: bytes, **fields: str) -> bytes:
    """The body of a ``FORM``, the file last."""
    parts = [_FORM_PART % (name.encode(), b"", text.encode()) for name, text in fields.items()]
    return b"".join((*parts, _FORM_PART % (b"file", b'; filename="a"', file), b"--x--\r\n"))


def web_photo(data: bytes) -> Image.Image:
    """A photo at the size of a web picture."""
    small = Image.open(io.BytesIO(data)).convert("RGB")
    small.thumbnail(_SMALL_PIXELS)
    return small
