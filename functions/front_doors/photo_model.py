"""The image model behind the Open Inference Protocol."""

from collections.abc import Mapping, Sequence

from front_doors.infer_request import Tensor
from front_doors.infer_response import Scores
from front_doors.open_inference import Model, TensorOut
from front_doors.photos import Photo, infer_batch
from front_doors.refusals import InvalidTensor
from image_classifier.classifier import Classifier
from serving.image_body import from_base64
from serving.telemetry import Record

INPUT = "image"


def photo_model(classifier: Classifier) -> Model:
    """``classifier`` with one input: photos as BYTES [n], or pixels as FP32 [n, H, W, 3]."""

    def infer(tensors: Mapping[str, Tensor], record: Record) -> Scores:
        probabilities = infer_batch(classifier, _photos(tensors), record)
        return Scores(probabilities, probabilities.argmax(axis=1))

    manifest = classifier.artifact.manifest
    return Model(
        name=manifest.name,
        version=manifest.version,
        platform="litert_tflite",
        inputs=[TensorOut(name=INPUT, datatype="BYTES", shape=[-1])],
        classes=[label.label for label in classifier.artifact.labels],
        infer=infer,
    )


def _photos(tensors: Mapping[str, Tensor]) -> Sequence[Photo]:
    """The photos of a request; base64 in JSON, files as they are behind it."""
    if INPUT not in tensors:
        raise InvalidTensor(f"input {INPUT!r} is missing.")
    tensor = tensors[INPUT]
    if not isinstance(tensor.values, list):
        if len(tensor.shape) != len("NHWC"):
            raise InvalidTensor(f"input {INPUT!r} of FP32 has the shape [n, height, width, 3].")
        return list(tensor.values)
    if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ((), (1,)):
        raise InvalidTensor(f"input {INPUT!r} of BYTES has the shape [n].")
    return [
        value if isinstance(value, bytes) else from_base64(value, f"{INPUT}[{index}]")
        for index, value in enumerate(tensor.values)
    ]
