"""What a soak sends that needs no history: good and hostile requests, with the answer due."""

import base64
import io
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from PIL import Image
from yarl import URL

_DEFAULT_TOP_K = 5
_SIDE_PIXELS = 640
_PHONE_PIXELS = (4000, 3000)
_EXIF_ORIENTATION = 0x0112
_TURNED = 6
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_PREDICT, _FEEDBACK = "POST /v1/predict", "POST /v1/feedback"
_JSON = "application/json"
_FORGED = "eyJub25jZSI6IngifQ.aSAcGA.c29hay1zb2FrLXNvYWstc29haw"


@dataclass(frozen=True)
class Exchange:
    """One request and the answer it is ``due``: a status, and a problem's code or nothing.

    ``weight`` is how often it is sent, relative to the others.
    """

    kind: str
    method: str
    path: str
    due: tuple[int, str]
    body: bytes | None = None
    content_type: str = ""
    weight: int = 1
    hostile: bool = False

    @property
    def predictions(self) -> int:
        """How many classes a prediction has to have: as asked, else the API's default."""
        return int(URL(self.path).query.get("top_k", _DEFAULT_TOP_K))


def good_exchanges(photo: Path) -> Iterator[Exchange]:
    """What people send: a photo in every format and as a phone makes it, and the page's reads."""
    image = Image.open(photo).convert("RGB")
    for name, data in encoded_photos(image).items():
        yield _good(f"predict {name}", _PREDICT, data, "image/jpeg", weight=4)
    jpeg = _encode(_small(image), "JPEG")
    in_json = json.dumps({"image": base64.b64encode(jpeg).decode()}).encode()
    yield _good("predict json", f"{_PREDICT}?top_k=3", in_json, _JSON)
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%b\r\n--x--\r\n'
    )
    yield _good("predict form", _PREDICT, form % jpeg, "multipart/form-data; boundary=x")
    yield _good("page", "GET /", weight=2)
    yield _good("labels", "GET /v1/labels?q=cat&limit=5", weight=2)
    yield _good("models", "GET /v1/models")
    yield _good("health", "GET /v1/health")
    yield _good("openapi", "GET /v1/openapi.json")


def hostile_exchanges(photo: Path) -> Iterator[Exchange]:
    """What must be refused, each with its own code."""
    jpeg = _encode(_small(Image.open(photo).convert("RGB")), "JPEG")
    forged = json.dumps({"prediction_id": _FORGED, "correct": True}).encode()
    long = json.dumps({"prediction_id": "x" * 20_000, "correct": True}).encode()
    form = "multipart/form-data; boundary=y"
    yield _bad("truncated", _PREDICT, (422, "image_damaged"), jpeg[: len(jpeg) // 2])
    yield _bad("bomb", _PREDICT, (413, "too_many_pixels"), png_bomb())
    yield _bad("not an image", _PREDICT, (415, "unsupported_image_format"), b"hello")
    yield _bad("svg", _PREDICT, (415, "unsupported_image_format"), b"<svg/>", "image/svg+xml")
    yield _bad("wrong type", _PREDICT, (415, "unsupported_content_type"), jpeg, "text/plain")
    yield _bad("no image", _PREDICT, (400, "empty_body"), b"")
    yield _bad("4.6 MB", _PREDICT, (413, "image_too_large"), bytes(4_600_000))
    yield _bad("5 MB", _PREDICT, (413, "request_too_large"), bytes(5_000_000))
    yield _bad("11 MB", _PREDICT, (413, "request_too_large"), bytes(11_000_000))
    yield _bad("bad JSON", _PREDICT, (400, "invalid_json"), b"{", _JSON)
    yield _bad("no field", _PREDICT, (400, "missing_field"), b"{}", _JSON)
    yield _bad("bad base64", _PREDICT, (400, "invalid_base64"), b'{"image": "***"}', _JSON)
    yield _bad("bad form", _PREDICT, (400, "invalid_form"), b"x", form)
    yield _bad("bad top_k", f"{_PREDICT}?top_k=x", (422, "invalid_parameter"), jpeg)
    yield _bad("forged receipt", _FEEDBACK, (403, "receipt_forged"), forged, _JSON)
    yield _bad("bad feedback", _FEEDBACK, (400, "invalid_json"), b"[", _JSON)
    yield _bad("long feedback", _FEEDBACK, (413, "body_too_large"), long, _JSON)
    yield _bad("feedback type", _FEEDBACK, (415, "unsupported_content_type"), forged, "text/plain")
    yield _bad("wrong path", "GET /v1/nothing", (404, "not_found"))
    yield _bad("no such page", "GET /../etc/passwd", (404, "route_not_found"))
    yield _bad("wrong method", "GET /v1/predict", (405, "method_not_allowed"))


def encoded_photos(image: Image.Image) -> dict[str, bytes]:
    """A photo as files by name: small in every format, and turned and large as from a phone."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = _TURNED
    phone = _encode(image.resize(_PHONE_PIXELS), "JPEG", exif=exif)
    small = _small(image)
    return {name.lower(): _encode(small, name) for name in _FORMATS} | {"phone": phone}


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few kilobytes that says it has ``width`` by ``height`` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _good(
    kind: str, target: str, body: bytes | None = None, content_type: str = "", weight: int = 1
) -> Exchange:
    method, path = target.split(" ")
    due = (int(HTTPStatus.OK), "")
    return Exchange(kind, method, path, due, body, content_type, weight)


def _bad(
    kind: str,
    target: str,
    due: tuple[int, str],
    body: bytes | None = None,
    content_type: str = "image/jpeg",
) -> Exchange:
    method, path = target.split(" ")
    return Exchange(kind, method, path, due, body, content_type, hostile=True)


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((_SIDE_PIXELS, _SIDE_PIXELS))
    return small


def _encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
