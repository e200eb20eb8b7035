"""LiteRT behind one function: input array → probabilities."""

from collections.abc import Callable
from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from image_classifier.artifact import Artifact, InputSpec
from serving.artifact import ArtifactInvalid

Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def load_model(artifact: Artifact, threads: int) -> Infer:
    """Ready the model; the result maps float32 [1, H, W, 3] in 0…255 to probabilities [classes].

    Raises:
        ArtifactInvalid: the model is not one LiteRT reads, or its shapes are not the manifest's.
    """
    return load_network(artifact.model, artifact.manifest.input, len(artifact.labels), threads)


def load_network(model: bytes, spec: InputSpec, outputs: int, threads: int) -> Infer:
    """Ready any network from float32 [1, H, W, 3] in 0…255 to float32 [outputs].

    Raises:
        ArtifactInvalid: as above.
    """
    try:
        interpreter = Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as exc:
        raise ArtifactInvalid("LiteRT cannot read model.tflite.") from exc
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    if (
        tuple(source["shape"]) != (1, spec.height, spec.width, 3)
        or tuple(result["shape"]) != (1, outputs)
        or source["dtype"] is not np.float32
        or result["dtype"] is not np.float32
    ):
        raise ArtifactInvalid("model.tflite does not take or give what model.json says.")
    lock = Lock()  # an interpreter holds the tensors of one call at a time

    def infer(image: NDArray[np.float32]) -> NDArray[np.float32]:
        with lock:
            interpreter.set_tensor(source["index"], image)
            interpreter.invoke()
            values: NDArray[np.float32] = interpreter.get_tensor(result["index"])[0]
        return values

    return infer
