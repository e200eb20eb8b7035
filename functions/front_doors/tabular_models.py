"""Iris and flight delay behind the Open Inference Protocol: an input a column, [n] or [n, 1]."""

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import ValidationError

from flight_delay import model as delay
from flight_delay.schemas import MAX_FLIGHTS
from flight_delay.upload import listed
from front_doors.infer_request import Tensor
from front_doors.infer_response import Scores
from front_doors.open_inference import Infer, Model, TensorOut
from front_doors.refusals import InvalidTensor
from iris import model as iris
from iris.schemas import Flowers
from serving.telemetry import Record
from tabular.artifact import Manifest

PLATFORM = "onnxruntime_onnx"


def iris_model(model: iris.IrisModel) -> Model:
    """``model`` with its measurements in cm as FP32."""

    def infer(tensors: Mapping[str, Tensor], _record: Record) -> Scores:
        columns = _columns(tensors, iris.COLUMNS)
        for name, tensor in columns.items():
            if isinstance(tensor.values, list):
                raise InvalidTensor(f"input {name!r} is FP32.")
        rows = np.stack([np.ravel(tensor.values) for tensor in columns.values()], axis=1)
        _check_flowers([dict(zip(columns, row, strict=True)) for row in rows.tolist()])
        probabilities = model.infer(rows)
        return Scores(probabilities, probabilities.argmax(axis=1))

    return _model(model.manifest, dict.fromkeys(iris.COLUMNS, "FP32"), infer)


def delay_model(model: delay.DelayModel) -> Model:
    """``model`` with the month as FP32 and names as BYTES; empty ones are missing."""

    def infer(tensors: Mapping[str, Tensor], _record: Record) -> Scores:
        columns = _columns(tensors, delay.REQUIRED, delay.OPTIONAL)
        table = {name: _texts(tensor, name) for name, tensor in columns.items()}
        if not 1 <= len(table["OPERA"]) <= MAX_FLIGHTS:
            raise InvalidTensor(f"a request takes 1 to {MAX_FLIGHTS:,} flights.")
        try:
            late = model.probabilities(table)
        except delay.InvalidTable as exc:
            faults = [f"{fault.column}[{fault.row}]: {fault.text}" for fault in exc.faults]
            raise InvalidTensor(listed(faults, exc.count)) from exc
        probabilities = np.stack([1 - late, late], axis=1).astype(np.float32)
        return Scores(probabilities, model.responses(late))

    return _model(model.manifest, dict.fromkeys(delay.COLUMNS, "BYTES") | {"MES": "FP32"}, infer)


def _model(manifest: Manifest, inputs: Mapping[str, str], infer: Infer) -> Model:
    return Model(
        name=manifest.name,
        version=manifest.version,
        platform=PLATFORM,
        inputs=[TensorOut(name=name, datatype=kind, shape=[-1]) for name, kind in inputs.items()],
        classes=manifest.classes,
        infer=infer,
    )


def _columns(
    tensors: Mapping[str, Tensor], required: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, Tensor]:
    """The columns that are there, in the order of their names, all of one length."""
    columns: dict[str, Tensor] = {}
    for name in (*required, *optional):
        if name in tensors:
            columns[name] = tensors[name]
        elif name in required:
            raise InvalidTensor(f"input {name!r} is missing.")
    rows = next(iter(columns.values())).shape[:1]
    for name, tensor in columns.items():
        if tensor.shape not in (rows, (*rows, 1)) or not rows:
            raise InvalidTensor(f"input {name!r} has the shape {[*tensor.shape]}, not that of all.")
    return columns


def _check_flowers(flowers: list[dict[str, float]]) -> None:
    try:
        Flowers.validate_python(flowers)
    except ValidationError as exc:
        error = exc.errors()[0]
        where = "{1}[{0}]: ".format(*error["loc"]) if error["loc"] else ""
        raise InvalidTensor(f"{where}{error['msg']}.") from exc


def _texts(tensor: Tensor, name: str) -> list[str | None]:
    if not isinstance(tensor.values, list):
        return [f"{number:g}" for number in tensor.values.ravel().tolist()]
    try:
        texts = [each.decode() if isinstance(each, bytes) else each for each in tensor.values]
    except UnicodeDecodeError as exc:
        raise InvalidTensor(f"input {name!r}: its texts are not UTF-8.") from exc
    return [text or None for text in texts]
