"""One run against a local cloud of its own."""

from pathlib import Path

from loadtest.generator import LoadSpec, Run, collect, generate_load
from loadtest.local_source import LocalRecords
from loadtest.service import ServiceSpec, running_service


def run_fresh(name: str, service: ServiceSpec, load: LoadSpec, folder: Path) -> Run:
    """Start a service, load it, stop it; all of it is kept below ``folder``.

    Raises:
        ServiceFailed: the service does not come up.
        RunFailed: Locust did not do its work.
    """
    data = folder / "services" / name
    with running_service(service, data) as running:
        exit_code = generate_load(name, load, running.url, folder)
    return collect(name, exit_code, folder, LocalRecords(data))
