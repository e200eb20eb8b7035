"""What ``sam deploy`` gives the template, checked where the template itself cannot."""

from collections.abc import Iterable
from pathlib import Path

from infra.deploy.errors import DeployFailed
from infra.deploy.stack import read_settings


def deploy_parameters(file: Path, env: str, more: Iterable[str] = ()) -> list[str]:
    """``Name=value`` of samconfig.toml's parameters, and of ``more``.

    SAM's own option does not add to what the file says, it takes its place.

    Raises:
        DeployFailed: the file cannot be read, has no such environment, or provisions more than it
            reserves: Lambda would refuse that only after the stack was half changed, or, while it
            scales, without a word.
    """
    parameters = [*read_settings(file, env).get("parameter_overrides", []), *more]
    _check(dict(each.split("=", 1) for each in parameters))
    return parameters


def _check(values: dict[str, str]) -> None:
    reserved = int(values.get("ReservedConcurrency", 0))
    for name in ("ProvisionedConcurrency", "ProvisionedConcurrencyMax"):
        provisioned = int(values.get(name, 0))
        if 0 < reserved < provisioned:
            raise DeployFailed(f"{name}={provisioned} is more than ReservedConcurrency={reserved}.")
