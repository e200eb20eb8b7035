"""A template → the resources it describes, made by the stand-in's CloudFormation."""

import asyncio
import json
from http import HTTPStatus
from xml.etree import ElementTree as ET

import aiohttp

from infra.local.aws.errors import StandInFailed

STACK = "local"
_POLL_S = 0.02
_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_AS_IT_SAYS = (*_GOOD, "UPDATE_ROLLBACK_COMPLETE")  # of the last: as it was before


async def deploy(session: aiohttp.ClientSession, template: dict[str, object]) -> None:
    """Create the stack, or change it into what ``template`` says; data stays.

    Raises:
        StandInFailed: it was refused or rolled back; with the first reason.
    """
    body = json.dumps(template, sort_keys=True)
    state = await _state(session)
    if state == "ROLLBACK_COMPLETE":  # it was never created, has nothing, and takes no update
        await _call(session, "DeleteStack")
        state = await _settled(session)
    exists = state not in ("", "DELETE_COMPLETE")
    if (
        state in _AS_IT_SAYS
        and _text((await _call(session, "GetTemplate"))[1], "TemplateBody") == body
    ):
        return
    action = "UpdateStack" if exists else "CreateStack"
    status, answer = await _call(session, action, TemplateBody=body)
    if status != HTTPStatus.OK:
        raise StandInFailed(f"{action} was refused: {_text(answer, 'Message')}")
    if (state := await _settled(session)) not in _GOOD:
        raise StandInFailed(f"{action} ended as {state}: {await _reason(session)}")


async def _settled(session: aiohttp.ClientSession) -> str:
    while (state := await _state(session)).endswith("_IN_PROGRESS"):  # noqa: ASYNC110 - over HTTP
        await asyncio.sleep(_POLL_S)
    return state


async def _state(session: aiohttp.ClientSession) -> str:
    """Empty where there is no stack."""
    return _text((await _call(session, "DescribeStacks"))[1], "StackStatus")


async def _reason(session: aiohttp.ClientSession) -> str:
    _, events = await _call(session, "DescribeStackEvents")
    reasons = [
        f"{_text(event, 'LogicalResourceId')}: {_text(event, 'ResourceStatusReason')}"
        for event in events.iter()
        if event.tag.endswith("}member") and _text(event, "ResourceStatus").endswith("_FAILED")
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
    """The text of the first element of that name, in whatever namespace; empty without one."""
    texts = (item.text for item in node.iter() if item.tag.rpartition("}")[2] == name)
    return next(texts, "") or ""
