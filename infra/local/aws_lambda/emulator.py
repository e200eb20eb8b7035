"""A Lambda environment as AWS's Runtime Interface Emulator runs it, with awslambdaric inside.

What the emulator does that Lambda does not, and what is done about it here: it answers a timeout
with 200 and plain text, does not limit the init phase, reports neither the init's duration nor the
memory used, and panics when invoked twice at once (the pool's part). One difference stays: a cold
start's init counts toward the function's timeout.
"""

import asyncio
import json
import platform
import re
import sys
from contextlib import suppress
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from time import perf_counter

import aiohttp

from infra.local.aws_lambda.environment import (
    Invocation,
    Launch,
    LogSink,
    Outcome,
    OutcomeKind,
    process_environment,
)
from infra.local.aws_lambda.loglines import pump_lines
from infra.local.machine.guardian import Guardian
from infra.local.machine.listener import START_ATTEMPTS, free_ports, listens
from infra.local.machine.processes import is_running, kill_sessions, only_child, peak_memory_mb

_PATH = "/2015-03-31/functions/function/invocations"
_START_LIMIT_S = 5.0
_LOG_GRACE_S = 0.2
_ONE_WRITE_BYTES = 2**19  # more goes out in pieces, so that others' requests need not wait for it
_TIMEOUT_GRACE_S = 1.0
# The emulator serves one request at a time. Its other threads would only look for work meanwhile,
# which takes the functions more of the processor than the emulator's own work does.
_ONE_GO_THREAD = {"GOMAXPROCS": "1"}

_INIT_DONE = re.compile(r"INIT RTDONE\(status: (\w+)")
_INIT_REPORT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_INVOKE_DONE = re.compile(r"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)")
_PLATFORM_LINE = re.compile(
    r"(START RequestId: \S+ Version: \S+|END RequestId: \S+|REPORT RequestId: .*"
    r"|\d\d \w{3} \d{4} [\d:,]+ \[INFO\] \(rapid\).*)$"
)
# What awslambdaric posts for a handler that raised; the emulator forwards it without Lambda's
# X-Amz-Function-Error header.
_ERROR_KEYS = frozenset({"errorMessage", "errorType", "requestId", "stackTrace"})


def emulator_binary(folder: Path) -> Path | None:
    """The emulator for this machine below ``folder``; None where it cannot run."""
    architecture = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
    if sys.platform != "linux" or architecture is None:
        return None
    binary = folder / f"samcli/local/rapid/aws-lambda-rie-{architecture}"
    return binary.resolve() if binary.is_file() else None


