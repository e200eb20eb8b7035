"""Requests per second of the whole local cloud: gateway, emulators and the model, over HTTP."""

import asyncio
import signal
import subprocess
import sys
import time
from typing import Never

import aiohttp
from tqdm import tqdm

from benchmarks.material import FOLDER, Material

CLIENTS = 50
WARM_UP_S = 3
MEASURED_S = 20
START_S = 60
PORT = 8719


def requests_per_second(material: Material) -> float:
    """Start `make run`'s program, load it from this process, stop it."""
    command = (
        *(sys.executable, "-m", "infra.commands.run", "--port", str(PORT), "--model", "resnet50"),
        *("--data", str(FOLDER / "data"), "--models-dir", str(material.models_dir)),
    )
    with (FOLDER / "local.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            return asyncio.run(_load(process, material.photo.read_bytes()))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=15)


async def _load(process: subprocess.Popen[bytes], photo: bytes) -> float:
    url = f"http://127.0.0.1:{PORT}/v1"
    connector = aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await _wait_until_up(session, url, process)
        finished: list[float] = []
        end_s = time.perf_counter() + WARM_UP_S + MEASURED_S
        progress = tqdm(desc=f"{CLIENTS} clients", unit=" requests", mininterval=1)
        tasks = [_client(session, url, photo, end_s, finished, progress) for _ in range(CLIENTS)]
        await asyncio.gather(*tasks)
        progress.close()
    counted = [at_s for at_s in finished if end_s - MEASURED_S <= at_s <= end_s]
    return len(counted) / MEASURED_S


async def _wait_until_up(
    session: aiohttp.ClientSession, url: str, process: subprocess.Popen[bytes]
) -> None:
    deadline_s = time.perf_counter() + START_S
    while time.perf_counter() < deadline_s and process.poll() is None:
        try:
            async with session.get(f"{url}/health") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientError:
            await asyncio.sleep(0.2)
    raise RuntimeError(f"make run did not come up; see {FOLDER / 'local.log'}")


async def _client(
    session: aiohttp.ClientSession,
    url: str,
    photo: bytes,
    end_s: float,
    finished: list[float],
    progress: "tqdm[Never]",
) -> None:
    while time.perf_counter() < end_s:
        headers = {"content-type": "image/jpeg"}
        async with session.post(f"{url}/predict", data=photo, headers=headers) as response:
            answer = await response.json()
            if response.status != 200 or len(answer["predictions"]) != 5:
                raise RuntimeError(f"predict answered {response.status}: {answer}")
        finished.append(time.perf_counter())
        progress.update()
