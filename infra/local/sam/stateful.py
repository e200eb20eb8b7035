"""``template.yaml`` → the part of it that an engine for CloudFormation stands up: whatever keeps
state, and what is called when that changes.

Functions are there as forwarders to Lambda's own API, as they run elsewhere.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.local.account import ACCOUNT, function_arn, physical_name
from infra.local.sam.intrinsics import Node, TemplateError, load_yaml

_FUNCTION_TYPE = "AWS::Serverless::Function"
_MACHINE_TYPE = "AWS::Serverless::StateMachine"
_NAMED_BY = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/local"  # asked for, and of no effect there
_LONGEST_S = 900
# What was waiting is delivered as soon as the engine starts, which may be before the functions do.
_FORWARDER = """
import json, os, time, urllib.error, urllib.request

def handler(event, context):
    request = urllib.request.Request(os.environ["INVOKE_URL"], json.dumps(event).encode())
    for attempt in range(100):
        try:
            with urllib.request.urlopen(request, timeout=900) as response:
                result = json.load(response)
                if "X-Amz-Function-Error" in response.headers:
                    kind = type(result.get("errorType", "Error"), (Exception,), {})
                    raise kind(result.get("errorMessage", "no message"))
                return result
        except urllib.error.URLError as error:
            if attempt == 99 or not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.3)
"""


def read_stateful(path: Path, parameters: Mapping[str, str], invoke_api: str) -> dict[str, Node]:
    """A CloudFormation template, without SAM, of what keeps state in the template at ``path``.

    Names are fixed, so that a new start finds what the last one kept. ``parameters`` win over the
    template's defaults; functions are called at ``invoke_api``.

    Raises:
        TemplateError: the template or a definition beside it cannot be read.
    """
    document = load_yaml(path)
    declared = {
        name: {"Type": parameter["Type"], "Default": str(parameters.get(name, default))}
        for name, parameter in document.get("Parameters", {}).items()
        if (default := parameter.get("Default")) is not None or name in parameters
    }
    known: dict[str, Node] = {
        name: json.loads(parameter["Default"])
        for name, parameter in declared.items()
        if parameter["Type"] == "Number"
    }
    known |= {f"{name}.Alias": function_arn(name) for name in document.get("Resources", {})}
    resources: dict[str, Node] = {}
    for name, resource in _with_known(document.get("Resources", {}), known).items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == _MACHINE_TYPE:
            kind, properties = "AWS::StepFunctions::StateMachine", _machine(properties, path.parent)
        if kind in _NAMED_BY:
            properties = properties | {_NAMED_BY[kind]: physical_name(kind, name)}
            condition = {"Condition": resource["Condition"]} if "Condition" in resource else {}
            resources[name] = {**condition, "Type": kind, "Properties": properties}
        elif kind == _FUNCTION_TYPE:
            resources |= dict(_forwarding(name, properties, invoke_api))
    sections = {"Parameters": declared, "Conditions": document.get("Conditions", {})}
    return {**sections, "Resources": resources}


def _with_known(node: Node, known: Mapping[str, Node]) -> Node:
    """``!Ref`` of a number as a number, of which the engine would give the text, and of what SAM
    lets be referred to besides functions: their aliases."""
    if isinstance(node, list):
        return [_with_known(item, known) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"} and node["Ref"] in known:
        return known[node["Ref"]]
    return {key: _with_known(value, known) for key, value in node.items()}


def _machine(properties: Node, folder: Path) -> dict[str, Node]:
    file = folder / properties["DefinitionUri"]
    try:
        definition = file.read_text("utf-8")
    except OSError as exc:
        raise TemplateError(f"{file}: {exc.strerror}.") from exc
    return {
        "DefinitionString": definition,
        "DefinitionSubstitutions": properties.get("DefinitionSubstitutions", {}),
        "StateMachineType": properties.get("Type", "STANDARD"),
        "RoleArn": _ROLE,
    }


def _forwarding(name: str, properties: Node, invoke_api: str) -> Iterator[tuple[str, Node]]:
    """The function, and what polls a queue for it."""
    url = f"{invoke_api}/2015-03-31/functions/{name}/invocations"
    function = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": _ROLE,
        "Code": {"ZipFile": _FORWARDER},
        "Timeout": _LONGEST_S,
        "Environment": {"Variables": {"INVOKE_URL": url}},
    }
    yield name, {"Type": "AWS::Lambda::Function", "Properties": function}
    for event, source in properties.get("Events", {}).items():
        if source["Type"] == "SQS":
            mapping = dict(source["Properties"])
            mapping |= {"EventSourceArn": mapping.pop("Queue"), "FunctionName": function_arn(name)}
            kind = "AWS::Lambda::EventSourceMapping"
            yield name + event, {"Type": kind, "DependsOn": name, "Properties": mapping}
