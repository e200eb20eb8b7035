"""Imports a function's handler, as Lambda does at a cold start, and counts what that took.

A program of its own: ``python -S -P cold_start_probe.py feedback.handler`` prints one JSON object.
What stands above the measurement is loaded in every interpreter anyway.
"""

import os
import sys
from types import FrameType
from typing import Any


class Importers:
    """A module finder that finds nothing, but notes who asked for a module first."""

    def __init__(self) -> None:
        self.importer_of: dict[str, str] = {}

    def find_spec(self, name: str, *_: object) -> None:
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - nothing else tells who imports
        while frame and str(frame.f_globals.get("__name__")).startswith(("importlib", "_frozen")):
            frame = frame.f_back
        self.importer_of.setdefault(name, frame.f_globals["__name__"] if frame else "")


def probe(handler: str) -> dict[str, Any]:
    """``importer_of`` each module that was loaded; the paths ``read``, as often as they were; the
    services of the boto3 ``clients`` built, kept or not."""
    opened: list[str] = []
    clients: list[str] = []

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            _, _, flags = arguments
            if flags & os.O_ACCMODE == os.O_RDONLY:
                opened.append(arguments[0])

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_qualname == "ClientCreator.create_client":
            clients.append(frame.f_locals["service_name"])

    before = set(sys.modules)
    importers = Importers()
    sys.meta_path.insert(0, importers)  # type: ignore[arg-type]  # it has what is asked of it
    sys.addaudithook(audit)
    sys.setprofile(profile)
    __import__(handler)
    sys.setprofile(None)
    loaded = [name for name in sys.modules if name not in before]
    return {
        "importer_of": {name: importers.importer_of.get(name, "") for name in loaded},
        "read": opened.copy(),  # the hook stays for good
        "clients": clients,
    }


if __name__ == "__main__":
    measured = probe(sys.argv[1])
    import json
    from pathlib import Path

    # The dynamic linker opens libraries, not Python.
    measured["maps"] = Path("/proc/self/maps").read_text("utf-8")
    sys.stdout.write(json.dumps(measured))
