"""Request → the image's bytes, whichever of the three ways it was sent."""

import binascii

import pybase64
from fastapi import Request
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from serving.body import EmptyBody, MissingField, UnsupportedContentType, read_json
from serving.errors import InvalidRequest, PayloadTooLarge

# Lambda takes 6 MiB of event, in which a body is base64: 4.5 MiB less room for headers.
MAX_IMAGE_BYTES = 4_500_000
MAX_JSON_BYTES = 6_291_456  # all that Lambda takes; the image in it has its own limit


class ImageJson(BaseModel):
    """JSON form of a request with an image."""

    image: str = Field(description="The image file in base64; a data: URL is taken too.")


# FastAPI cannot derive this one: a route reads the body itself, in one of three forms.
IMAGE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {"schema": ImageJson.model_json_schema()},
        },
    }
}


class InvalidForm(InvalidRequest):
    """The body is no valid multipart form, though its content type names one."""

    code = "invalid_form"


class InvalidBase64(InvalidRequest):
    """The image field is not base64."""

    code = "invalid_base64"


class ImageTooLarge(PayloadTooLarge):
    """The image file has more bytes than this way of sending it takes."""

    code = "image_too_large"


async def read_image(request: Request) -> bytes:
    """The image file in ``request``: a raw body, the form field ``file``, or base64 in JSON.

    Raises:
        EmptyBody, MissingField, InvalidForm, InvalidBase64, ImageTooLarge, UnsupportedContentType:
            and what ``read_json`` raises.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type.startswith("image/") or content_type == "application/octet-stream":
        data = await request.body()
    elif content_type == "multipart/form-data":
        data = await _from_form(request)
    elif content_type == "application/json":
        data = from_base64((await read_json(request, ImageJson, MAX_JSON_BYTES)).image)
    else:
        raise UnsupportedContentType(
            "Send the image with Content-Type image/jpeg (or another image type), as the field "
            f"'file' of a multipart form, or as base64 in JSON; not as {content_type or 'nothing'}."
        )
    if not data:
        raise EmptyBody("There is no image in the request: it has no bytes.")
    check_size(len(data), MAX_IMAGE_BYTES)
    return data


def check_size(image_bytes: int, max_bytes: int) -> None:
    """Refuse an image that has more than ``max_bytes``.

    Raises:
        ImageTooLarge
    """
    if image_bytes > max_bytes:
        raise ImageTooLarge(
            f"The image has {image_bytes:,} bytes; at most {max_bytes:,} are taken."
        )


async def _from_form(request: Request) -> bytes:
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if isinstance(file, UploadFile):
                return await file.read()
    except HTTPException as exc:
        raise InvalidForm("The body is not a valid multipart form with one file.") from exc
    raise MissingField("The form has no file in its field 'file'.")


def from_base64(text: str, field: str = "image") -> bytes:
    """The file that ``text`` of ``field`` holds; a data: URL is taken too.

    Raises:
        InvalidBase64
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        # base64 tools break lines, which is harmless; anything else outside the alphabet is not.
        return pybase64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidBase64(f"The field '{field}' is not base64.") from exc
