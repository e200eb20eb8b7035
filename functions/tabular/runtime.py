"""ONNX Runtime behind one function: rows → probabilities."""

from collections.abc import Callable

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def load_model(model: bytes) -> Infer:
    """Ready the model; the result maps float32 [n, features] to probabilities [n, classes].

    One thread: a Lambda environment of 512 MB has a third of a vCPU, and a call takes 10 µs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (source,) = (each.name for each in session.get_inputs())
    result = session.get_outputs()[-1].name  # converted classifiers give labels before them

    def infer(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        probabilities: NDArray[np.float32] = session.run([result], {source: rows})[0]
        return probabilities

    return infer
