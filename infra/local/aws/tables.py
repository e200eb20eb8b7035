"""The tables that ``template.yaml`` describes: made, copied and put back through DynamoDB's API."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from infra.local.sam.intrinsics import Scope, TemplateError, evaluate, load_yaml

_TABLE_TYPE = "AWS::DynamoDB::Table"
_CREATED_WITH = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
)
_LARGEST_BATCH = 25


class StandInFailed(Exception):
    """AWS's stand-in cannot be had, or refused a request; the message is for the terminal."""


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


async def list_tables(session: aiohttp.ClientSession) -> list[str]:
    """Names of the tables that ``session``'s address has.

    Raises:
        StandInFailed: nothing answers there, or not as DynamoDB does.
    """
    names: list[str] = (await _call(session, "ListTables", {}))["TableNames"]
    return names


async def create_missing(session: aiohttp.ClientSession, tables: dict[str, dict[str, Any]]) -> None:
    """Make those that are not there.

    Raises:
        StandInFailed: one was refused.
    """
    for name in tables.keys() - set(await list_tables(session)):
        for action, parameters in requests_creating(name, tables[name]):
            await _call(session, action, parameters)


async def requests_putting_back(session: aiohttp.ClientSession) -> list[dict[str, Any]]:
    """Batches of writes that put all items of all tables back.

    Raises:
        StandInFailed: they cannot be read.
    """
    return [
        {"RequestItems": {name: [{"PutRequest": {"Item": item}} for item in items]}}
        for name in await list_tables(session)
        async for page in _pages(session, name)
        for items in _batches(page)
    ]


async def put_back(session: aiohttp.ClientSession, requests: list[dict[str, Any]]) -> None:
    """Send what ``requests_putting_back`` made.

    Raises:
        StandInFailed: some was refused.
    """
    for request in requests:
        await _call(session, "BatchWriteItem", request)


async def _pages(session: aiohttp.ClientSession, table: str) -> AsyncIterator[list[dict[str, Any]]]:
    scan: dict[str, Any] = {"TableName": table}
    while True:
        page = await _call(session, "Scan", scan)
        yield page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _batches(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(items), _LARGEST_BATCH):
        yield items[start : start + _LARGEST_BATCH]


async def _call(
    session: aiohttp.ClientSession, action: str, parameters: dict[str, Any]
) -> dict[str, Any]:
    headers = {"x-amz-target": f"DynamoDB_20120810.{action}"}
    try:
        async with session.post("/", data=json.dumps(parameters), headers=headers) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
        raise StandInFailed(f"{action}: no answer of DynamoDB's: {exc}") from exc
    if not response.ok:
        raise StandInFailed(f"{action} {parameters.get('TableName')}: {answer}")
    return answer
