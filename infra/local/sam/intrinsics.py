"""CloudFormation's short tags (``!Ref``, ``!Sub``, …) and what they evaluate to on one machine.

Source: AWS CloudFormation, *Intrinsic function reference*.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader  # type: ignore[assignment]

from infra.local.account import arn_of, reference_to

Node = Any
"""Parsed YAML: dicts, lists and scalars, with intrinsics in their long form."""

NO_VALUE = object()
"""What ``!Ref AWS::NoValue`` evaluates to; the key or item that holds it is left out."""

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


class TemplateError(Exception):
    """The template says something that cannot be stood up here; the message names where."""


@dataclass(frozen=True)
class Scope:
    """What names mean; ``values`` holds parameters and pseudo-parameters, ``resources`` the type of
    every resource."""

    values: Mapping[str, object]
    conditions: Mapping[str, Node]
    mappings: Mapping[str, Node]
    resources: Mapping[str, str]


def load_yaml(path: Path) -> Node:
    """A template's text → dicts, lists and scalars.

    Raises:
        TemplateError: the file cannot be read, or is not YAML with a mapping at its top.
    """
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as exc:
        raise TemplateError(f"{path} cannot be read: {exc}") from exc
    except yaml.YAMLError as exc:
        raise TemplateError(f"{path} is not valid YAML: {exc}") from exc
    if not isinstance(document, dict):
        raise TemplateError(f"{path} is not a CloudFormation template.")
    return document


def evaluate(node: Node, scope: Scope) -> Node:
    """``node`` with every intrinsic replaced by its value; only what is reached is evaluated.

    Raises:
        TemplateError: an intrinsic that has no meaning here, or a name that does not exist.
    """
    if isinstance(node, list):
        return [item for item in (evaluate(each, scope) for each in node) if item is not NO_VALUE]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        (key, argument), *_ = node.items()
        if key in ("Ref", "Condition") or str(key).startswith("Fn::"):
            return _call(key, argument, scope)
    items = {key: evaluate(value, scope) for key, value in node.items()}
    return {key: value for key, value in items.items() if value is not NO_VALUE}


def holds(condition: str, scope: Scope) -> bool:
    """Whether the template's condition of that name is true.

    Raises:
        TemplateError: there is no such condition, or it cannot be evaluated.
    """
    if condition not in scope.conditions:
        raise TemplateError(f"The template has no condition {condition}.")
    return bool(evaluate(scope.conditions[condition], scope))


def _call(name: str, argument: Node, scope: Scope) -> Node:
    if name in _LAZY:
        return _LAZY[name](argument, scope)
    if name in _EAGER:
        return _EAGER[name](evaluate(argument, scope))
    if name == "Fn::FindInMap":
        table, row, column = evaluate(argument, scope)
        return scope.mappings[table][row][column]
    raise TemplateError(f"{name} {argument!r} has no value on one machine.")


def _if(argument: Node, scope: Scope) -> Node:
    condition, yes, no = argument
    return evaluate(yes if holds(condition, scope) else no, scope)


def _ref(name: str, scope: Scope) -> Node:
    if name in scope.values:
        return scope.values[name]
    if name in scope.resources:
        return reference_to(scope.resources[name], name)
    raise TemplateError(f"{name} has no value: give it with --parameter {name}=…")


def _attribute(argument: Node, scope: Scope) -> str:
    name, attribute = argument
    arn = arn_of(scope.resources.get(name, ""), name) if attribute == "Arn" else None
    if arn is None:
        raise TemplateError(f"{name}.{attribute} has no value on one machine.")
    return arn


def _sub(argument: Node, scope: Scope) -> str:
    text, local = argument if isinstance(argument, list) else (argument, {})
    inner = Scope(
        {**scope.values, **evaluate(local, scope)},
        scope.conditions,
        scope.mappings,
        scope.resources,
    )

    def replacement(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if "." in name and name not in inner.values:
            return _attribute(name.split(".", 1), inner)
        return str(_ref(name, inner))

    return _PLACEHOLDER.sub(replacement, text)


_LAZY: dict[str, Callable[[Node, Scope], Node]] = {
    "Ref": _ref,
    "Condition": holds,
    "Fn::Sub": _sub,
    "Fn::GetAtt": _attribute,
    "Fn::If": _if,
}
_EAGER: dict[str, Callable[[Node], Node]] = {
    "Fn::Equals": lambda values: str(values[0]) == str(values[1]),
    "Fn::Not": lambda values: not values[0],
    "Fn::And": all,
    "Fn::Or": any,
    "Fn::Join": lambda values: str(values[0]).join(str(value) for value in values[1]),
    "Fn::Select": lambda values: values[1][int(values[0])],
    "Fn::Split": lambda values: str(values[1]).split(values[0]),
}


class _Loader(SafeLoader):
    """YAML with CloudFormation's tags, read by libyaml if it can be: eight times as fast."""


def _tag(loader: SafeLoader, suffix: str, node: yaml.Node) -> Node:
    value: Node
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)
