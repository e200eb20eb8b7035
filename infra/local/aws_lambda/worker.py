"""A Lambda environment as a plain worker process, for machines the emulator does not run on.

Same handler, same event, same outcomes; what is missing is awslambdaric and AWS's own runtime API.
"""

import asyncio
import json
import sys
from asyncio.subprocess import Process
from dataclasses import replace
from pathlib import Path
from time import perf_counter, time
from typing import Any

from infra.local.aws_lambda.environment import (
    MAX_PAYLOAD_BYTES,
    Invocation,
    Launch,
    LogSink,
    Outcome,
    OutcomeKind,
    process_environment,
)
from infra.local.aws_lambda.loglines import pump_lines
from infra.local.machine.guardian import Guardian
from infra.local.machine.processes import is_running, kill_sessions, peak_memory_mb

_RUNTIME = Path(__file__).with_name("worker_runtime.py")
_BROKEN = (EOFError, ValueError, OSError)
"""What reading frames raises when the process has ended or sent something else."""


class WorkerEnvironment:
    """One worker process; see ``environment.Environment``."""

    def __init__(
        self,
        launch: Launch,
        log: LogSink,
        guardian: Guardian,
    ) -> None:
        self.id = launch.id
        self.initialization_type = launch.initialization_type
        self._spec = launch.spec
        self._init_limit_s = launch.init_limit_s
        self._variables = process_environment(launch)
        self._log = log
        self._guardian = guardian
        self._process: Process | None = None
        self._pump: asyncio.Task[None] | None = None

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation; the first one starts the process and so the init phase."""
        if self._process is not None:
            return await self._handle(self._process, invocation)
        started = perf_counter()
        process = await self._start()
        kind = await self._initialise(process)
        init_ms = _since(started)
        if kind != "ok":
            return Outcome(kind, b"", 0.0, init_ms)
        return replace(await self._handle(process, invocation), init_ms=init_ms)

    async def _initialise(self, process: Process) -> OutcomeKind:
        try:
            frame, _ = await asyncio.wait_for(_read_frame(process), self._init_limit_s)
        except TimeoutError:
            return "init_timeout"
        except _BROKEN:
            return "init_failed"
        return "ok" if frame["kind"] == "initialized" else "init_failed"

    async def _handle(self, process: Process, invocation: Invocation) -> Outcome:
        started = perf_counter()
        try:
            async with asyncio.timeout(self._spec.timeout_s):
                await self._send(process, invocation)
                frame, payload = await _read_frame(process)
        except TimeoutError:
            self._log.write(
                f"{invocation.request_id} Task timed out after {self._spec.timeout_s} s"
            )
            return Outcome("function_timeout", b"", _since(started))
        except _BROKEN:
            return Outcome("function_crashed", b"", _since(started))
        memory_mb = peak_memory_mb(process.pid)
        if len(payload) > MAX_PAYLOAD_BYTES:
            return Outcome("response_too_large", b"", _since(started), None, memory_mb)
        return Outcome(frame["kind"], payload, _since(started), None, memory_mb)

    @property
    def alive(self) -> bool:
        """Whether the worker still runs."""
        # The process itself is asked: asyncio learns of its end a moment later.
        return self._process is not None and is_running(self._process.pid)

    async def stop(self) -> None:
        """Kill the worker and whatever it started; take its last lines."""
        if self._process is None:
            return
        kill_sessions({self._process.pid})
        await self._process.wait()
        self._guardian.release(self._process.pid)
        if self._pump is not None:
            await self._pump

    async def _start(self) -> Process:
        # -P: the runtime's own folder must not shadow the function's modules.
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", _RUNTIME, self._spec.handler),
            cwd=self._spec.code_folder,
            env=self._variables,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._guardian.watch(self._process.pid)
        assert self._process.stderr is not None
        self._pump = asyncio.create_task(pump_lines(self._process.stderr, self._log.write))
        return self._process

    async def _send(self, process: Process, invocation: Invocation) -> None:
        assert process.stdin is not None
        header = {
            "request_id": invocation.request_id,
            "deadline_ms": int((time() + self._spec.timeout_s) * 1000),
            "bytes": len(invocation.event),
        }
        process.stdin.writelines((json.dumps(header).encode(), b"\n", invocation.event))
        await process.stdin.drain()


async def _read_frame(process: Process) -> tuple[dict[str, Any], bytes]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise EOFError
    header: dict[str, Any] = json.loads(line)
    return header, await process.stdout.readexactly(header["bytes"])


def _since(started: float) -> float:
    return (perf_counter() - started) * 1000
