"""Photos that wait, beside photos that are answered at once, on the same environments of one run.

``python -m benchmarks.queued`` prints the table and writes it as ``benchmarks/queued.md``.
"""

import asyncio
import io
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from itertools import repeat
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import boto3
import numpy as np
from PIL import Image

from benchmarks.material import prepare
from infra.commands.launch import Service, running_service
from infra.local.aws.stand_in import ENDPOINT_FILE

ENVIRONMENTS = 2
USERS = 50
IDLE_PHOTOS = 40
PHOTOS = 200
ROUNDS = 5
POLL_S = 1.0  # what Retry-After asks for
RESULTS = Path(__file__).with_name("queued.md")
JPEG = {"content-type": "image/jpeg"}
LARGE = {"JPEG": ("RGB", {"quality": 94}), "PNG": ("RGBA", {"compress_level": 1})}


def main() -> None:
    """Measure everything; about three minutes on an idle machine."""
    material = prepare()
    measure("resnet50", material.models_dir, material.photo)


def measure(model: str, models_dir: Path, photo: Path) -> None:
    """Print the table for one model, and write it."""
    options = ("--model", model, "--models-dir", str(models_dir))
    options += ("--environments", str(ENVIRONMENTS), "--queue", str(PHOTOS))
    with TemporaryDirectory() as data, running_service(Path(data), *options) as service:
        table = asyncio.run(_measure(service, photo.read_bytes()))
    print(table)
    RESULTS.write_text(f"{model}, {ENVIRONMENTS} environments.\n\n{table}")


async def _measure(service: Service, photo: bytes) -> str:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(service.url, connector=connector) as http:
        await _in_turn(repeat(None, 10), 1, lambda _: _answered_ms(http, photo, 0.05))
        idle = await _in_turn(
            repeat(None, IDLE_PHOTOS), 1, lambda _: _answered_ms(http, photo, 0.05)
        )
        busy = await _in_turn(
            repeat(None, PHOTOS), USERS, lambda _: _answered_ms(http, photo, POLL_S)
        )
        await _in_turn(repeat(None, 10), 2, lambda _: _predict(http, photo))
        # In turn, as the machine's speed changes: what counts is the ratio of neighbours.
        rates = [
            (await _at_once(http, photo), await _drained(service, http, photo))
            for _ in range(ROUNDS)
        ]
        memory = {name: await _memory_mb(service, http, name) for name in LARGE}
    work = [_durations(service, name) for name in ("WorkerFunction", "ClassifierFunction")]
    rows = [
        ("POST to succeeded, idle", f"p50 {median(idle):.0f} ms, p95 {_p95(idle):.0f} ms"),
        (
            f"POST to succeeded, {USERS} users",
            f"p50 {median(busy):.0f} ms, p95 {_p95(busy):.0f} ms",
        ),
        ("at once", f"{median(rate for rate, _ in rates):.1f} photos/s"),
        ("from a full queue", f"{median(rate for _, rate in rates):.1f} photos/s"),
        (f"the ratio, in turn, {ROUNDS} rounds", _ratios(rates)),
        ("in an environment, p50", f"worker {work[0]:.1f} ms, classifier {work[1]:.1f} ms"),
        *((f"worker's peak, 50 megapixels of {name}", text) for name, text in memory.items()),
    ]
    return "| figure | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows)


async def _in_turn(
    jobs: Any, users: int, work: Callable[[Any], Coroutine[Any, Any, float]]
) -> list[float]:
    """So many users, each of whom takes the next job when the one before is done."""
    results: list[float] = []
    jobs = iter(jobs)

    async def user() -> None:
        for job in jobs:
            results.append(await work(job))  # noqa: PERF401 - one at a time

    await asyncio.gather(*(user() for _ in range(users)))
    return results


async def _predict(http: aiohttp.ClientSession, photo: bytes) -> float:
    async with http.post("/v1/predict", data=photo, headers=JPEG) as response:
        response.raise_for_status()
        await response.read()
    return 0.0


async def _answered_ms(http: aiohttp.ClientSession, photo: bytes, poll_s: float) -> float:
    """From the moment the request is sent until the answer is stored; one clock for both."""
    began_s = time.time()
    return (await _finished_s(http, await _post(http, photo), poll_s) - began_s) * 1000


