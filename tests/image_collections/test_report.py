"""Shards become the files people get: every row, exact or inert, and a page to look through."""

import csv
import io
import json

import pytest

from image_collections.contact_sheet import ContactSheet, even_share
from image_collections.report import RESULTS, write_report
from image_collections.rows import COLUMNS, printable
from serving.collection import Batch, Photo
from tests.collection_fakes import MemoryOutput, row, shards_of

NAMES = ["=cmd()|'x'.jpg", "a\nb.jpg", 'c"d.jpg', "e😀.jpg", "f\udce9.jpg", "</script><b>.jpg"]


def report(rows: list, min_score: float | None = None) -> dict[str, str]:
    output = MemoryOutput()
    write_report(shards_of(rows, output), output, "Photos in <x>", min_score)
    return {name: output.files[name].decode() for name in RESULTS}


def test_every_photo_is_one_row_in_order():
    files = report([*map(row, NAMES), row("z.jpg", code="image_damaged")])

    lines = [json.loads(line) for line in files["results.jsonl"].split("\n")[:-1]]
    table = list(csv.DictReader(io.StringIO(files["results.csv"])))
    failures = list(csv.DictReader(io.StringIO(files["failures.csv"])))
    assert [line["key"] for line in lines] == [*map(printable, NAMES), "z.jpg"]
    assert [list(line) for line in lines] == [list(COLUMNS)] * len(lines)
    assert [r["key"] for r in table][1:4] == NAMES[1:4]
    assert table[0]["top_k"] == "tabby (0.9000), other (0.0500)"
    assert [(f["key"], f["code"]) for f in failures] == [("z.jpg", "image_damaged")]


def test_no_cell_begins_a_formula():
    table = csv.reader(io.StringIO(report([row(name) for name in NAMES])["results.csv"]))

    assert not [cell for line in table for cell in line if cell.startswith(("=", "+", "-", "@"))]


def test_bytes_that_are_no_text_are_shown_as_such():
    assert printable("caf\udce9.jpg") == r"caf\xe9.jpg"


def test_the_summary_counts():
    rows = [row("a"), row("b", score=0.3), row("c", "cat"), row("d", code="photo_empty")]

    summary = json.loads(report(rows)["summary.json"])

    assert summary["photos"] == 4
    assert (summary["classified"], summary["failed"], summary["unsure"]) == (3, 1, 1)
    assert [(c["label"], c["photos"], c["mean_score"]) for c in summary["classes"]] == [
        ("tabby", 2, 0.6),
        ("cat", 1, 0.9),
    ]
    assert sum(summary["score_histogram"]) == 3
    assert summary["failures"] == {"photo_empty": 1}


@pytest.mark.parametrize(
    ("score", "sure", "min_score", "unsure"),
    [
        (0.4, None, None, 1),
        (0.5, None, None, 0),
        (0.4, True, None, 0),
        (0.9, False, None, 1),
        (0.4, True, 0.6, 1),
        (0.9, False, 0.6, 0),
    ],
)
def test_a_named_score_decides_then_the_model_then_one_half(
    score: float, min_score: float | None, unsure: int, *, sure: bool | None
):
    files = report([row("a", score=score, sure=sure)], min_score)

    assert json.loads(files["summary.json"])["unsure"] == unsure
    assert json.loads(files["results.jsonl"])["sure"] is sure
    assert ('class="unsure"' in files["report.html"]) == bool(unsure)


def test_shards_of_earlier_versions_are_reported():
    output = MemoryOutput()
    planned = shards_of([row("a", score=0.4)], output)
    (name,) = output.files
    output.files[name] = output.files[name].replace(b'"sure": null, ', b"")

    assert write_report(planned, output, "Photos", None).unsure == 1


def test_photos_of_a_batch_without_a_shard_are_rows_too():
    output = MemoryOutput()
    planned = [*shards_of([row("a")], output), Batch(1, (Photo("b", 7), Photo("c", 8)))]

    tally = write_report(planned, output, "Photos", 0.5)

    assert tally.failures == {"not_classified": 2}
    assert b'"key": "c", "size": 8' in output.files["results.jsonl"]


def test_the_same_shards_give_the_same_bytes():
    rows = [row(f"{i:03}", f"class {i % 7}", (i * 37 % 100) / 100) for i in range(50)]

    assert report(rows) == report(rows)


def test_no_name_ends_the_page_s_data():
    page = report([row(name, label="</script><i>") for name in NAMES])["report.html"]

    assert "<b>" not in page
    assert "<i>" not in page
    assert "Photos in &lt;x&gt;" in page


def test_all_failed_is_a_report_too():
    assert "image_damaged" in report([row("a", code="image_damaged")])["report.html"]


def test_the_least_sure_of_each_class_are_shown():
    sheet = ContactSheet(0.5, max_shown=4)
    for i in range(100):
        sheet.add({"code": None, **vars(row(f"{i}", "many", (i * 37 % 100) / 100))})
    sheet.add({"code": None, **vars(row("rare", "few"))})

    assert [shown.score for shown in sheet.shown("many")] == [0.0, 0.01, 0.02]
    assert [shown.key for shown in sheet.shown("few")] == ["rare"]


@pytest.mark.parametrize(
    ("sizes", "room", "share"),
    [([1, 100], 4, 3), ([5, 5], 100, 5), ([9, 9, 9], 10, 3), ([7] * 20, 10, 1), ([], 10, 1)],
)
def test_what_there_is_room_for_is_shared_evenly(sizes: list[int], room: int, share: int):
    assert even_share(sizes, room) == share
