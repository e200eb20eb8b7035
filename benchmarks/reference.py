"""The handler such projects usually have: Keras ``predict`` and Pillow's full decode.

Kept honest: the model is loaded once at import, the photo is opened as its documentation shows, and
nothing is slowed down on purpose.
"""

import base64
import io
import json
import os
import time
from typing import Any

import numpy as np
import tensorflow as tf
from keras.applications.resnet50 import ResNet50, preprocess_input
from PIL import Image

THREADS = int(os.environ["THREADS"])
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)

model = ResNet50(weights=os.environ["RESNET50_WEIGHTS"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """API Gateway event → the five likeliest classes."""
    photo = base64.b64decode(event["body"])
    image = Image.open(io.BytesIO(photo)).convert("RGB").resize((224, 224))
    array = preprocess_input(np.expand_dims(np.array(image, dtype=np.float32), 0))
    began_s = time.perf_counter()
    probabilities = model.predict(array, verbose=0)[0]
    infer_ms = (time.perf_counter() - began_s) * 1000
    best = np.argsort(probabilities)[::-1][:5]
    body = [{"class": int(i), "score": float(probabilities[i])} for i in best]
    return {
        "statusCode": 200,
        "headers": {"server-timing": f"infer;dur={infer_ms:.1f}"},
        "body": json.dumps({"predictions": body}),
    }
