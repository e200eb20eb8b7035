"""``python -m infra.deploy``: what ``make deploy`` does around SAM, ``make destroy`` before it, and
``make feedback-restore``.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from feedback.archive.restore import copy_answers
from feedback.dynamodb import DynamoStore
from infra.deploy.aws import translated
from infra.deploy.checks import INVOKE_CONFIG, ask_checks
from infra.deploy.empty import empty_bucket
from infra.deploy.errors import DeployFailed
from infra.deploy.model import distribution_parameters, stage_model
from infra.deploy.page import build_page
from infra.deploy.parameters import (
    RELEASE,
    effective_parameters,
    read_parameters,
    write_parameters,
)
from infra.deploy.public import PublicAddress
from infra.deploy.publish import KEPT_VERSIONS, invalidate, publish_page
from infra.deploy.release import Contents, current_commit, image_id, image_uris, release_hash
from infra.deploy.rotate import rotate_key
from infra.deploy.smoke import CheckResult, smoke
from infra.deploy.stack import (
    StackMissing,
    StackName,
    read_buckets,
    read_checks,
    read_failed_update,
    read_feedback_stack,
    read_overrides,
    read_page_stack,
    read_receipt_keys,
    read_samconfig,
)
from infra.local.sam.intrinsics import load_yaml
from serving.aws import CLIENT_CONFIG
from serving.errors import ServiceError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one step; 0 when all went well, 1 when it did not, 2 for a wrong command line."""
    arguments = _parse(argv)
    try:
        with translated():
            code: int = arguments.run(arguments)
    except (DeployFailed, ServiceError, OSError) as exc:  # OSError: a file of the page
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parameters(arguments: argparse.Namespace) -> int:
    overrides = read_overrides(arguments.samconfig, arguments.env) + arguments.overrides
    template = load_yaml(arguments.template)
    parameters = effective_parameters(template, overrides)
    staged = Path("functions") / "image_classifier" / "staged"
    if stage_model(parameters["Model"], arguments.models_dir, staged):
        artifact = arguments.models_dir / parameters["Model"]
        _say(f"the images carry {artifact}")
        measured = distribution_parameters(artifact)
        parameters = effective_parameters(template, [*measured, *overrides])
    write_parameters(arguments.file, parameters)
    return 0


def _release(arguments: argparse.Namespace) -> int:
    parameters = read_parameters(arguments.file)
    session, name = _session(arguments)
    contents = Contents(
        commit=current_commit(Path()),
        template=arguments.built.read_text("utf-8"),
        images=tuple(image_id(uri) for uri in image_uris(load_yaml(arguments.built))),
        parameters=parameters,
        failed=read_failed_update(session.client("cloudformation"), name),
    )
    release = release_hash(contents)
    write_parameters(arguments.file, parameters | {RELEASE: release})
    _say(f"release {release[:10]}: {len(contents.images)} images, {len(parameters)} parameters")
    return 0


def _page(arguments: argparse.Namespace) -> int:
    session, name = _session(arguments)
    stack = read_page_stack(session.client("cloudformation"), name)
    page = build_page(arguments.web, stack.url)
    _say(f"{arguments.web}/ → {stack.bucket}")
    publish_page(page, session.resource("s3").Bucket(stack.bucket), arguments.keep, _say)
    invalidate(stack, page, session.client("cloudfront"), _say)
    _say(f"published: {stack.url}")
    return 0


def _smoke(arguments: argparse.Namespace) -> int:
    url = arguments.url or _deployed_url(arguments)
    deployed = not _is_this_machine(url)
    _say(f"{url}, with up to {arguments.patience:.0f} s for it to start up")
    if not deployed:
        _say("· this machine: files are never cached, and the summary asks for no signature")
    failed = 0
    checks = smoke(PublicAddress(url, arguments.patience), arguments.web, deployed=deployed)
    for check in chain(
        checks, _deployed_checks(arguments) if deployed and not arguments.url else []
    ):
        _say(f"{'✓' if check.passed else '✗'} {check.name}: {check.detail}")
        failed += not check.passed
    _say(f"{failed} of these failed" if failed else "all is well")
    return 1 if failed else 0


