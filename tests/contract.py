"""What every way of running the service promises over HTTP: the same tests for `make run` and for
the images under `sam local`.

A subclass gives the fixture ``url``. ``send`` says how a photo travels there.
"""

import base64
import csv
from pathlib import Path

import pytest
import requests
import skimage
from PIL import Image

from tests.image_classifier.images import encode, png_bomb

PACKAGED = Path(skimage.__file__).parent / "data"
TIMEOUT_S = 30


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    """``code`` may be several, with bars between them."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] in code.split("|")


def post(url: str, body: bytes, content_type: str, top_k: int = 5) -> requests.Response:
    """The body as it is."""
    return requests.post(
        f"{url}/v1/predict?top_k={top_k}",
        data=body,
        headers={"content-type": content_type},
        timeout=TIMEOUT_S,
    )


class HttpContract:
    """Photos travel as base64 in JSON, which everything on the way takes."""

    @pytest.fixture
    def cat(self) -> Image.Image:
        return Image.open(PACKAGED / "chelsea.png").convert("RGB")

    def send(self, url: str, photo: bytes, top_k: int = 5) -> requests.Response:
        return requests.post(
            f"{url}/v1/predict?top_k={top_k}",
            json={"image": base64.b64encode(photo).decode()},
            timeout=TIMEOUT_S,
        )

    def predict(self, url: str, photo: bytes, top_k: int = 5) -> list[dict]:
        answer = self.send(url, photo, top_k)
        assert answer.status_code == 200, answer.text
        return answer.json()["predictions"]

    def test_recognises_the_labelled_photos(self, url: str, labelled_photos: Path):
        with (labelled_photos / "labels.csv").open() as file:
            rows = list(csv.DictReader(file))

        places = []
        for row in rows:
            wnids = [
                p["wnid"] for p in self.predict(url, (labelled_photos / row["file"]).read_bytes())
            ]
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
    def test_recognises_packaged_photos(self, url: str, file: str, labels: set[str]):
        best = self.predict(url, (PACKAGED / file).read_bytes())[0]

        assert best["label"] in labels

    def test_all_thousand_probabilities_are_sorted_and_sum_to_one(self, url: str):
        predictions = self.predict(url, (PACKAGED / "chelsea.png").read_bytes(), top_k=1000)

        scores = [prediction["score"] for prediction in predictions]
        assert len({prediction["wnid"] for prediction in predictions}) == 1000
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1, abs=0.001)

    @pytest.mark.parametrize("form", ["rotated", "CMYK", "16-bit", "palette", "alpha", "animated"])
    def test_a_cat_is_a_cat_in_every_form(self, url: str, cat: Image.Image, form: str):
        match form:
            case "rotated":
                exif = Image.Exif()
                exif[0x0112] = 8
                data = encode(
                    cat.transpose(Image.Transpose.ROTATE_270), "JPEG", quality=95, exif=exif
                )
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

        upright = {p["label"] for p in self.predict(url, encode(cat, "PNG"), top_k=2)}

        assert self.predict(url, data)[0]["label"] in upright

    def test_a_rotated_photo_has_the_upright_ones_top1(self, url: str, labelled_photos: Path):
        upright = Image.open(labelled_photos / "n02088364_beagle.JPEG").convert("RGB")
        exif = Image.Exif()
        exif[0x0112] = 6
        rotated = upright.transpose(Image.Transpose.ROTATE_90)

        best = [
            self.predict(url, encode(image, "PNG", **options))[0]
            for image, options in ((upright, {}), (rotated, {"exif": exif}))
        ]

        assert best[0] == best[1]

    def test_refuses_a_truncated_jpeg(self, url: str, cat: Image.Image):
        answer = self.send(url, encode(cat, "JPEG")[:9000])

        assert (answer.status_code, answer.json()["code"]) == (422, "image_damaged")

    def test_a_single_pixel_is_classified(self, url: str):
        assert len(self.predict(url, encode(Image.new("RGB", (1, 1), "red"), "PNG"))) == 5

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/v1/predict", 405), ("PUT", "/v1/health", 405), ("GET", "/v1/nothing", 404)],
    )
    def test_wrong_addresses_are_problems(self, url: str, method: str, path: str, status: int):
        answer = requests.request(method, url + path, timeout=TIMEOUT_S)

        assert answer.status_code == status
        assert answer.json()["code"] in {"method_not_allowed", "not_found"}

    def test_tells_who_answered(self, url: str):
        answer = requests.get(f"{url}/v1/health", timeout=TIMEOUT_S)

        assert answer.headers["x-cold-start"] == "false"
        assert answer.headers["x-environment-id"]
        assert answer.headers["x-request-id"]

    @pytest.mark.parametrize(
        ("photo", "status", "code"),
        [
            (b"hello, world", 415, "unsupported_image_format"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported_image_format"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", 415, "unsupported_image_format"),
            (png_bomb(), 413, "too_many_pixels"),
        ],
        ids=["text", "SVG", "HEIC", "bomb"],
    )
    def test_refuses_what_is_no_photo_and_goes_on(
        self, url: str, photo: bytes, status: int, code: str
    ):
        answer = self.send(url, photo)

        assert_problem(answer, status, code)
        assert requests.get(f"{url}/v1/health", timeout=TIMEOUT_S).status_code == 200

    @pytest.mark.parametrize(
        ("body", "content_type", "status", "code"),
        [
            (b"x", "text/plain", 415, "unsupported_content_type"),
            (b"{}", "application/json", 400, "missing_field"),
            (b'{"image": "***"}', "application/json", 400, "invalid_base64"),
            (b"{", "application/json", 400, "invalid_json"),
            (b"x", "multipart/form-data; boundary=y", 400, "invalid_form"),
        ],
        ids=["plain text", "no image", "no base64", "no JSON", "no form"],
    )
    def test_refuses_a_body_that_is_not_what_it_says(
        self, url: str, body: bytes, content_type: str, status: int, code: str
    ):
        answer = post(url, body, content_type)

        assert_problem(answer, status, code)

    def test_says_which_models_serve_and_what_the_first_knows(self, url: str):
        models = requests.get(f"{url}/v1/models", timeout=TIMEOUT_S).json()["models"]
        labels = requests.get(f"{url}/v1/labels?q=tabby&limit=3", timeout=TIMEOUT_S).json()[
            "labels"
        ]

        names = [model["name"] for model in models]
        assert names == ["efficientnet-lite0", "iris", "flight-delay"]
        assert labels[0]["label"] == "tabby"

    def test_takes_an_answer_to_its_prediction_once_and_again(self, url: str):
        predicted = self.send(url, (PACKAGED / "chelsea.png").read_bytes()).json()
        answer = {
            "prediction_id": predicted["prediction_id"],
            "correct": False,
            "label": "n02127052",
            "comment": "<b>más</b> 😀",
        }

        statuses = [
            requests.post(f"{url}/v1/feedback", json=answer, timeout=TIMEOUT_S).status_code
            for _ in range(2)
        ]

        assert statuses == [201, 200]

    def test_takes_no_answer_to_a_prediction_that_it_never_made(self, url: str):
        forged = {"prediction_id": "forged", "correct": True}
        answer = requests.post(f"{url}/v1/feedback", json=forged, timeout=TIMEOUT_S)

        assert_problem(answer, 403, "receipt_forged")


class BinaryHttpContract(HttpContract):
    """Photos travel as the bytes they are, too."""

    def send(self, url: str, photo: bytes, top_k: int = 5) -> requests.Response:
        return post(url, photo, "image/jpeg", top_k)

    def test_answers_the_same_bytes_however_the_photo_is_sent(self, url: str):
        photo = (PACKAGED / "chelsea.png").read_bytes()
        url = f"{url}/v1/predict"
        answers = [
            requests.post(
                url, data=photo, headers={"content-type": "image/png"}, timeout=TIMEOUT_S
            ),
            requests.post(url, files={"file": ("cat.png", photo)}, timeout=TIMEOUT_S),
            requests.post(url, json={"image": base64.b64encode(photo).decode()}, timeout=TIMEOUT_S),
        ]

        predictions = {answer.content.partition(b'"predictions"')[2] for answer in answers}
        assert len(predictions) == 1
        assert predictions != {b""}

    @pytest.mark.parametrize(
        ("body", "content_type", "status", "code"),
        [
            (b"", "image/jpeg", 400, "empty_body"),
            (bytes(4_600_000), "image/jpeg", 413, "image_too_large"),
            (bytes(4_700_000), "image/jpeg", 413, "image_too_large|request_too_large"),
            (bytes(11_000_000), "image/jpeg", 413, "request_too_large"),
            (b"\xff\xfe", "application/json", 400, "invalid_json"),
        ],
        ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
    )
    def test_refuses_a_bad_upload_with_a_code_and_goes_on(
        self, url: str, body: bytes, content_type: str, status: int, code: str
    ):
        answer = post(url, body, content_type)

        assert_problem(answer, status, code)
        assert requests.get(f"{url}/v1/health", timeout=TIMEOUT_S).status_code == 200
