"""The classifier with a fake model, for all tests of this folder."""

from tests.classifier_fakes import api, artifact, build_app, photo, telemetry
from tests.image_classifier.queue_worker import worker
from tests.prediction_fakes import account, clock

__all__ = ["account", "api", "artifact", "build_app", "clock", "photo", "telemetry", "worker"]
