"""The values that a deployment gives the template's parameters."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from infra.deploy.errors import DeployFailed

RELEASE = "Release"


def effective_parameters(template: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, str]:
    """Every parameter's value; of two ``Name=value`` for one name the later stands.

    All are spelled out, as CloudFormation would keep what an earlier deployment gave for the rest.

    Raises:
        DeployFailed: the template has no such parameter, or it has no value; or more is provisioned
            than reserved, which Lambda would refuse only after the stack was half changed, or,
            while it scales, without a word.
    """
    declared = template["Parameters"]
    values = {name: declaration.get("Default") for name, declaration in declared.items()}
    for override in overrides:
        name, equals, value = override.partition("=")
        if not equals or name not in declared or name == RELEASE:
            names = ", ".join(declared.keys() - {RELEASE})
            raise DeployFailed(f"{override!r} sets no parameter of the template; it has: {names}")
        values[name] = value
    if missing := [name for name, value in values.items() if value is None]:
        raise DeployFailed(f"The template's parameters {', '.join(missing)} need a value.")
    _check({name: str(value) for name, value in values.items()})
    return {name: str(value) for name, value in values.items()}


def write_parameters(file: Path, parameters: Mapping[str, str]) -> None:
    """For ``sam --parameter-overrides file://…``, which reads YAML; JSON is YAML."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(parameters, indent=2) + "\n", "utf-8")


def read_parameters(file: Path) -> dict[str, str]:
    """What ``write_parameters`` wrote.

    Raises:
        DeployFailed: it is not there.
    """
    try:
        parameters: dict[str, str] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise DeployFailed(f"{file} cannot be read: {exc}; `make images` writes it") from exc
    return parameters


def _check(values: Mapping[str, str]) -> None:
    # CloudFormation's rules compare no numbers.
    reserved = int(values.get("ReservedConcurrency", 0))
    for name in ("ProvisionedConcurrency", "ProvisionedConcurrencyMax"):
        provisioned = int(values.get(name, 0))
        if 0 < reserved < provisioned:
            raise DeployFailed(f"{name}={provisioned} is more than ReservedConcurrency={reserved}.")
