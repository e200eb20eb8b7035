"""What people write to classify a folder: a loop of Keras ``load_img`` and ``predict``.

``python -m benchmarks.collection_reference FOLDER``: prints photos and seconds as JSON. Kept
honest: the model is loaded once and not counted, and TensorFlow may use every core.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from keras.applications.resnet50 import ResNet50, preprocess_input
from keras.utils import img_to_array, load_img


def main(folder: Path) -> None:
    """Classify every JPEG below ``folder``."""
    model = ResNet50(weights=os.environ["RESNET50_WEIGHTS"])
    model.predict(np.zeros((1, 224, 224, 3)), verbose=0)
    photos = sorted(folder.rglob("*.jpg"))
    began_s = time.perf_counter()
    for photo in photos:
        array = img_to_array(load_img(photo, target_size=(224, 224)))
        probabilities = model.predict(preprocess_input(array[np.newaxis]), verbose=0)
        probabilities[0].argsort()[::-1][:5]
    print(json.dumps({"photos": len(photos), "seconds": time.perf_counter() - began_s}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
