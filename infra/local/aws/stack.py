"""A template → the resources it describes, made by the stand-in's CloudFormation."""

import asyncio
import json
from http import HTTPStatus
from xml.etree import ElementTree as ET

import aiohttp

from infra.local.aws.errors import StandInFailed

STACK = "local"
_POLL_S = 0.02
_NAMESPACE = "{http://cloudformation.amazonaws.com/doc/2010-05-15/}"


async def deploy(session: aiohttp.ClientSession, template: dict[str, object]) -> None:
    """Create the stack, or change it into what ``template`` says; data stays.

    Raises:
        StandInFailed: it was refused or rolled back; with the first reason.
    """
    body = json.dumps(template, sort_keys=True)
    status, answer = await _call(session, "GetTemplate")
    if status == HTTPStatus.OK and _text(answer, "TemplateBody") == body:
        return
    action = "UpdateStack" if status == HTTPStatus.OK else "CreateStack"
    status, answer = await _call(session, action, TemplateBody=body)
    if status != HTTPStatus.OK:
        raise StandInFailed(f"{action} was refused: {_text(answer, 'Message')}")
    while (state := await _state(session)).endswith("_IN_PROGRESS"):  # noqa: ASYNC110 - over HTTP
        await asyncio.sleep(_POLL_S)
    if state not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise StandInFailed(f"{action} ended as {state}: {await _reason(session)}")


async def _state(session: aiohttp.ClientSession) -> str:
    return _text((await _call(session, "DescribeStacks"))[1], "StackStatus")


async def _reason(session: aiohttp.ClientSession) -> str:
    _, events = await _call(session, "DescribeStackEvents")
    reasons = [
        f"{_text(event, 'LogicalResourceId')}: {_text(event, 'ResourceStatusReason')}"
        for event in events.iter(f"{_NAMESPACE}member")
        if _text(event, "ResourceStatus").endswith("_FAILED")
    ]
    return reasons[-1] if reasons else "no reason given"  # the newest comes first


async def _call(
    session: aiohttp.ClientSession, action: str, **parameters: str
) -> tuple[int, ET.Element]:
    form = {"Action": action, "Version": "2010-05-15", "StackName": STACK, **parameters}
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=local/0/us-east-1/cloudformation/"}
    try:
        async with session.post("/", data=form, headers=headers) as response:
            # Its own process on loopback, not a stranger's XML.
            return response.status, ET.fromstring(await response.text())  # noqa: S314
    except (aiohttp.ClientError, TimeoutError, ET.ParseError) as exc:
        raise StandInFailed(f"{action}: no answer of CloudFormation's: {exc}") from exc


def _text(node: ET.Element, name: str) -> str:
    found = next((item for item in node.iter() if item.tag.endswith(f"}}{name}")), None)
    if found is None:
        found = node.find(f".//{name}")
    return "" if found is None else found.text or ""
