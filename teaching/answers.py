"""What people said of predictions: ``make feedback-export FORMAT=jsonl`` → votes on photos."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, StrictStr, ValidationError

from serving.errors import ServiceError

EXPORT = "make feedback-export OUTPUT=feedback.jsonl FORMAT=jsonl"


class AnswersInvalid(ServiceError):
    """The file is no export of answers."""

    code: ClassVar[str] = "answers_invalid"


class Answer(BaseModel):
    """What is used of an exported row: the photo, and the class that the person says it is of;
    None where nothing better than the prediction was named."""

    image_sha256: StrictStr
    true_label: StrictStr | None


@dataclass(frozen=True)
class Votes:
    """``by_photo`` has by SHA-256 how many answers name each class. Of those that are not in it,
    ``unnamed`` name none, and ``others`` are counted by the unknown class that they name."""

    by_photo: dict[str, Counter[str]]
    unnamed: int
    others: Counter[str]


def read_answers(path: Path) -> list[Answer]:
    """Every row; fields that are not used may be anything.

    Raises:
        AnswersInvalid: it cannot be read, has no rows, or one that is no exported answer.
    """
    try:
        # Texts may hold what else Python calls the end of a line.
        with path.open(encoding="utf-8", newline="\n") as file:
            answers = [_answer(path, number, line) for number, line in enumerate(file, 1)]
    except OSError as exc:
        raise AnswersInvalid(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise AnswersInvalid(f"{path} is no text in UTF-8; write it with {EXPORT}.") from exc
    if not answers:
        raise AnswersInvalid(f"{path} has no answers.")
    return answers


def _answer(path: Path, number: int, line: str) -> Answer:
    try:
        return Answer.model_validate_json(line)
    except ValidationError as exc:
        error = exc.errors(include_url=False)[0]
        field = ".".join(map(str, error["loc"]))
        what = f"{field}: {error['msg']}" if field else "it is no JSON object"
        raise AnswersInvalid(
            f"{path}, line {number} is no exported answer ({what}); write it with {EXPORT}."
        ) from exc


def count_votes(answers: Sequence[Answer], classes: Collection[str]) -> Votes:
    """Every answer once; classes are told apart as folders are, without regard to case."""
    names = {name.casefold(): name for name in classes}
    by_photo: dict[str, Counter[str]] = {}
    others: Counter[str] = Counter()
    for answer in answers:
        if answer.true_label is None:
            continue
        name = names.get(answer.true_label.strip().casefold())
        if name is None:
            others[answer.true_label] += 1
        else:
            by_photo.setdefault(answer.image_sha256, Counter())[name] += 1
    unnamed = sum(answer.true_label is None for answer in answers)
    return Votes(by_photo, unnamed, others)


def majority(counts: Counter[str]) -> str | None:
    """The class that most answers name; None where two are named as often."""
    (name, most), *others = counts.most_common(2)
    return None if others and others[0][1] == most else name
