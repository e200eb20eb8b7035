"""``python -m image_classifier.export.available``: whether ResNet50's weights can be had.

Found out without TensorFlow, before an environment with it is installed.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

import requests

from image_classifier.export.errors import ExportError, WeightsUnavailable
from image_classifier.export.recipe import RESNET50_WEIGHTS
from image_classifier.export.weights import (
    PublishedFile,
    default_cache,
    is_downloaded,
    local_weights,
    reason,
)

LIMIT_S = 3.0
HINT = (
    "Get that file some other way and name it (RESNET50_WEIGHTS=FILE or --weights FILE), "
    "or use the model that needs no download (MODEL=efficientnet-lite0)."
)


def main(environ: Mapping[str, str], published: PublishedFile = RESNET50_WEIGHTS) -> int:
    """The exporter's exit status: 0 they can be had · 2 the named file cannot be read · 3 they
    cannot be downloaded.
    """
    named = environ.get("RESNET50_WEIGHTS")
    try:
        if named:
            local_weights(Path(named))
        elif not is_downloaded(published, default_cache(environ)):
            check_answers(published.url, LIMIT_S)
    except WeightsUnavailable as exc:
        print(f"error: {exc} {HINT}", file=sys.stderr)  # noqa: T201
        return exc.exit_status
    except ExportError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201
        return exc.exit_status
    return 0


def check_answers(url: str, limit_s: float) -> None:
    """Ask for ``url`` as the download does, and read nothing of it.

    Raises:
        WeightsUnavailable: no good answer within ``limit_s`` in all. A name lookup has no limit
            of its own, so the request is made in a thread that is not waited for.
    """
    failures = ["the server did not answer in time"]

    def ask() -> None:
        try:
            with requests.get(url, stream=True, timeout=limit_s) as response:
                response.raise_for_status()
            failures.clear()
        except requests.RequestException as exc:
            failures[:] = [reason(exc)]

    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(limit_s)
    for failure in failures:
        raise WeightsUnavailable(f"Cannot download {url}: {failure}.")


if __name__ == "__main__":
    sys.exit(main(os.environ))
