"""AWS beside Lambda on one machine: ministack's own server, spoken to over HTTP alone.

It saves its state when it ends, which it is told to however this process ends. Killed itself it
saves nothing; for that, a copy of the tables is written every few seconds.
"""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Any

import aiohttp

from infra.local.account import ACCOUNT, REGION
from infra.local.aws.errors import StandInFailed
from infra.local.aws.stack import deploy
from infra.local.aws.tables import let_items_expire, list_tables, put_back, requests_putting_back
from infra.local.machine.guardian import Guardian
from infra.local.machine.listener import START_ATTEMPTS, free_ports, listens
from infra.local.machine.processes import kill_sessions

ENDPOINT_FILE = "endpoint"
_PYTHON = Path(__file__).parents[3] / ".stand-in" / "bin" / "python"
_LOG_FILE = "stand-in.log"
_STATE_FILE = "dynamodb.json"
_QUEUES_FILE = "sqs.json"
_PORT_FILE = "port"
_COPY_FILE = "copy.json"
_COPY_SHARE = 20
"""A copy takes at most one in so many seconds: of 10 000 answers 0.24, so there is one every 5."""
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_CLAIM_LIMIT_S = 2.0
_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 20.0


@asynccontextmanager
async def local_aws(
    folder: Path, template: dict[str, Any], guardian: Guardian, copy_pause_s: float = 2.0
) -> AsyncIterator[str]:
    """AWS's APIs at the URL this yields, with their state in ``folder``.

    What ``template``, CloudFormation's, describes is there. The stand-in is a process of its own,
    on a free port of loopback; it ends with the context, and with the guardian's owner however that
    ends. ``folder/endpoint`` holds the URL meanwhile. Copies of the tables are ``copy_pause_s`` or
    more apart.

    Raises:
        StandInFailed: it does not start, the folder is in use or damaged, the template is refused,
            or nothing was saved at the end.
    """
    copy, state = folder / _COPY_FILE, folder / _STATE_FILE
    saved: int | None = None
    try:
        async with AsyncExitStack() as stack:
            url = await _start(folder, guardian, stack)
            saved = _written_ns(state)
            session = await stack.enter_async_context(_session(url))
            await deploy(session, template)
            await let_items_expire(session, template)
            if _written_ns(copy) > saved:
                await put_back(session, json.loads(copy.read_text("utf-8")))
            stack.callback((folder / ENDPOINT_FILE).unlink, missing_ok=True)
            (folder / ENDPOINT_FILE).write_text(url, "utf-8")
            stack.callback(asyncio.create_task(_copy_regularly(session, copy, copy_pause_s)).cancel)
            yield url
    finally:
        if _written_ns(state) == saved:
            raise StandInFailed(
                "the stand-in for AWS ended without saving; what was stored in its last seconds is"
                f" lost. {_last_line(folder)}"
            )


async def running_aws(folder: Path) -> str | None:
    """The URL of the stand-in that another process holds for ``folder``; None without one."""
    try:
        url = (folder / ENDPOINT_FILE).read_text("utf-8")
        async with _session(url) as session:
            await list_tables(session)
    except (OSError, ValueError, StandInFailed):
        return None  # none was started, or the file is of one that was killed
    return url


def client_variables(url: str) -> dict[str, str]:
    """Environment variables that point an AWS SDK at ``local_aws``."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        **_CREDENTIALS,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _session(url: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(url, trust_env=False)


async def _start(folder: Path, guardian: Guardian, stack: AsyncExitStack) -> str:
    with _lock(folder) as lock:
        await _claim(lock, folder)
        _check_readable(folder)
        for _ in range(START_ATTEMPTS):
            (port,) = free_ports(1)
            _move_queues(folder, port)
            process = await _launch(folder, port, lock)
            guardian.watch(process.pid, may_save=True)
            stack.push_async_callback(_stop, process, guardian)
            if await listens(port, process, _START_LIMIT_S):
                break
            await _stop(process, guardian)
        else:
            raise StandInFailed(f"the stand-in for AWS did not start: {_last_line(folder)}")
    if error := _last_line(folder):
        process.kill()  # or it would save over what it could not read
        raise StandInFailed(f"{folder} is damaged; move it away to start afresh. {error}")
    return f"http://127.0.0.1:{port}"


async def _launch(folder: Path, port: int, lock: IO[bytes]) -> Process:
    with (folder / _LOG_FILE).open("wb") as log:
        try:
            return await asyncio.create_subprocess_exec(
                *(_PYTHON, "-I", "-m", "ministack"),
                env=_variables(folder, port),
                stdin=lock,  # so it is held until that process too has ended
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal must not reach it
            )
        except FileNotFoundError as exc:
            raise StandInFailed(f"{_PYTHON} is missing: make .stand-in/.installed") from exc


def _variables(folder: Path, port: int) -> dict[str, str]:
    """All it gets: what is set for other tools, such as a proxy, must not change it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        **_CREDENTIALS,  # links are signed with them
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder.absolute() / "s3"),
        "STATE_DIR": str(folder.absolute()),
        "TMPDIR": str(folder.absolute()),  # for the file with its process's number
        "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
        "LOG_LEVEL": "ERROR",
    }


async def _stop(process: Process, guardian: Guardian) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
    kill_sessions({process.pid})  # its forwarders end by themselves, but later
    guardian.release(process.pid)


def _lock(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "lock").open("wb")


async def _claim(lock: IO[bytes], folder: Path) -> None:
    """Keep other stand-ins away from ``folder`` while ``lock`` is open somewhere.

    Raises:
        StandInFailed: another one has it, and keeps it.
    """
    if sys.platform == "win32":  # no such lock there
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    # One that has just lost its parent may still be saving.
    deadline_s = time.monotonic() + _CLAIM_LIMIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            if time.monotonic() > deadline_s:
                raise StandInFailed(f"{folder} is in use by another run.") from exc
            await asyncio.sleep(0.05)
        else:
            return


def _check_readable(folder: Path) -> None:
    for file in folder.glob("*.json"):
        try:
            json.loads(file.read_text("utf-8"))
        except ValueError as exc:
            raise StandInFailed(f"{file} is damaged; move it away to start afresh. {exc}") from exc


async def _copy_regularly(session: aiohttp.ClientSession, file: Path, least_s: float) -> None:
    pause_s, written = least_s, ""
    while True:
        await asyncio.sleep(pause_s)
        began_s = time.monotonic()
        # Where this fails the functions' own requests fail too, and are told.
        with suppress(OSError, StandInFailed):
            copy = json.dumps(await requests_putting_back(session))
            if copy != written:
                file.with_suffix(".partial").write_text(copy, "utf-8")
                file.with_suffix(".partial").replace(file)
                written = copy
        pause_s = max(least_s, _COPY_SHARE * (time.monotonic() - began_s))


def _written_ns(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


def _move_queues(folder: Path, port: int) -> None:
    """Queues are kept by their URL, and so by the port of last time."""
    known, queues = folder / _PORT_FILE, folder / _QUEUES_FILE
    if known.exists() and queues.exists():
        last, now = (f"//127.0.0.1:{number}/" for number in (known.read_text("ascii"), port))
        queues.write_text(queues.read_text("utf-8").replace(last, now), "utf-8")
    known.write_text(str(port), "ascii")


def _last_line(folder: Path) -> str:
    lines = (folder / _LOG_FILE).read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
