"""Request → the image's bytes, whichever of the three ways it was sent."""

import base64
import binascii

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from image_classifier.schemas import PredictJson
from serving.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

# Lambda takes 6 MiB of event, in which a body is base64: 4.5 MiB less room for headers.
MAX_IMAGE_BYTES = 4_500_000


class EmptyBody(InvalidRequest):
    """There is no image in the request."""

    code = "empty_body"


class MissingField(InvalidRequest):
    """The form or the JSON object lacks the field that holds the image."""

    code = "missing_field"


class InvalidForm(InvalidRequest):
    """The body is not the multipart form it says it is."""

    code = "invalid_form"


class InvalidJson(InvalidRequest):
    """The body is not a JSON object."""

    code = "invalid_json"


class InvalidBase64(InvalidRequest):
    """The image field is not base64."""

    code = "invalid_base64"


class ImageTooLarge(PayloadTooLarge):
    """The image file has more than ``MAX_IMAGE_BYTES``."""

    code = "image_too_large"


class UnsupportedContentType(UnsupportedMediaType):
    """The Content-Type is none of the three that are read."""

    code = "unsupported_content_type"


async def read_image(request: Request) -> bytes:
    """The image file in ``request``: a raw body, the form field ``file``, or base64 in JSON.

    Raises:
        EmptyBody, MissingField, InvalidForm, InvalidJson, InvalidBase64, ImageTooLarge,
        UnsupportedContentType
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type.startswith("image/") or content_type == "application/octet-stream":
        data = await request.body()
    elif content_type == "multipart/form-data":
        data = await _from_form(request)
    elif content_type == "application/json":
        data = _from_json(await request.body())
    else:
        raise UnsupportedContentType(
            "Send the image with Content-Type image/jpeg (or another image type), as the field "
            f"'file' of a multipart form, or as base64 in JSON; not as {content_type or 'nothing'}."
        )
    if not data:
        raise EmptyBody("There is no image in the request: it has no bytes.")
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageTooLarge(
            f"The image has {len(data):,} bytes; at most {MAX_IMAGE_BYTES:,} are taken."
        )
    return data


async def _from_form(request: Request) -> bytes:
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if isinstance(file, UploadFile):
                return await file.read()
    except HTTPException as exc:
        raise InvalidForm("The body is not a valid multipart form with one file.") from exc
    raise MissingField("The form has no file in its field 'file'.")


def _from_json(body: bytes) -> bytes:
    if not body:
        raise EmptyBody("There is no image in the request: it has no bytes.")
    try:
        text = PredictJson.model_validate_json(body).image
    except ValidationError as exc:
        if exc.errors()[0]["type"] == "json_invalid":
            raise InvalidJson("The body is not JSON.") from exc
        raise MissingField('Send a JSON object with the image: {"image": "<base64>"}.') from exc
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        # base64 tools break lines, which is harmless; anything else outside the alphabet is not.
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidBase64("The field 'image' is not base64.") from exc
