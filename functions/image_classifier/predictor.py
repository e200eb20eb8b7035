"""A photo → what is answered, with its receipt: the same at once and from the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import perf_counter

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.runtime import load_model
from image_classifier.settings import ClassifierSettings
from serving.models import ModelName
from serving.prediction import PredictionOut, PredictOut
from serving.receipts import Receipt, ReceiptBook, new_nonce
from serving.settings import threads_for
from serving.telemetry import Record

USUAL_TOP_K = 5


@dataclass(frozen=True)
class Predictor:
    """A classifier whose answers are signed; ``threads`` is how many one inference uses."""

    classifier: Classifier
    receipts: ReceiptBook
    new_nonce: Callable[[], str]
    threads: int

    @property
    def classes(self) -> int:
        """How many classes there are, which is the largest ``top_k``."""
        return len(self.classifier.artifact.labels)

    @property
    def usual_top_k(self) -> int:
        """What ``top_k`` is where nothing else is asked for."""
        return min(USUAL_TOP_K, self.classes)

    def predict(self, data: bytes, top_k: int, record: Record) -> PredictOut:
        """Classify the photo in ``data`` into ``top_k`` of 1…``classes``; adds to ``record``.

        Raises:
            UnsupportedImageFormat, TooManyPixels, ImageTooComplex, ImageDamaged: see ``decode``.
        """
        result = self.classifier.classify(data, top_k)
        record.measures |= {**vars(result.timings), "image_bytes": len(data)}
        manifest = self.classifier.artifact.manifest
        record.add_prediction(manifest.version, vars(result.certainty))
        best = result.predictions[0]
        receipt = Receipt(
            nonce=self.new_nonce(),
            input_sha256=sha256(data).hexdigest(),
            model_name=manifest.name,
            model_version=manifest.version,
            label=best.label,
            label_id=best.wnid,
            score=best.score,
            sure=result.sure,
        )
        return PredictOut(
            prediction_id=self.receipts.issue(receipt),
            model=ModelName(name=manifest.name, version=manifest.version),
            sure=result.sure,
            predictions=[PredictionOut(**vars(each)) for each in result.predictions],
        )


def load_predictor(settings: ClassifierSettings, cpu_count: int) -> Predictor:
    """The predictor that ``settings`` describe, its model verified and loaded.

    Raises:
        ArtifactInvalid: see ``load_artifact``.
    """
    artifact = load_artifact(settings.model_dir)
    threads = threads_for(settings.aws_lambda_function_memory_size, cpu_count)
    return Predictor(
        Classifier(artifact, load_model(artifact, threads), perf_counter),
        ReceiptBook(settings.receipt_key.get_secret_value()),
        new_nonce,
        threads,
    )
