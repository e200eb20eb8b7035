"""What is deployed, as one hash that names this release of the functions.

SAM names a function's version by its properties as written, so another value of a parameter
publishes nothing (aws/serverless-application-model#3820); with the parameter ``Release`` as
``AutoPublishCodeSha256`` it is named by this hash instead.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.deploy.errors import DeployFailed
from infra.deploy.parameters import RELEASE


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
    parameters = {name: value for name, value in contents.parameters.items() if name != RELEASE}
    canonical = replace(contents, parameters=parameters, images=tuple(sorted(contents.images)))
    return sha256(json.dumps(asdict(canonical), sort_keys=True).encode()).hexdigest()


def image_uris(built: Mapping[str, Any]) -> list[str]:
    """The images of a template that ``sam build`` wrote.

    Raises:
        DeployFailed: a function has none.
    """
    functions = {
        name: resource["Properties"].get("ImageUri")
        for name, resource in built["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    if unbuilt := [name for name, uri in functions.items() if not uri]:
        raise DeployFailed(f"{', '.join(unbuilt)}: not built; run `make images` first")
    return list(functions.values())


def image_id(uri: str) -> str:
    """Docker's hash of an image's content."""
    return _output("docker", "image", "inspect", "--format", "{{.Id}}", uri)


def current_commit(root: Path) -> str:
    """The commit that ``root`` is at; empty outside a git checkout."""
    if not (root / ".git").exists():
        return ""
    return _output("git", "-C", str(root), "rev-parse", "HEAD")


def _output(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise DeployFailed(f"{program} is not installed")
    completed = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - this project's own words
    if completed.returncode:
        raise DeployFailed(f"{program} failed: {completed.stderr.strip()}")
    return completed.stdout.strip()
