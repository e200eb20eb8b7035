"""Scores → a response of the Open Inference Protocol, as JSON or in Triton's binary extension.

Source: triton-inference-server/server, *extension_classification.md*, *extension_binary_data.md*.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import Response
from numpy.typing import NDArray

from front_doors.infer_request import HEADER_LENGTH, LENGTH_BYTES, OutputIn

OUTPUTS = ("probabilities", "labels")


@dataclass(frozen=True)
class Scores:
    """Probabilities [n, classes], and which class each item is called, [n]."""

    probabilities: NDArray[np.float32]
    chosen: NDArray[np.int64]


@dataclass(frozen=True)
class Output:
    """An output: float32, or texts, which have the datatype BYTES."""

    name: str
    values: NDArray[np.float32] | NDArray[np.str_]
    binary: bool


def output_of(asked: OutputIn, scores: Scores, classes: Sequence[str], *, binary: bool) -> Output:
    """What is asked for; its classification as Triton's extension writes it, for either output."""
    values: NDArray[Any]
    if count := asked.parameters.classification:
        values = _classification(scores.probabilities, classes, count)
    elif asked.name == "labels":
        values = np.array(classes)[scores.chosen]
    else:
        values = scores.probabilities
    own = asked.parameters.binary_data
    return Output(asked.name, values, binary=binary if own is None else own)


def _classification(
    probabilities: NDArray[np.float32], classes: Sequence[str], count: int
) -> NDArray[np.str_]:
    """The ``count`` likeliest of each row as ``probability:index:label``, best first."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :count]
    return np.array(
        [
            [f"{row[i]:.6f}:{i}:{classes[i]}" for i in places]
            for row, places in zip(probabilities, best, strict=True)
        ]
    )


def write_response(described: Mapping[str, object], outputs: Sequence[Output]) -> Response:
    """$inference_response of ``described`` with ``outputs``, binary data behind its JSON."""
    listed, parts = [], []
    for output in outputs:
        text = output.values.dtype.kind == "U"
        entry = {
            "name": output.name,
            "datatype": "BYTES" if text else "FP32",
            "shape": [*output.values.shape],
        }
        if output.binary:
            part = _as_bytes(output.values) if text else output.values.astype("<f4").tobytes()
            parts.append(part)
            listed.append({**entry, "parameters": {"binary_data_size": len(part)}})
        else:
            listed.append({**entry, "data": output.values.ravel().tolist()})
    header = json.dumps({**described, "outputs": listed}).encode()
    if not parts:
        return Response(header, media_type="application/json")
    return Response(
        b"".join((header, *parts)),
        headers={HEADER_LENGTH: str(len(header))},
        media_type="application/octet-stream",
    )


def _as_bytes(texts: NDArray[Any]) -> bytes:
    encoded = [text.encode() for text in texts.ravel().tolist()]
    return b"".join(len(part).to_bytes(LENGTH_BYTES, "little") + part for part in encoded)
