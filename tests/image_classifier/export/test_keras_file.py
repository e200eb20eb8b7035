import itertools
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from keras.applications.imagenet_utils import preprocess_input

from image_classifier.artifact import InputSpec, load_artifact
from image_classifier.export.__main__ import main

LABELS = ["ant", "bee", "cat", "dog", "elk"]
SPEC = InputSpec(height=32, width=48, resize_shorter_side=55)


@pytest.fixture
def labels_file(tmp_path: Path) -> Path:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(LABELS))
    return path


@pytest.fixture
def export(tmp_path: Path, labels_file: Path) -> Callable[..., int]:
    def run(model: keras.Model | None, *options: str, environ: Any = None) -> int:
        if model is not None:
            model.save(tmp_path / "pets.keras")
        where = ["--model-file", str(tmp_path / "pets.keras"), "--output", str(tmp_path / "out")]
        labels = [] if "--labels-file" in options else ["--labels-file", str(labels_file)]
        return main([*where, *labels, *options], environ or {})

    return run


def in_keras(model: keras.Model, images: list[Any], mode: str, *, logits: bool) -> Any:
    pixels = np.concatenate(images)
    answers = model(pixels if mode == "none" else preprocess_input(pixels, mode=mode))
    return (keras.ops.softmax(answers) if logits else answers).numpy()


@pytest.mark.parametrize("mode", ["none", "caffe", "tf", "torch"])
@pytest.mark.parametrize("activation", ["softmax", None])
def test_serves_what_keras_answers(
    make_model: Any,
    export: Callable[..., int],
    photos: Any,
    answers: Any,
    tmp_path: Path,
    activation: str | None,
    mode: str,
) -> None:
    model = make_model(activation)

    assert export(model, "--preprocess", mode) == 0

    manifest, labels = (getattr(load_artifact(tmp_path / "out"), n) for n in ("manifest", "labels"))
    assert manifest.input == SPEC
    assert (manifest.name, manifest.quantization) == ("pets", "float32")
    assert [label.label for label in labels] == LABELS
    images = photos(SPEC)
    served = np.stack(answers(tmp_path / "out", images))
    expected = in_keras(model, images, mode, logits=activation is None)
    np.testing.assert_allclose(served, expected, atol=1e-4)
    np.testing.assert_allclose(served.sum(axis=1), 1, atol=1e-5)


def test_photos_are_resized_as_in_the_models_training(
    make_model: Any, export: Callable[..., int], tmp_path: Path
) -> None:
    assert export(make_model(None), "--resampling", "bilinear", "--resize", "48") == 0

    spec = load_artifact(tmp_path / "out").manifest.input
    assert spec == InputSpec(32, 48, resize_shorter_side=48, resampling="bilinear")


