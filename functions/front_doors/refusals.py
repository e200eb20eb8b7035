"""What the doors refuse, and the form of an error, which is one and the same in all three."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from serving.body import BodyTooLarge, EmptyBody, UnsupportedContentType
from serving.errors import InvalidRequest, NotFound, ServiceError
from serving.image_body import MAX_JSON_BYTES
from serving.problem import problem_of
from serving.telemetry import Record


class UnknownModel(NotFound):
    """No model of that name, or of that version, is served here."""

    code = "unknown_model"


class InvalidTensor(InvalidRequest):
    """A tensor is not what the model takes, or its bytes are not what its shape says."""

    code = "invalid_tensor"


def error_object(record: Record, error: ServiceError) -> Response:
    """``{"error": …}``, on which the three protocols agree."""
    status = problem_of(error, record.request_id).status
    return JSONResponse({"error": str(error)}, status_code=status)


async def read_body(request: Request) -> bytes:
    """The body, whatever its Content-Type.

    Raises:
        UnsupportedContentType: it is compressed; EmptyBody, BodyTooLarge
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise UnsupportedContentType(f"Send the body as it is, not compressed with {encoding}.")
    body = await request.body()
    if not body:
        raise EmptyBody("The request has no body.")
    if len(body) > MAX_JSON_BYTES:
        raise BodyTooLarge(
            f"The body has {len(body):,} bytes; at most {MAX_JSON_BYTES:,} are taken."
        )
    return body
