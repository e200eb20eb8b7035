"""The stack of an environment, and its outputs for the page and the feedback."""

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from infra.deploy.errors import DeployFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


_SOUND = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",  # the stack is as it was before
    }
)


class StackMissing(DeployFailed):
    """There is no such stack, or nothing is left of it."""


@dataclass(frozen=True)
class StackName:
    """A stack; without region and profile, those of the AWS session."""

    name: str
    region: str | None = None
    profile: str | None = None


@dataclass(frozen=True)
class PageStack:
    """Where the page is published; ``url`` is the origin, without a slash at its end."""

    url: str
    bucket: str
    distribution_id: str


@dataclass(frozen=True)
class FeedbackStack:
    """Where feedback is kept, and for how long after it was given."""

    table: str
    retention: timedelta


def read_samconfig(file: Path, env: str) -> StackName:
    """The stack that ``sam --config-env env`` deploys.

    Raises:
        DeployFailed: the file cannot be read, or has no such environment.
    """
    values = read_settings(file, env)
    return StackName(values["stack_name"], values.get("region"), values.get("profile"))


def read_settings(file: Path, env: str) -> dict[str, Any]:
    """What ``sam deploy --config-env env`` takes from the file.

    Raises:
        DeployFailed: the file cannot be read, or has no such environment.
    """
    try:
        config = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise DeployFailed(f"{file} cannot be read: {exc}") from exc
    tables = config.get(env, {})
    values = {
        name: value
        for command in ("global", "deploy")  # SAM lets the command's own values win
        for name, value in tables.get(command, {}).get("parameters", {}).items()
    }
    if "stack_name" not in values:
        names = ", ".join(name for name, value in config.items() if isinstance(value, dict))
        raise DeployFailed(f"{file} names no stack for {env!r}; its environments: {names}")
    return values


def read_overrides(file: Path, env: str) -> list[str]:
    """The template's parameters that ``env`` sets, as ``Name=value``.

    Raises:
        DeployFailed: the file cannot be read, or has no such environment.
    """
    overrides: list[str] = read_settings(file, env).get("parameter_overrides", [])
    return overrides


def read_page_stack(client: "CloudFormationClient", name: str) -> PageStack:
    """The outputs that publishing needs, of a stack in a sound state.

    Raises:
        StackMissing: there is none of that name.
        DeployFailed: it is being changed or has failed, or lacks an output.
    """
    outputs = _sound_outputs(client, name)
    return PageStack(
        url=_origin(_output(outputs, "PageUrl", name)),
        bucket=_output(outputs, "PageBucketName", name),
        distribution_id=_output(outputs, "PageDistributionId", name),
    )


def read_checks(client: "CloudFormationClient", name: str) -> dict[str, str]:
    """The functions that check new versions, by what they check.

    Raises:
        StackMissing, DeployFailed: as ``read_page_stack``.
    """
    outputs = _sound_outputs(client, name)
    return {
        "golden photos, as Keras classifies them": _output(outputs, "ClassifierCheckName", name),
        "feedback stores an answer": _output(outputs, "FeedbackCheckName", name),
    }


def read_log_group(client: "CloudFormationClient", name: str) -> str:
    """Where the classifier logs.

    Raises:
        StackMissing, DeployFailed: as ``read_page_stack``.
    """
    return _output(_sound_outputs(client, name), "ClassifierLogGroup", name)


def read_failed_update(client: "CloudFormationClient", name: str) -> str:
    """When the stack's last update began, if it was rolled back; else empty."""
    try:
        stack = _read_stack(client, name)
    except StackMissing:
        return ""  # nothing was deployed yet
    rolled_back = stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    return str(stack["LastUpdatedTime"]) if rolled_back else ""


def read_receipt_keys(client: "CloudFormationClient", name: str) -> tuple[str, str]:
    """ARNs of the secrets of the present receipt key and of the one before it.

    Raises:
        StackMissing, DeployFailed: as ``read_page_stack``.
    """
    outputs = _sound_outputs(client, name)
    return (
        _output(outputs, "ReceiptKeyArn", name),
        _output(outputs, "PreviousReceiptKeyArn", name),
    )


def read_feedback_stack(client: "CloudFormationClient", name: str) -> FeedbackStack:
    """The outputs that restoring needs, of a stack in a sound state.

    Raises:
        StackMissing: there is none of that name.
        DeployFailed: it is being changed or has failed, or lacks an output.
    """
    outputs = _sound_outputs(client, name)
    return FeedbackStack(
        table=_output(outputs, "FeedbackTableName", name),
        retention=timedelta(days=int(_output(outputs, "FeedbackRetentionDays", name))),
    )


def read_buckets(client: "CloudFormationClient", name: str) -> list[str]:
    """The buckets that are deleted with the stack, in whatever state it is: a failed one is deleted
    too.

    Raises:
        StackMissing: there is no such stack, or it has no bucket (any more).
    """
    status, outputs = _describe(client, name)
    buckets = [outputs[key] for key in ("PageBucketName", "UploadsBucketName") if key in outputs]
    if not buckets:
        raise StackMissing(f"The stack {name} ({status}) has no bucket.")
    return buckets


def _sound_outputs(client: "CloudFormationClient", name: str) -> dict[str, str]:
    status, outputs = _describe(client, name)
    if status not in _SOUND:
        raise DeployFailed(f"The stack {name} is not ready: {status}.")
    return outputs


def _describe(client: "CloudFormationClient", name: str) -> tuple[str, dict[str, str]]:
    stack = _read_stack(client, name)
    outputs = stack.get("Outputs", [])
    return stack["StackStatus"], {output["OutputKey"]: output["OutputValue"] for output in outputs}


def _read_stack(client: "CloudFormationClient", name: str) -> "StackTypeDef":
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ValidationError":
            raise
        region = client.meta.region_name
        raise StackMissing(f"There is no stack {name} in {region} of this account.") from exc
    return stack


def _output(outputs: dict[str, str], key: str, name: str) -> str:
    if not outputs.get(key):
        raise DeployFailed(f"The stack {name} has no output {key}; deploy template.yaml anew.")
    return outputs[key]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise DeployFailed(f"The stack's PageUrl is no address: {url!r}")
    return f"{parts.scheme}://{parts.netloc}"