def _empty(arguments: argparse.Namespace) -> int:
    session, name = _session(arguments)
    try:
        buckets = read_buckets(session.client("cloudformation"), name)
    except StackMissing as exc:  # it is deleted already
        _say(f"Nothing to empty: {exc}")
        return 0
    for bucket in buckets:
        empty_bucket(session.resource("s3").Bucket(bucket), _say)
    return 0


def _rotate(arguments: argparse.Namespace) -> int:
    session, name = _session(arguments)
    current, previous = read_receipt_keys(session.client("cloudformation"), name)
    rotate_key(session.client("secretsmanager"), current, previous)
    _say("The receipt key is changed; it is in use once it is deployed.")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    session, name = _session(arguments)
    stack = read_feedback_stack(session.client("cloudformation"), name)
    _say(f"{arguments.source} → {stack.table}; answers live {stack.retention.days} days")
    client = session.client("dynamodb", config=CLIENT_CONFIG)
    source, target = (
        DynamoStore(client, table, stack.retention) for table in (arguments.source, stack.table)
    )
    read, new = copy_answers(source, target)
    _say(f"{read} answers read, {new} of them new in {stack.table}")
    return 0


def _deployed_url(arguments: argparse.Namespace) -> str:
    session, name = _session(arguments)
    return read_page_stack(session.client("cloudformation"), name).url


def _deployed_checks(arguments: argparse.Namespace) -> Iterator[CheckResult]:
    session, name = _session(arguments)
    functions = read_checks(session.client("cloudformation"), name)
    return ask_checks(session.client("lambda", config=INVOKE_CONFIG), functions)


def _session(arguments: argparse.Namespace) -> tuple[boto3.Session, str]:
    stack = (
        read_samconfig(arguments.samconfig, arguments.env)
        if arguments.env
        else StackName(arguments.stack)
    )
    region = arguments.region or stack.region
    return boto3.Session(region_name=region, profile_name=stack.profile), stack.name


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")
    parameters = steps.add_parser("parameters", help="spell out the stack's parameters in FILE")
    parameters.add_argument("--template", type=Path, default=Path("template.yaml"))
    parameters.add_argument("--models-dir", type=Path, default=Path("build/models"))
    parameters.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help="for this time only")
    parameters.set_defaults(run=_parameters)
    release = steps.add_parser("release", help="add the hash of what was built to FILE")
    release.add_argument("--built", type=Path, default=Path(".aws-sam/build/template.yaml"))
    release.set_defaults(run=_release)
    for step in (parameters, release):
        step.add_argument("--file", type=Path, required=True)
    parameters.add_argument("--env", required=True, help="as samconfig.toml names it")
    parameters.add_argument("--samconfig", type=Path, default=Path("samconfig.toml"))
    page = steps.add_parser("page", help="publish the page")
    page.add_argument("--keep", type=_at_least_one, default=KEPT_VERSIONS, help="versions kept")
    page.set_defaults(run=_page)
    trial = steps.add_parser(
        "smoke",
        help="try page and API through the public address, then the deployment's own checks",
    )
    trial.add_argument("--patience", type=float, default=60.0, help="seconds to start up")
    trial.set_defaults(run=_smoke)
    empty = steps.add_parser("empty", help="delete all files in the stack's buckets")
    empty.set_defaults(run=_empty)
    rotate = steps.add_parser("rotate", help="put a new receipt key beside the present one")
    rotate.set_defaults(run=_rotate)
    restore = steps.add_parser("restore", help="copy answers into the stack's feedback table")
    restore.add_argument("--from", dest="source", required=True, metavar="TABLE")
    restore.set_defaults(run=_restore)
    for step in (release, page, trial, empty, rotate, restore):
        which = step.add_mutually_exclusive_group(required=True)
        which.add_argument("--env", help="the stack that samconfig.toml names for it")
        which.add_argument("--stack", help="a stack by its name")
        step.add_argument("--region", help="of the stack; default: samconfig.toml's, or AWS's")
        step.add_argument("--samconfig", type=Path, default=Path("samconfig.toml"))
        if step is trial:
            which.add_argument("--url", type=_url, help="any address, such as that of make run")
        if step in (page, trial):
            step.add_argument("--web", type=Path, default=Path("web"), help="the page's folder")
    return parser.parse_args(argv)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count of at least 1")
    return int(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"{text!r} is no http(s) address")
    return f"{parts.scheme}://{parts.netloc}"


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