class EmulatorEnvironment:
    """One emulator and the runtime inside it; see ``environment.Environment``."""

    def __init__(
        self,
        launch: Launch,
        binary: Path,
        http: aiohttp.ClientSession,
        log: LogSink,
        guardian: Guardian,
    ) -> None:
        self.id = launch.id
        self.initialization_type = launch.initialization_type
        self._spec = launch.spec
        self._init_limit_s = launch.init_limit_s
        self._variables = process_environment(launch)
        self._binary = binary
        self._http = http
        self._log = log
        self._guardian = guardian
        self._process: asyncio.subprocess.Process | None = None
        self._url = ""
        self._pump: asyncio.Task[None] | None = None
        self._runtime_pid: int | None = None
        self._init_succeeded = False
        self._init_ms: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._invoke_ms: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation; the first one starts the emulator and so the init phase."""
        cold = self._process is None
        started = perf_counter()
        if cold and not await self._start():
            return Outcome("init_failed", b"", 0.0, init_ms=_since(started))
        loop = asyncio.get_running_loop()
        self._invoke_ms = loop.create_future()
        limit_s = self._spec.timeout_s + _TIMEOUT_GRACE_S

        def start_timeout(_init_ms: asyncio.Future[float]) -> None:
            with suppress(RuntimeError):  # the invocation has ended at the same moment
                deadline.reschedule(loop.time() + limit_s)

        try:
            async with asyncio.timeout(self._init_limit_s if cold else limit_s) as deadline:
                if cold:
                    self._init_ms.add_done_callback(start_timeout)
                kind, payload = await self._post(invocation)
        except TimeoutError:
            if cold and not self._init_ms.done():
                return Outcome("init_timeout", b"", 0.0, init_ms=_since(started))
            kind, payload = "function_timeout", b""
        finally:
            self._init_ms.remove_done_callback(start_timeout)
        elapsed_ms = _since(started)
        init_ms = await self._logged(self._init_ms) if cold else None
        if cold and not self._init_succeeded:
            kind = "init_timeout" if kind == "function_timeout" else "init_failed"
            return Outcome(kind, b"", 0.0, init_ms=init_ms or elapsed_ms)
        logged_ms = (
            await self._logged(self._invoke_ms) if kind in ("ok", "function_error") else None
        )
        duration_ms = elapsed_ms - (init_ms or 0.0) if logged_ms is None else logged_ms
        return Outcome(kind, payload, duration_ms, init_ms, self._peak_memory_mb())

    @property
    def alive(self) -> bool:
        """Whether emulator and runtime still run."""
        if self._process is None or not is_running(self._process.pid):
            return False
        return self._runtime_pid is None or is_running(self._runtime_pid)

    async def stop(self) -> None:
        """Kill the emulator, the runtime and whatever that started; take its last lines."""
        if self._process is None:
            return
        leader = self._process.pid
        kill_sessions({leader})
        await self._process.wait()
        self._guardian.release(leader)
        if self._pump is not None:
            await self._pump

    async def _start(self) -> bool:
        for _ in range(START_ATTEMPTS):
            invoke_port, runtime_port = free_ports(2)
            self._process = await asyncio.create_subprocess_exec(
                self._binary,
                *("--runtime-interface-emulator-address", f"127.0.0.1:{invoke_port}"),
                *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
                *("--log-level", "info"),
                *(sys.executable, "-m", "awslambdaric", self._spec.handler),
                cwd=self._spec.code_folder,
                env=_ONE_GO_THREAD | self._variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
            self._guardian.watch(self._process.pid)
            assert self._process.stdout is not None
            self._pump = asyncio.create_task(pump_lines(self._process.stdout, self._read_line))
            if await listens(invoke_port, self._process, _START_LIMIT_S):
                self._url = f"http://127.0.0.1:{invoke_port}{_PATH}"
                return True
            await self.stop()
        return False

    async def _post(self, invocation: Invocation) -> tuple[OutcomeKind, bytes]:
        headers = {"X-Amzn-RequestId": invocation.request_id}
        try:
            event = invocation.event
            data = BytesIO(event) if len(event) > _ONE_WRITE_BYTES else event
            async with self._http.post(self._url, data=data, headers=headers) as response:
                return _verdict(response.status, await response.read())
        except aiohttp.ClientError:
            return "function_crashed", b""

    async def _logged(self, figure: asyncio.Future[float]) -> float | None:
        # Its line is written before the answer is sent, but comes through another pipe.
        if figure.done():
            return figure.result()
        done, _ = await asyncio.wait({figure}, timeout=_LOG_GRACE_S)
        return figure.result() if done else None

    def _peak_memory_mb(self) -> int | None:
        if self._runtime_pid is None and self._process is not None:
            self._runtime_pid = only_child(self._process.pid)
        return None if self._runtime_pid is None else peak_memory_mb(self._runtime_pid)

    def _read_line(self, line: str) -> None:
        if (match := _INVOKE_DONE.search(line)) and not self._invoke_ms.done():
            self._invoke_ms.set_result(float(match[1]))
        elif not self._init_ms.done():
            if match := _INIT_DONE.search(line):
                self._init_succeeded = match[1] == "success"
            elif match := _INIT_REPORT.search(line):
                self._init_ms.set_result(float(match[1]))
        own = _PLATFORM_LINE.sub("", line)
        if own or not line:
            self._log.write(own)


def _verdict(status: int, body: bytes) -> tuple[OutcomeKind, bytes]:
    if status == HTTPStatus.OK and body.startswith(b"Task timed out"):
        # Not JSON, so no function can have returned it.
        return "function_timeout", b""
    if status == HTTPStatus.OK and not body.startswith(b'{"error'):
        return "ok", body
    try:
        error = json.loads(body)
    except ValueError:
        error = {}
    if status == HTTPStatus.OK:
        return "function_error" if error.keys() == _ERROR_KEYS else "ok", body
    too_large = error.get("errorType") == "Function.ResponseSizeTooLarge"
    return "response_too_large" if too_large else "function_crashed", b""


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
