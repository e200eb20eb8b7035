"""Ports: the one that the cloud answers on, and those of the processes it starts."""

import asyncio
import os
import socket
from contextlib import ExitStack, suppress
from time import perf_counter

START_ATTEMPTS = 3
"""A free port can be taken by another process before the one it is meant for binds it."""


class PortUnavailable(Exception):
    """The address or port cannot be had; the message is for the terminal."""

    def __init__(self, port: int, reason: str = "in use") -> None:
        super().__init__(f"port {port} cannot be had ({reason}); choose another with PORT=…")


def bind(host: str, port: int) -> socket.socket:
    """Take the port, before anything slow is done.

    Raises:
        PortUnavailable: another process has it, or there is no such address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":  # restarts at once; elsewhere it would allow two listeners
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except socket.gaierror as exc:
        raise PortUnavailable(port, f"{host} is no address of this machine") from exc
    except (OSError, OverflowError) as exc:
        raise PortUnavailable(port, str(exc)) from exc
    return listener


def bind_next(port: int) -> socket.socket:
    """Take the port after ``port`` on loopback, or any free one where that is taken."""
    try:
        return bind("127.0.0.1", port + 1)
    except PortUnavailable:
        return bind("127.0.0.1", 0)


def reachable_url(host: str, port: int) -> str:
    """Where a browser on this machine finds what listens on ``host``."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_ports(count: int) -> list[int]:
    """``count`` ports of loopback that are free at the moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


async def listens(port: int, process: asyncio.subprocess.Process, limit_s: float) -> bool:
    """Whether ``process`` takes connections before it ends or the time is up."""
    deadline = perf_counter() + limit_s
    while process.returncode is None and perf_counter() < deadline:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        await asyncio.sleep(0.002)
    return False
