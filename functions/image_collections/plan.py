"""What is at the source → ``plan.jsonl``: batches of photos, in memory that does not grow."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from serving.collection import PLAN_FILE, Batch, NoPhotos, Output, Photo

SUMMARY_FILE = "plan.json"

MAX_BATCH_PHOTOS = 100
MAX_BATCH_BYTES = 256_000_000  # at S3's 80 MB/s to one function: seconds of a child's five minutes
# A child's input is at most 256 KiB; Step Functions adds little to the line.
MAX_LINE_BYTES = 160_000

# Names that end otherwise are no photos; those without an ending may be (hashes as keys often are).
ENDINGS = frozenset(
    "jpg jpeg jpe jfif png webp gif bmp tif tiff heic heif avif jxl jp2 svg".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Plan:
    """What was found; ``size`` is in bytes, ``others`` are files that are no photos."""

    photos: int = 0
    size: int = 0
    batches: int = 0
    others: int = 0


def write_plan(
    entries: Iterable[Photo], output: Output, max_photos: int = MAX_BATCH_PHOTOS
) -> Plan:
    """Write ``plan.jsonl``, and what it holds as ``plan.json``.

    Raises:
        NoPhotos: there is no file, or none that could be a photo.
    """
    chosen = _Chosen(entries)
    plan = Plan()
    with output.writer(PLAN_FILE) as file:
        for batch in batches(chosen, max_photos):
            file.write(batch.to_line())
            plan = replace(
                plan,
                photos=plan.photos + len(batch.photos),
                size=plan.size + sum(photo.size or 0 for photo in batch.photos),
                batches=plan.batches + 1,
            )
        if not plan.photos:
            raise NoPhotos(
                f"There are no photos among the {chosen.others:,} files."
                if chosen.others
                else "There are no files."
            )
    plan = replace(plan, others=chosen.others)
    with output.writer(SUMMARY_FILE) as file:
        file.write(json.dumps(vars(plan)).encode())
    return plan


def read_plan(output: Output) -> Plan | None:
    """What ``plan.json`` says; None before there is a plan."""
    data = output.read(SUMMARY_FILE)
    return None if data is None else Plan(**json.loads(data))


def planned_batches(output: Output) -> Iterator[Batch]:
    """The batches of ``plan.jsonl``."""
    return (Batch.from_item(json.loads(line)) for line in output.lines(PLAN_FILE))


def batches(photos: Iterable[Photo], max_photos: int) -> Iterator[Batch]:
    """Photos in their order, cut where a batch would have too many, or too many bytes."""
    number = size = line = 0
    held: list[Photo] = []
    for photo in photos:
        written = len(json.dumps(photo.key)) + 20  # its size, brackets and commas
        full = len(held) == max_photos or (
            size + (photo.size or 0) > MAX_BATCH_BYTES or line + written > MAX_LINE_BYTES
        )
        if held and full:
            yield Batch(number, tuple(held))
            number, size, line, held = number + 1, 0, 0, []
        held.append(photo)
        size += photo.size or 0
        line += written
    if held:
        yield Batch(number, tuple(held))


def may_be_photo(entry: Photo) -> bool:
    """Whether its name says so; "folders" of S3 and what programs hide beside photos are none.

    What could not even be listed counts as a photo, or it would be lost.
    """
    folder, _, name = entry.key.rpartition("/")
    if entry.size is None:
        return True
    if not name or name.startswith(".") or folder.rpartition("/")[2] == "__MACOSX":
        return False
    _, dot, ending = name.rpartition(".")
    return not dot or ending.lower() in ENDINGS


class _Chosen:
    """The photos among ``entries``, and how many others there were."""

    def __init__(self, entries: Iterable[Photo]) -> None:
        self._entries = entries
        self.others = 0

    def __iter__(self) -> Iterator[Photo]:
        for entry in self._entries:
            if may_be_photo(entry):
                yield entry
            else:
                self.others += not entry.key.endswith("/")
