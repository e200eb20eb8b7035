"""A model of one's own, saved with Keras 3."""

import zipfile
from pathlib import Path

import keras

from image_classifier.export.errors import InvalidInput


def keras_file(path: Path) -> keras.Model:
    """Load a ``.keras`` file without running code from it (Keras' safe mode).

    Raises:
        InvalidInput: damaged, or with parts that this Keras does not know or will not run.
    """
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ImportError,
        NotImplementedError,
        zipfile.BadZipFile,
    ) as exc:
        reason = str(exc).strip().partition("\n")[0]
        raise InvalidInput(f"Keras {keras.__version__} cannot load {path}: {reason}") from exc
