"""An error → the problem object that a caller gets (RFC 9457), and its HTTP status."""

from http import HTTPStatus

from pydantic import BaseModel

from serving import errors
from serving.errors import ServiceError

# First match wins, so a subclass may stand above its base.
STATUS_OF = {
    errors.InvalidRequest: 400,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.Conflict: 409,
    errors.PayloadTooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.UnprocessableContent: 422,
    errors.Unavailable: 503,
    ServiceError: 500,
}


class ProblemOut(BaseModel):
    """A problem object: ``detail`` is for people, ``code`` for programs."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str


def problem_of(error: ServiceError, request_id: str) -> ProblemOut:
    """What a caller is told of ``error``."""
    status = next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))
    return ProblemOut(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=str(error),
        code=error.code,
        request_id=request_id,
    )


def unforeseen() -> ServiceError:
    """The error that stands for whatever nobody foresaw."""
    return ServiceError("Something went wrong here; the log has the details under this request id.")
