"""The workflow that deploys: what it trusts, and what it runs."""

import re
from typing import Any

import pytest
import yaml

from infra.local.sam.intrinsics import load_yaml
from tests.conftest import ROOT

TEXT = (ROOT / ".github" / "workflows" / "delivery.yml").read_text()
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]


def test_every_action_is_pinned_by_its_commit_and_names_its_version():
    uses = re.findall(r"uses: (.*)", TEXT)

    assert uses
    for use in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use), use


def test_no_key_is_kept():
    assert "secrets." not in TEXT
    assert "aws-access-key-id" not in TEXT


def test_only_deployments_get_a_token_that_aws_trusts():
    assert yaml.safe_load(TEXT)["permissions"] == {"contents": "read"}
    with_token = {name for name, job in JOBS.items() if "id-token" in job.get("permissions", {})}

    assert with_token == {"deploy-dev", "deploy-prod"}


def test_nothing_is_deployed_before_it_was_tested_and_built():
    assert set(JOBS["build"]["needs"]) == {"lint", "test"}
    for name in ("deploy-dev", "deploy-prod"):
        assert JOBS[name]["needs"] == "build"
        assert "refs/heads/main" in JOBS[name]["if"]


def test_prod_is_deployed_by_hand_only():
    assert "workflow_dispatch" in JOBS["deploy-prod"]["if"]
    assert "inputs.environment == 'prod'" in JOBS["deploy-prod"]["if"]


def test_what_it_runs_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    runs = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]

    for run in runs:
        program, _, arguments = run.partition(" ")
        assert (arguments.split()[0] in targets) if program == "make" else (ROOT / run).is_file(), (
            run
        )


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_one_deployment_of_an_environment_at_a_time(env: str):
    assert JOBS[f"deploy-{env}"]["concurrency"] == {
        "group": f"deploy-{env}",
        "cancel-in-progress": False,
    }


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_a_deployment_makes_its_roles_within_the_boundary(env: str):
    boundary = load_yaml(ROOT / "infra" / "github.yaml")["Resources"]["Boundary"]["Properties"]
    name = boundary["ManagedPolicyName"]["Fn::Sub"].replace("${Environment}", env)
    (deploy,) = [step["run"] for step in JOBS[f"deploy-{env}"]["steps"] if "run" in step]

    assert deploy == f"make deploy ENV={env} PARAMETERS=PermissionsBoundary={name}"


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_credentials_outlive_the_job(env: str):
    job = JOBS[f"deploy-{env}"]
    (duration_s,) = (
        step["with"]["role-duration-seconds"]
        for step in job["steps"]
        if "role-to-assume" in step.get("with", {})
    )
    role = load_yaml(ROOT / "infra" / "github.yaml")["Resources"]["DeployRole"]["Properties"]

    assert job["timeout-minutes"] * 60 <= duration_s <= role["MaxSessionDuration"]
