"""What decoding adds to the memory of a fresh process that has the template's settings."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.local.sam.intrinsics import load_yaml
from tests.image_classifier.images import encode

ROOT = Path(__file__).parents[2]
GLOBALS = load_yaml(ROOT / "template.yaml")["Globals"]["Function"]["Environment"]["Variables"]
VARIABLES = {name: value for name, value in GLOBALS.items() if name.startswith("MALLOC_")}
VARIABLES["PYTHONPATH"] = str(ROOT / "functions")

# Loads everything with a small image first, then tells what a large one adds to the peak.
MEASURE = """
import sys
from pathlib import Path
from image_classifier.decode import decode_image

def peak_bytes():
    (line,) = [x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x]
    return int(line.split()[1]) * 1024

data = sys.stdin.buffer.read()
decode_image(Path(sys.argv[1]).read_bytes(), 256)
before = peak_bytes()
decode_image(data, 256)
print(peak_bytes() - before)
"""


COUNT_FAULTS = """
import resource, sys
from image_classifier.decode import decode_image

data = sys.stdin.buffer.read()
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    decode_image(data, 256)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings")
def test_a_photos_buffers_stay_for_the_next_one():
    photo = encode(Image.effect_noise((1600, 1200), 20).convert("RGB"), "WEBP", method=0)

    measured = subprocess.run(
        [sys.executable, "-c", COUNT_FAULTS],
        input=photo,
        capture_output=True,
        check=True,
        env=VARIABLES,
    )

    assert int(measured.stdout) < 200  # of 4 KB; its pixels are 1,400


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
@pytest.mark.parametrize(
    ("file_format", "mode", "size", "options"),
    [
        ("WEBP", "RGBA", (3000, 3000), {"lossless": True, "method": 0}),
        ("WEBP", "RGB", (3000, 3000), {"method": 0}),
        ("PNG", "RGBA", (3000, 3000), {}),
        ("PNG", "LA", (3000, 3000), {}),
        ("GIF", "P", (3000, 3000), {"transparency": 0}),
        ("TIFF", "RGBA", (3000, 3000), {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "F", (36_000, 250), {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "I", (36_000, 250), {"compression": "tiff_adobe_deflate"}),
        ("JPEG", "CMYK", (3000, 3000), {"progressive": True}),
    ],
)
def test_peaks_at_sixteen_bytes_a_pixel(
    tmp_path: Path, file_format: str, mode: str, size: tuple[int, int], options: dict[str, Any]
):
    small = tmp_path / "small"
    small.write_bytes(encode(Image.new(mode, (8, 8)), file_format, **options))
    ramp = np.linspace(0, 200, size[0] * size[1]).reshape(size[1], size[0])
    image = Image.fromarray(np.uint8(ramp)).convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(100)
    large = encode(image, file_format, **options)

    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, small],
        input=large,
        capture_output=True,
        check=True,
        env=VARIABLES,
    )

    overhead = 2 * len(large) + 8_000_000
    assert int(measured.stdout) - overhead <= 16 * size[0] * size[1]
