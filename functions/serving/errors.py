"""Errors that a caller gets as an answer.

A kind (the classes here) says what went wrong in general and is given one HTTP status by
``serving.api``. A concrete error subclasses a kind beside the code that raises it and has a stable
``code`` of its own; its message is one sentence for a person, without secrets.
"""

from typing import ClassVar


class ServiceError(Exception):
    """Base of every error with a stable ``code``; ``str(error)`` is shown to the caller."""

    code: ClassVar[str] = "internal_error"


class InvalidRequest(ServiceError):
    """The request's syntax or a parameter is wrong; sending it again will not help."""

    code = "invalid_request"


class Forbidden(ServiceError):
    """The caller may not do this with what it presented."""

    code = "forbidden"


class NotFound(ServiceError):
    """There is nothing at that address."""

    code = "not_found"


class MethodNotAllowed(ServiceError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"


class Conflict(ServiceError):
    """What is asked for does not fit what is there already."""

    code = "conflict"


class PayloadTooLarge(ServiceError):
    """More bytes, or more pixels, than the service takes."""

    code = "payload_too_large"


class UnsupportedMediaType(ServiceError):
    """A media type or file format the service does not read."""

    code = "unsupported_media_type"


class UnprocessableContent(ServiceError):
    """The request is well formed, but what it holds cannot be used."""

    code = "unprocessable_content"


class Unavailable(ServiceError):
    """Cannot answer now; the same request may work after ``retry_after_s`` seconds."""

    code = "unavailable"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
