"""What ``make deploy`` gives the template."""

import tomllib
from pathlib import Path

import pytest

from infra.deploy.__main__ import main
from tests.conftest import ROOT


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_one_more_takes_no_others_place(env: str, capsys: pytest.CaptureFixture[str]):
    assert main(["parameters", "--env", env, "PermissionsBoundary=b"]) == 0

    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    own = config[env]["global"]["parameters"]["parameter_overrides"]
    assert capsys.readouterr().out.split() == [*own, "PermissionsBoundary=b"]


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        (["ReservedConcurrency=10", "ProvisionedConcurrencyMax=11"], 1),
        (["ReservedConcurrency=10", "ProvisionedConcurrency=11"], 1),
        (["ReservedConcurrency=10", "ProvisionedConcurrencyMax=10"], 0),
        (["ReservedConcurrency=0", "ProvisionedConcurrency=5"], 0),
        (["ProvisionedConcurrency=5"], 0),
    ],
)
def test_no_more_is_provisioned_than_reserved(
    tmp_path: Path, overrides: list[str], code: int, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "samconfig.toml"
    file.write_text(
        f'[dev.global.parameters]\nstack_name = "a"\nparameter_overrides = {overrides}\n'
    )

    assert main(["parameters", "--env", "dev", "--samconfig", str(file)]) == code

    said = capsys.readouterr()
    assert bool(said.out) is (code == 0)  # sam deploy is given nothing then, and not called
    assert ("is more than ReservedConcurrency=10" in said.err) is (code == 1)
