"""Real environments with toy functions: AWS's emulator, and worker processes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from infra.local.aws_lambda.emulator import emulator_binary
from infra.local.cloud import CloudSettings, Listeners, running_cloud
from infra.local.machine.guardian import Guardian
from infra.local.machine.listener import bind
from infra.local.sam.template import read_template
from tests.conftest import LIMIT_S, ROOT, skip_or_fail

TOY = Path(__file__).with_name("toy")


@dataclass(frozen=True)
class Toy:
    """A running cloud of toy functions, seen from outside."""

    http: aiohttp.ClientSession
    lambda_url: str
    data: Path
    messages: list[str]

    async def get(self, path: str) -> tuple[int, Any]:
        """Status, and the body as JSON or else as bytes."""
        return await self.send("GET", path)

    async def send(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.http.request(method, path, **options) as response:
            body = await response.read()
            try:
                return response.status, json.loads(body)
            except ValueError:
                return response.status, body

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what must happen."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110 - what other processes do sets no event here
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def holding(self) -> AsyncIterator["asyncio.Task[tuple[int, Any]]"]:
        """While it lasts, one environment is busy with a request, which is answered afterwards."""
        task = asyncio.create_task(self.get("/v1/hold"))
        try:
            await self.until((self.data / "held").exists)
            yield task
        finally:
            (self.data / "let-go").touch()
        await asyncio.wait({task})

    def reports(self) -> list[dict[str, Any]]:
        lines = (self.data / "logs" / "requests.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def log(self, function: str = "EchoFunction") -> str:
        return (self.data / "logs" / f"{function}.log").read_text()


Scenario = Callable[[Toy], Awaitable[None]]


@pytest.fixture(params=["emulator", "worker"])
def emulator(request: pytest.FixtureRequest) -> Path | None:
    """The emulator, then None: worker processes."""
    return require_emulator() if request.param == "emulator" else None


def require_emulator() -> Path:
    binary = emulator_binary(ROOT / ".emulator")
    if binary is None:
        skip_or_fail("no Lambda Runtime Interface Emulator for this machine in .emulator")
    assert binary is not None
    return binary


@pytest.fixture
def run_cloud(emulator: Path | None, tmp_path: Path):
    """Runs a scenario against a cloud of its own, which must leave no process behind."""

    def run(
        scenario: Scenario,
        *,
        parameters: dict[str, str] | None = None,
        environments: int = 2,
        queue: int = 100,
        **limits: float,
    ) -> None:
        async def stand_up() -> None:
            settings = CloudSettings(tmp_path, TOY / "web", emulator, environments, queue, **limits)
            async with _toy_cloud(settings, parameters or {}) as toy:
                await scenario(toy)

        asyncio.run(stand_up())
        assert marked_processes(str(tmp_path)) == []

    return run


def marked_processes(mark: str) -> list[psutil.Process]:
    """Whatever environments left behind: their variables stay with all that they start."""
    processes = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("MARK") == mark:
                processes.append(process)
    return processes


@asynccontextmanager
async def _toy_cloud(settings: CloudSettings, parameters: dict[str, str]) -> AsyncIterator[Toy]:
    template = read_template(TOY / "template.yaml", parameters, {"MARK": str(settings.data)})
    listeners = Listeners(bind("127.0.0.1", 0), bind("127.0.0.1", 0))
    url = url_of(listeners.http_api)
    lines: list[str] = []
    with Guardian() as guardian:
        async with (
            running_cloud(template, settings, listeners, guardian, lines.append),
            aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as http,
        ):
            yield Toy(http, url_of(listeners.invoke_api), settings.data, lines)


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
