"""The classifier with a fake model, for all tests of this folder."""

from tests.classifier_fakes import api, artifact, build_app, photo, telemetry

__all__ = ["api", "artifact", "build_app", "photo", "telemetry"]
