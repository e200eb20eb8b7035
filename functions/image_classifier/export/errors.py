"""What can stop an export, and the exit status that says so to a script."""

from typing import ClassVar

from serving.errors import ServiceError


class ExportError(ServiceError):
    """Base of the errors below; the message says what to do about it."""

    code = "export_failed"
    exit_status: ClassVar[int] = 1


class InvalidInput(ExportError):
    """A file or folder that the caller named cannot be used."""

    code = "export_input_invalid"
    exit_status = 2


class WeightsUnavailable(ExportError):
    """Published weights cannot be had: no network, not found, cut off, or altered."""

    code = "weights_unavailable"
    exit_status = 3


class VerificationRefused(ExportError):
    """The artifact does not answer as the Keras model does; nothing was written."""

    code = "verification_refused"
    exit_status = 4
