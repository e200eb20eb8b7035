"""Tables of the stand-in, copied and put back through DynamoDB's API."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp

from infra.local.aws.errors import StandInFailed

_LARGEST_BATCH = 25


async def list_tables(session: aiohttp.ClientSession) -> list[str]:
    """Names of the tables that ``session``'s address has.

    Raises:
        StandInFailed: nothing answers there, or not as DynamoDB does.
    """
    names: list[str] = (await _call(session, "ListTables", {}))["TableNames"]
    return names


async def let_items_expire(session: aiohttp.ClientSession, template: dict[str, Any]) -> None:
    """Say of each table how its items expire, which the stand-in's CloudFormation does not.

    Raises:
        StandInFailed: one was refused.
    """
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if expiry := properties.get("TimeToLiveSpecification"):
            parameters = {"TableName": properties["TableName"], "TimeToLiveSpecification": expiry}
            await _call(session, "UpdateTimeToLive", parameters)


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
