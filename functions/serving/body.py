"""A request's JSON body → a Pydantic model, with a code of its own for each way it can be wrong."""

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from serving.api import InvalidParameter
from serving.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

Body = TypeVar("Body", bound=BaseModel)


class EmptyBody(InvalidRequest):
    """The request has no body."""

    code = "empty_body"


class InvalidJson(InvalidRequest):
    """The body is not JSON, or not an object."""

    code = "invalid_json"


class MissingField(InvalidRequest):
    """The object lacks a field that it must have."""

    code = "missing_field"


class BodyTooLarge(PayloadTooLarge):
    """The body has more bytes than anything meant could need."""

    code = "body_too_large"


class UnsupportedContentType(UnsupportedMediaType):
    """The Content-Type is not one that is read."""

    code = "unsupported_content_type"


async def read_json(request: Request, model: type[Body], max_bytes: int) -> Body:
    """The body of ``request`` as ``model``.

    Raises:
        UnsupportedContentType, EmptyBody, BodyTooLarge, InvalidJson, MissingField
        InvalidParameter: a field has the wrong type or an impossible value.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedContentType(
            f"Send JSON with Content-Type application/json, not as {content_type or 'nothing'}."
        )
    body = await request.body()
    if not body:
        raise EmptyBody("The request has no body.")
    if len(body) > max_bytes:
        raise BodyTooLarge(f"The body has {len(body):,} bytes; at most {max_bytes:,} are taken.")
    return validate_json(body, model)


def validate_json(body: bytes, model: type[Body]) -> Body:
    """``body`` as ``model``.

    Raises:
        InvalidJson, MissingField
        InvalidParameter: a field has the wrong type or an impossible value.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(str(part) for part in error["loc"])
        if not error["loc"]:  # the body as a whole
            raise InvalidJson("The body is not a JSON object.") from exc
        if error["type"] == "missing":
            raise MissingField(f"The field '{where}' is missing.") from exc
        raise InvalidParameter(f"{where}: {error['msg']}.") from exc
