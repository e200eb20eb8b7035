"""What can stop a training; the message says what to do about it."""


class TrainingError(Exception):
    """Base of the errors below."""


class InvalidDataset(TrainingError):
    """The file of data cannot be used."""


class VerificationRefused(TrainingError):
    """The converted model does not answer as the trained one; nothing was written."""


class NoChampion(TrainingError):
    """No version of the model is the champion yet."""
