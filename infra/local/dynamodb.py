"""DynamoDB on one machine: the tables that ``template.yaml`` describes, kept over restarts."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Any

import aiohttp

from infra.local.intrinsics import Scope, TemplateError, evaluate, load_yaml
from infra.local.template import REGION

ENDPOINT_FILE = "endpoint"
_ROOT = Path(__file__).parents[2]
_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 2.0
_TABLE_TYPE = "AWS::DynamoDB::Table"
_CREATED_WITH = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
)


class DynamoDBFailed(Exception):
    """The stand-in did not start, or did not take a table; the message is for the terminal."""


@asynccontextmanager
async def local_dynamodb(folder: Path, template: Path) -> AsyncIterator[str]:
    """DynamoDB's API at the URL this yields, with its state in ``folder``.

    Every table of ``template`` is there, named by its logical id. The stand-in is a process of its
    own, on a free port of loopback; it ends with the context, and with this process however that
    ends. ``folder/endpoint`` holds the URL meanwhile.

    Raises:
        DynamoDBFailed: it does not start, the folder is in use, or a table cannot be created.
        TemplateError: the template cannot be read.
    """
    tables = dict(read_tables(template))
    process = await _start(folder)
    try:
        url = await _url(process, folder)
        await _create_missing(url, tables)
        (folder / ENDPOINT_FILE).write_text(url, "utf-8")
        yield url
    finally:
        (folder / ENDPOINT_FILE).unlink(missing_ok=True)
        await _stop(process)


async def running_dynamodb(folder: Path) -> str | None:
    """The URL of the stand-in that another process holds for ``folder``; None without one."""
    try:
        url = (folder / ENDPOINT_FILE).read_text("utf-8")
        async with aiohttp.ClientSession(trust_env=False) as session:
            await _call(session, url, "ListTables", {})
    except (OSError, aiohttp.ClientError, ValueError, DynamoDBFailed):
        return None  # none was started, or the file is of one that was killed
    return url


def client_variables(url: str) -> dict[str, str]:
    """Environment variables that point an AWS SDK at ``local_dynamodb``."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def read_tables(template: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Logical id and properties of every table in a template.

    Raises:
        TemplateError: it cannot be read, or a property depends on more than literals.
    """
    resources = load_yaml(template).get("Resources", {})
    scope = Scope({}, {}, {}, frozenset(resources))
    for name, resource in resources.items():
        if resource.get("Type") == _TABLE_TYPE:
            try:
                yield name, evaluate(resource["Properties"], scope)
            except TemplateError as exc:
                raise TemplateError(f"{template.name}, {name}: {exc}") from exc


def requests_creating(name: str, properties: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The API's actions, with their parameters, that make what CloudFormation would."""
    created = {key: properties[key] for key in _CREATED_WITH if key in properties}
    requests = [("CreateTable", {"TableName": name, **created})]
    if expiry := properties.get("TimeToLiveSpecification"):
        requests.append(
            ("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": expiry})
        )
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        requests.append(
            (
                "UpdateContinuousBackups",
                {"TableName": name, "PointInTimeRecoverySpecification": recovery},
            )
        )
    return requests


async def _start(folder: Path) -> Process:
    with _log(folder) as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.local.dynamodb_server"),
            cwd=_ROOT,
            env=_variables(folder),
            stdin=PIPE,  # it ends when this pipe closes
            stdout=PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it
        )


async def _stop(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()  # all it confirmed is on disk
    try:
        await asyncio.wait_for(process.wait(), _STOP_LIMIT_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _variables(folder: Path) -> dict[str, str]:
    return {**os.environ, "PERSIST_STATE": "1", "STATE_DIR": str(folder.absolute())}


def _log(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "stand-in.log").open("wb")


async def _url(process: Process, folder: Path) -> str:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_LIMIT_S)
    except TimeoutError:
        line = b""
    if not line:
        reason = (folder / "stand-in.log").read_text("utf-8", "replace").strip().splitlines()
        raise DynamoDBFailed(f"DynamoDB's stand-in did not start: {(reason or ['no reason'])[-1]}")
    return f"http://127.0.0.1:{int(line)}"


async def _create_missing(url: str, tables: dict[str, dict[str, Any]]) -> None:
    async with aiohttp.ClientSession(trust_env=False) as session:
        present = (await _call(session, url, "ListTables", {}))["TableNames"]
        for name in tables.keys() - set(present):
            for action, parameters in requests_creating(name, tables[name]):
                await _call(session, url, action, parameters)


async def _call(
    session: aiohttp.ClientSession, url: str, action: str, parameters: dict[str, Any]
) -> dict[str, Any]:
    headers = {"x-amz-target": f"DynamoDB_20120810.{action}"}
    async with session.post(url, data=json.dumps(parameters), headers=headers) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
        if not response.ok:
            raise DynamoDBFailed(f"{action} {parameters.get('TableName')}: {answer}")
        return answer
