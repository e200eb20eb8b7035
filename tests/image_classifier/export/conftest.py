"""Real models and a real file server, built once: TensorFlow is slow to start."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow, as in export/__main__.py
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
from numpy.typing import NDArray

from image_classifier.artifact import Artifact, InputSpec, Label, Manifest, load_artifact
from image_classifier.decode import decode_image
from image_classifier.export.photos import verification_photos
from image_classifier.export.weights import PublishedFile
from image_classifier.preprocess import to_input
from image_classifier.runtime import load_model

WEIGHTS_NAME = "resnet50_weights_tf_dim_ordering_tf_kernels.h5"


def pytest_itemcollected(item: pytest.Item) -> None:
    """TensorFlow 2.21 does not know NumPy 2's ``copy`` keyword; other warnings stay errors."""
    item.add_marker("tensorflow")
    item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept"))


@dataclass
class FileServer:
    """Serves ``files`` by name; those in ``cut`` break off half-way through."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    requested: list[str] = field(default_factory=list)

    def publish(self, name: str, content: bytes) -> PublishedFile:
        self.files[name] = content
        digest = md5(content, usedforsecurity=False).hexdigest()
        return PublishedFile(f"{self.url}/{name}", digest, "MIT")


@pytest.fixture
def file_server() -> Iterator[FileServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            server.requested.append(name)
            if name not in server.files:
                self.send_error(404)
                return
            content = server.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if name in server.cut else content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        server = FileServer(f"http://127.0.0.1:{httpd.server_port}")
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        httpd.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def seeded_resnet50() -> keras.Model:
    keras.utils.set_random_seed(50)
    return keras.applications.ResNet50(weights=None)


@pytest.fixture(scope="session")
def seeded_resnet50_file(
    seeded_resnet50: keras.Model, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """In the layout of the official file, which Keras 2 wrote."""
    path = tmp_path_factory.mktemp("weights") / WEIGHTS_NAME
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, seeded_resnet50)
    return path


@pytest.fixture(scope="session")
def make_model() -> Callable[..., keras.Model]:
    """A small seeded network whose answers differ clearly from photo to photo."""

    def make(
        activation: str | None = "softmax",
        classes: int = 5,
        size: tuple[int | None, int | None] = (32, 48),
        seed: int = 7,
    ) -> keras.Model:
        keras.utils.set_random_seed(seed)
        image = keras.Input((*size, 3))
        x = layers.Activation("softsign")(image)  # so that no range of pixels saturates the rest
        x = layers.Conv2D(12, 5, 3, activation="relu")(x)
        x = layers.GlobalAveragePooling2D()(x)
        wide = keras.initializers.RandomNormal(stddev=2)
        return keras.Model(image, layers.Dense(classes, activation, kernel_initializer=wide)(x))

    return make


@pytest.fixture(scope="session")
def answers() -> Callable[[Path, list[NDArray[np.float32]]], list[NDArray[np.float32]]]:
    """What the service would answer: the artifact, loaded and run by the runtime's own code."""

    def run(folder: Path, images: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        infer = load_model(load_artifact(folder), threads=1)
        return [infer(image) for image in images]

    return run


@pytest.fixture(scope="session")
def photos() -> Callable[[InputSpec], list[NDArray[np.float32]]]:
    @cache
    def read(spec: InputSpec) -> list[NDArray[np.float32]]:
        return [
            to_input(decode_image(photo, spec.resize_shorter_side), spec)
            for photo in verification_photos().values()
        ]

    return read


@pytest.fixture
def make_artifact() -> Callable[..., Artifact]:
    """An artifact whose model is bytes, for tests that do not run it."""

    def make(model: bytes = b"model", name: str = "test") -> Artifact:
        digest = sha256(model).hexdigest()
        manifest = Manifest(
            name=name,
            version=digest[:12],
            sha256=digest,
            input=InputSpec(32, 48, 55),
            quantization="float32",
            weights={"source": "test"},
            agreement={},
        )
        labels = (Label(0, None, "cat"), Label(1, "n02084071", "dog", ("domestic dog",)))
        return Artifact(manifest, labels, model)

    return make