def test_photos_smaller_than_the_input_are_refused(
    make_model: Any, export: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(make_model(None), "--resize", "47") == 2
    assert "48 pixels or more" in capsys.readouterr().err


def test_modes_and_kinds_of_output_make_a_difference(make_model: Any, photos: Any) -> None:
    """Or the test above could not fail."""
    images, model = photos(SPEC), make_model(None)
    kinds = [
        (mode, logits) for mode in ("none", "caffe", "tf", "torch") for logits in (True, False)
    ]
    answers = [in_keras(model, images, mode, logits=logits) for mode, logits in kinds]
    for first, second in itertools.combinations(answers, 2):
        assert np.abs(first - second).max() > 0.01


def test_quantises_when_asked(export: Any, tmp_path: Path) -> None:
    wide = keras.Sequential(
        [keras.Input((32, 48, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(5)]
    )
    assert export(wide) == 0
    float32 = load_artifact(tmp_path / "out")
    assert export(wide, "--quantization", "dynamic-range-int8") == 0
    int8 = load_artifact(tmp_path / "out")
    assert (float32.manifest.quantization, int8.manifest.quantization) == (
        "float32",
        "dynamic-range-int8",
    )
    assert len(int8.model) < len(float32.model) / 2


def test_exports_again_only_what_has_changed(
    make_model: Any, export: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def is_skipped(model: keras.Model | None, *options: str) -> bool:
        assert export(model, "--if-missing", *options) == 0
        return "already there" in capsys.readouterr().out

    assert not is_skipped(make_model())
    assert is_skipped(None)
    assert not is_skipped(None, "--preprocess", "tf")
    assert is_skipped(None, "--preprocess", "tf")
    assert not is_skipped(None, "--preprocess", "tf", "--name", "animals")
    assert not is_skipped(make_model(seed=8), "--preprocess", "tf", "--name", "animals")


def test_exports_again_when_the_artifact_is_damaged(
    make_model: Any, export: Any, tmp_path: Path
) -> None:
    assert export(make_model()) == 0
    (tmp_path / "out" / "model.tflite").write_bytes(b"damaged")
    assert export(None, "--if-missing") == 0
    load_artifact(tmp_path / "out")


def two_outputs() -> keras.Model:
    image = keras.Input((32, 48, 3))
    x = layers.GlobalAveragePooling2D()(image)
    return keras.Model(image, [layers.Dense(5)(x), layers.Dense(5)(x)])


def not_finite() -> keras.Model:
    image = keras.Input((32, 48, 3))
    x = layers.Dense(5, bias_initializer=keras.initializers.Constant(np.nan))
    return keras.Model(image, x(layers.GlobalAveragePooling2D()(image)))


def grey() -> keras.Model:
    image = keras.Input((32, 48, 1))
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(image)))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda m: m(activation="sigmoid"), "sigmoid"),
        (lambda m: m(classes=4), "The model has 4 classes, but there are 5 labels"),
        (lambda m: m(classes=1), "one row"),
        (lambda m: m(size=(None, None)), "fixed size"),
        (lambda _: two_outputs(), "one row"),
        (lambda _: grey(), "one image"),
        (lambda _: not_finite(), "not finite"),
    ],
    ids=["sigmoid", "labels", "one class", "any size", "two outputs", "grey", "not finite"],
)
def test_refuses_a_model_it_cannot_serve(
    make_model: Any, export: Any, capsys: pytest.CaptureFixture[str], make: Any, reason: str
) -> None:
    assert export(make(make_model)) == 2
    assert reason in capsys.readouterr().err


def test_asks_for_labels_when_the_model_is_not_imagenets(
    make_model: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_model().save(tmp_path / "pets.keras")
    arguments = ["--model-file", str(tmp_path / "pets.keras"), "--output", str(tmp_path / "out")]
    assert main(arguments, {}) == 2
    assert "--labels-file" in capsys.readouterr().err


def test_gives_1000_classes_imagenets_labels(make_model: Any, tmp_path: Path) -> None:
    make_model(classes=1000).save(tmp_path / "big.keras")
    arguments = ["--model-file", str(tmp_path / "big.keras"), "--output", str(tmp_path / "out")]
    assert main(arguments, {}) == 0
    assert load_artifact(tmp_path / "out").labels[504].label == "coffee mug"


def test_does_not_run_code_from_the_file(export: Any, capsys: pytest.CaptureFixture[str]) -> None:
    image = keras.Input((32, 48, 3))
    x = layers.Lambda(lambda pixels: pixels / 2, output_shape=(32, 48, 3))(image)
    model = keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))
    assert export(model) == 2
    assert "ambda" in capsys.readouterr().err


def test_refuses_a_damaged_keras_file(
    export: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "pets.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", "")
    assert export(None) == 2
    assert "cannot load" in capsys.readouterr().err


def test_keeps_the_artifact_that_was_there_when_the_new_model_is_refused(
    make_model: Any, export: Any, tmp_path: Path
) -> None:
    assert export(make_model()) == 0
    before = load_artifact(tmp_path / "out")
    assert export(make_model(activation="sigmoid")) == 2
    assert load_artifact(tmp_path / "out") == before


def ruined_by_int8() -> keras.Model:
    """Each class has one huge weight, on a feature that is always 0: the rest rounds to nothing."""
    keras.utils.set_random_seed(3)
    pixels = keras.Input((32, 48, 3))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(pixels))
    negative = layers.ReLU()(layers.Rescaling(-1)(x))
    dense = layers.Dense(5)
    model = keras.Model(pixels, dense(layers.Concatenate()([x, negative])))
    kernel, bias = dense.get_weights()
    kernel[-1] = 1e6
    dense.set_weights([kernel, bias])
    return model


def test_exits_4_and_writes_nothing_when_quantising_changes_the_answers(
    export: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(ruined_by_int8(), "--quantization", "dynamic-range-int8") == 4
    error = capsys.readouterr().err
    assert "disagrees with Keras" in error
    assert "Try --quantization float32" in error
    assert not (tmp_path / "out").exists()
    assert export(None, "--quantization", "float32") == 0
