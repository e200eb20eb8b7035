"""A report → ``evaluation.json`` and ``evaluation.html``."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from evaluation.page import page_of
from evaluation.photos import LabelledPhoto
from evaluation.report import Report
from image_classifier.decode import decode_image
from image_classifier.thumbnail import SIDE, thumbnail

JSON_FILE, PAGE_FILE = "evaluation.json", "evaluation.html"


def write_report(report: Report, photos: Sequence[LabelledPhoto], folder: Path) -> Path:
    """Write both files into ``folder``; ``photos`` are those of the answers. The page's path.

    Raises:
        OSError
    """
    shown = [_thumbnail(photos[wrong.index]) for wrong in report.figures.surest_wrong]
    content = json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON_FILE).write_text(content, "utf-8")
    (folder / PAGE_FILE).write_text(page_of(report, shown), "utf-8")
    return folder / PAGE_FILE


def _thumbnail(photo: LabelledPhoto) -> str:
    """JPEG in base64."""
    return base64.b64encode(thumbnail(decode_image(photo.read(), SIDE))).decode()
