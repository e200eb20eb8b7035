"""What is deployed: the stack's parameters, and a hash that names this release of the functions.

SAM names a function's version by its properties as written, so another value of a parameter
publishes nothing (aws/serverless-application-model#3820); with the parameter ``Release`` as
``AutoPublishCodeSha256`` it is named by this hash instead.
"""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.deploy.errors import DeployFailed

RELEASE = "Release"


def effective_parameters(template: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, str]:
    """Every parameter's value; of two ``Name=value`` for one name the later stands.

    All are spelled out, as CloudFormation would keep what an earlier deployment gave for the rest.

    Raises:
        DeployFailed: the template has no such parameter, or it has no value.
    """
    declared = template["Parameters"]
    values = {name: each.get("Default") for name, each in declared.items()}
    for override in overrides:
        name, equals, value = override.partition("=")
        if not equals or name not in declared or name == RELEASE:
            known = ", ".join(declared.keys() - {RELEASE})
            raise DeployFailed(f"{override!r} sets no parameter of the template; it has: {known}")
        values[name] = value
    if missing := [name for name, value in values.items() if value is None]:
        raise DeployFailed(f"The template's parameters {', '.join(missing)} need a value.")
    return {name: str(value) for name, value in values.items()}


@dataclass(frozen=True)
class Contents:
    """What a deployment brings: ``template`` is the text that ``sam build`` wrote, ``images`` are
    the ids of images, and ``failed`` is when a deployment before it was rolled back, if it was.
    """

    commit: str
    template: str
    images: tuple[str, ...]
    parameters: Mapping[str, str]
    failed: str = ""


def release_hash(contents: Contents) -> str:
    """64 hex digits that differ whenever the contents do; SAM uses the first ten.

    After a rollback the same contents are another release: the version of the failed attempt is
    still there, and Lambda does not publish one like it again (AWS Lambda API, PublishVersion).
    """
    parameters = {name: each for name, each in contents.parameters.items() if name != RELEASE}
    canonical = replace(contents, parameters=parameters, images=tuple(sorted(contents.images)))
    return sha256(json.dumps(asdict(canonical), sort_keys=True).encode()).hexdigest()


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


def image_uris(built: Mapping[str, Any]) -> list[str]:
    """The images of a template that ``sam build`` wrote.

    Raises:
        DeployFailed: a function has none.
    """
    functions = {
        name: each["Properties"].get("ImageUri")
        for name, each in built["Resources"].items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    if unbuilt := [name for name, uri in functions.items() if not uri]:
        raise DeployFailed(f"{', '.join(unbuilt)}: not built; run `make images` first")
    return list(functions.values())


def image_id(uri: str) -> str:
    """The hash by which Docker knows an image's content."""
    return _output("docker", "image", "inspect", "--format", "{{.Id}}", uri)


def current_commit(root: Path) -> str:
    """The commit that ``root`` is at; empty outside a git checkout."""
    if not (root / ".git").exists():
        return ""
    return _output("git", "-C", str(root), "rev-parse", "HEAD")


def _output(program: str, *arguments: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise DeployFailed(f"{program} is not installed")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - this project's own words
    if done.returncode:
        raise DeployFailed(f"{program} failed: {done.stderr.strip()}")
    return done.stdout.strip()
