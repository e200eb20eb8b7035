"""``python -m feedback.archive``: whole, exact or inert, and in bounded memory."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.archive.rows import COLUMNS, csv_lines, jsonl_lines
from feedback.dynamodb import DynamoStore
from infra.local.aws.stand_in import ENDPOINT_FILE, client_variables
from serving.spreadsheet import inert
from tests.conftest import ROOT
from tests.feedback.conftest import (
    RETENTION,
    TEMPLATE,
    client_of,
    create_table,
    feedback,
    running_stand_in,
)

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "＝1+1", "－1"]
# A spreadsheet splits on what its language or its user prefers.
DELIMITERS = [",", ";", "\t", "|"]
WITHIN_CELLS = [
    'x;=HYPERLINK("http://x")',
    "x\t=1+1",
    "x|@SUM(A1)",
    "x\n+1",
    "x\r-1",
    '";"=1+1',
    "; \u00a0＠SUM(A1)",
    ",;=1",
]


def parsed(lines: Iterator[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(lines), newline="")))


def test_csv_keeps_text_that_would_break_a_line():
    tricky = 'a,"b"\n;c\t— 漢字 😀'
    (row,) = parsed(csv_lines([feedback(comment=tricky)]))

    assert row["comment"] == tricky
    assert tuple(row) == COLUMNS
    assert (row["score"], row["correct"], row["sure"]) == ("0.912345", "False", "False")


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_puts_an_apostrophe_before_a_formula(text: str):
    (row,) = parsed(csv_lines([feedback(comment=text, true_label=text)]))

    assert row["comment"] == row["true_label"] == "'" + text


def formulas(text: str) -> list[str]:
    """Cells that a spreadsheet would run, whichever way it splits the file with that comment."""
    file = "".join(csv_lines([feedback(comment=text, true_label=text)]))
    cells = [
        cell
        for delimiter in DELIMITERS
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)
        for row in csv.reader(
            io.StringIO(file, newline=""), delimiter=delimiter, quoting=quoting, strict=False
        )
        for cell in row
    ]
    return [cell for cell in cells if re.match(r"""[\s"]*[=+\-@＝＋－＠]""", cell)]


@pytest.mark.parametrize("text", [*FORMULAS, *WITHIN_CELLS])
def test_csv_holds_no_formula_whatever_it_is_split_on(text: str):
    assert formulas(text) == []


@given(st.text(alphabet="=-＝,;\t|\n\r\"' a") | st.text())
def test_no_text_makes_a_formula_in_the_csv(text: str):
    assert formulas(text) == []


@pytest.mark.parametrize("text", ["a cat - no dog", "1+1=2", "me@example.org", "grün; und rot", ""])
def test_harmless_text_is_exported_as_it_is(text: str):
    assert inert(text) == text


@pytest.mark.parametrize("text", [*FORMULAS, "'", "a,b\n", "\u2028"])
def test_jsonl_is_exact_and_one_line_each(text: str):
    lines = list(jsonl_lines([feedback(comment=text), feedback(comment=None)]))

    assert [json.loads(line)["comment"] for line in lines] == [text, None]
    assert all(line.count("\n") == 1 for line in lines)


def test_both_formats_stream():
    def endless() -> Iterator:
        while True:
            yield feedback()

    for lines in (csv_lines, jsonl_lines):
        stream = lines(endless())
        assert len([next(stream) for _ in range(3)]) == 3


def export(endpoint: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "feedback.archive", "--endpoint", endpoint, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "functions"),
            **client_variables(endpoint),
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def table(stand_in: str) -> str:
    client = client_of(stand_in)
    name = create_table(client)
    for i in range(30):
        DynamoStore(client, name, RETENTION).put(feedback(f"nonce{i}"))
    return name


def test_exports_the_whole_table_with_progress(stand_in: str, table: str, tmp_path: Path):
    output = tmp_path / "feedback.jsonl"
    completed = export(stand_in, "--table", table, "--format", "jsonl", "--output", str(output))

    assert completed.returncode == 0, completed.stderr
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert {row["nonce"] for row in rows} == {f"nonce{i}" for i in range(30)}
    assert "100%" in completed.stderr
    assert "30 answers" in completed.stderr
    assert completed.stdout == ""


def test_writes_to_standard_output(stand_in: str, table: str):
    completed = export(stand_in, "--table", table, "--output", "-")

    assert completed.returncode == 0, completed.stderr
    assert len(list(csv.DictReader(io.StringIO(completed.stdout)))) == 30


def test_a_failed_export_leaves_the_old_file_and_no_other(stand_in: str, tmp_path: Path):
    output = tmp_path / "feedback.csv"
    output.write_text("old")
    completed = export(stand_in, "--table", "no-such-table", "--output", str(output))

    assert completed.returncode == 1
    assert completed.stderr.startswith("error: ")
    assert "Traceback" not in completed.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["feedback.csv"]
    assert output.read_text() == "old"


def test_an_export_cut_off_in_the_middle_leaves_the_old_file(
    stand_in: str, table: str, tmp_path: Path
):
    output = tmp_path / "feedback.csv"
    output.write_text("old")
    damaged = {"nonce": {"S": "damaged"}, "answered_at": {"S": "2026-11-21T12:00:00+00:00"}}
    client_of(stand_in).put_item(TableName=table, Item=damaged)

    assert export(stand_in, "--table", table, "--output", str(output)).returncode == 1
    assert output.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["feedback.csv"]


def test_an_unwritable_place_is_an_error_in_one_line(stand_in: str, table: str, tmp_path: Path):
    completed = export(stand_in, "--table", table, "--output", str(tmp_path / "none" / "x.csv"))

    assert (completed.returncode, completed.stderr.count("\n")) == (1, 1)


def test_exports_what_make_run_has_collected_while_it_runs(tmp_path: Path):
    with running_stand_in(tmp_path / "aws") as url:
        DynamoStore(client_of(url), "FeedbackTable", RETENTION).put(feedback())

        assert exported_locally(tmp_path) == ["nonce"]


def test_exports_what_make_run_has_collected_after_it_was_killed(tmp_path: Path):
    with running_stand_in(tmp_path / "aws") as url:
        DynamoStore(client_of(url), "FeedbackTable", RETENTION).put(feedback())
    (tmp_path / "aws" / ENDPOINT_FILE).write_text(url)

    assert exported_locally(tmp_path) == ["nonce"]


def test_feedback_is_exported_from_a_template_with_other_tables(tmp_path: Path):
    with running_stand_in(tmp_path / "aws") as url:
        DynamoStore(client_of(url), "FeedbackTable", RETENTION).put(feedback())
    second_table = """Resources:
  Another:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
    template = tmp_path / "template.yaml"
    text = TEMPLATE.read_text().replace("\nResources:\n", f"\n{second_table}")
    text = text.replace("DefinitionUri: ", f"DefinitionUri: {ROOT}/")  # beside the template
    template.write_text(text)

    assert exported_locally(tmp_path, template) == ["nonce"]


def exported_locally(data: Path, template: Path = TEMPLATE) -> list[str]:
    """Nonces that ``make feedback-export`` writes."""
    output = data / "feedback.jsonl"
    command = ("-m", "infra.commands.feedback_export", "--data", str(data), "--format", "jsonl")
    subprocess.run(
        [sys.executable, *command, "--template", str(template), "--output", str(output)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"},
        check=True,
    )
    return [json.loads(line)["nonce"] for line in output.read_text("utf-8").splitlines()]