async def _post(http: aiohttp.ClientSession, photo: bytes) -> str:
    async with http.post("/v1/predictions", data=photo, headers=JPEG) as response:
        response.raise_for_status()
        return response.headers["location"]


async def _finished_s(http: aiohttp.ClientSession, url: str, poll_s: float) -> float:
    while True:
        async with http.get(url) as response:
            state = await response.json()
        if state["status"] == "succeeded":
            return datetime.fromisoformat(state["finished_at"]).timestamp()
        if state["status"] not in {"awaiting_upload", "queued", "running"}:
            raise RuntimeError(f"a photo ended as {state}")
        await asyncio.sleep(poll_s)


async def _at_once(http: aiohttp.ClientSession, photo: bytes) -> float:
    """Photos a second by POST /v1/predict."""
    began_s = time.time()
    await _in_turn(repeat(None, PHOTOS), USERS, lambda _: _predict(http, photo))
    return PHOTOS / (time.time() - began_s)


def _ratios(rates: list[tuple[float, float]]) -> str:
    ratios = sorted(queued / at_once for at_once, queued in rates)
    return f"median {median(ratios):.2f}, from {ratios[0]:.2f} to {ratios[-1]:.2f}"


async def _drained(service: Service, http: aiohttp.ClientSession, photo: bytes) -> float:
    """Photos a second from a queue that is full before the first is taken: here requests would
    take the worker's cores, which in AWS they do not.
    """
    lambda_ = _client(service, "lambda")
    (mapping,) = lambda_.list_event_source_mappings()["EventSourceMappings"]
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    urls: list[str] = []

    async def post(_: object) -> float:
        urls.append(await _post(http, photo))
        return 0.0

    await _in_turn(repeat(None, PHOTOS), USERS, post)
    began_s = time.time()
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    queue = _client(service, "sqs")
    # One cheap question a second: whoever asks takes the same cores.
    while _messages(queue):  # noqa: ASYNC110 - over HTTP
        await asyncio.sleep(1.0)
    ends = [await _finished_s(http, url, POLL_S) for url in urls]
    return PHOTOS / (max(ends) - began_s)


def _messages(queue: Any) -> int:
    """How many wait or are under way."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = queue.get_queue_attributes(QueueUrl="UploadsQueue", AttributeNames=names)
    return sum(int(number) for number in answer["Attributes"].values())


async def _memory_mb(service: Service, http: aiohttp.ClientSession, name: str) -> str:
    """The worker's peak after a photo near all limits; it only grows, so the least goes first."""
    photo = _large_photo(name)
    announced = {"content_type": f"image/{name.lower()}", "bytes": len(photo)}
    async with http.post("/v1/uploads", json=announced) as response:
        body = await response.json()
    form = aiohttp.FormData(body["upload"]["fields"])
    form.add_field("file", photo)
    async with aiohttp.ClientSession() as s3, s3.post(body["upload"]["url"], data=form) as response:
        response.raise_for_status()
    await _finished_s(http, body["prediction"]["url"], POLL_S)
    await asyncio.sleep(1.0)  # its record is written when all is done
    peaks = [r.max_memory_mb or 0 for r in service.reports() if r.function == "WorkerFunction"]
    return f"{max(peaks)} MB ({len(photo) / 1e6:.0f} MB)"


def _large_photo(name: str) -> bytes:
    mode, options = LARGE[name]
    grain = np.random.default_rng(0).integers(0, 256, (6250, 8000), np.uint8)
    if mode == "RGBA":  # less grain, as PNG keeps all of it
        grain //= 64
    buffer = io.BytesIO()
    Image.fromarray(grain).convert(mode).save(buffer, name, **options)
    return buffer.getvalue()


def _durations(service: Service, function: str) -> float:
    return median(
        report.duration_ms
        for report in service.reports()
        if report.function == function and report.duration_ms and not report.cold
    )


def _client(service: Service, name: str) -> Any:
    return boto3.client(
        name,
        endpoint_url=(service.data / "aws" / ENDPOINT_FILE).read_text(),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the stand-in's
    )


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
