"""Environments' processes: ended whole, and their memory.

Each environment leads a session of its own. Its process group is not enough: the emulator puts the
runtime into another one, and a runtime that is busy outlives a killed emulator.
"""

import os
import signal
import sys
import time
from collections.abc import Collection
from contextlib import suppress

import psutil

_KIB_PER_MIB = 1024
_PROC_BYTES = 8192  # more than either file has
_WINDOWS = sys.platform == "win32"


def kill_sessions(leaders: Collection[int]) -> None:
    """SIGKILL every process in the sessions led by ``leaders``, until a look finds no new one."""
    killed: set[int] = set()
    while victims := _members(leaders) - killed:
        for pid in victims:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM if _WINDOWS else signal.SIGKILL)
        killed |= victims


def peak_memory_mb(pid: int) -> int | None:
    """The most memory a process has had resident, in MB; None when it is gone.

    Linux and Windows keep the peak; elsewhere it is what is resident now.
    """
    try:
        if sys.platform == "linux":
            _, separator, rest = _read_proc(f"/proc/{pid}/status").partition(b"VmHWM:")
            return int(rest.split(None, 1)[0]) // _KIB_PER_MIB if separator else None
        memory = psutil.Process(pid).memory_info()
        return int(getattr(memory, "peak_wset", memory.rss)) // _KIB_PER_MIB**2
    except (OSError, psutil.Error):
        return None


def only_child(pid: int) -> int | None:
    """The process that ``pid`` started, if it still has one."""
    try:
        return next((child.pid for child in psutil.Process(pid).children()), None)
    except psutil.Error:
        return None


def environments_below(pid: int) -> dict[tuple[str, str], list[psutil.Process]]:
    """Processes of the environments that ``pid`` runs, by id and function, the oldest first: those
    that have Lambda's variables. The stand-in's forwarders do too, but no version in the stream."""
    groups: dict[tuple[str, str], list[psutil.Process]] = {}
    with suppress(psutil.Error):
        children = psutil.Process(pid).children(recursive=True)
        for process in sorted(children, key=lambda child: child.create_time()):
            with suppress(psutil.Error):
                variables = process.environ()
                _, version, stream = variables.get("AWS_LAMBDA_LOG_STREAM_NAME", "").rpartition("]")
                if version:
                    key = stream, variables["AWS_LAMBDA_FUNCTION_NAME"]
                    groups.setdefault(key, []).append(process)
    return groups


def is_running(pid: int) -> bool:
    """Whether the process is there, and not merely its exit status."""
    try:
        if sys.platform == "linux":
            return not _read_proc(f"/proc/{pid}/stat").rpartition(b")")[2].startswith(b" Z")
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.Error):
        return False


def still_running(pids: Collection[int], limit_s: float) -> list[int]:
    """Wait until none of the processes runs; those that do at the limit.

    In containers whose first process is no init, what has ended stays as a zombie for long.
    """
    deadline_s = time.monotonic() + limit_s
    while (running := [pid for pid in pids if is_running(pid)]) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return running


def _read_proc(path: str) -> bytes:
    """A file of /proc, in three system calls where ``open`` makes ten: each request reads some."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, _PROC_BYTES)
    finally:
        os.close(descriptor)


def _members(leaders: Collection[int]) -> set[int]:
    if _WINDOWS:  # it has no sessions of this kind
        return {pid for leader in leaders for pid in _tree(leader)}
    return {pid for pid in psutil.pids() if _session(pid) in leaders}


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _tree(leader: int) -> set[int]:
    try:
        process = psutil.Process(leader)
        return {leader, *(child.pid for child in process.children(recursive=True))}
    except psutil.Error:
        return set()
