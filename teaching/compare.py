"""The model that a new one replaces, on the photos of the new one's report."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from evaluation.answers import Answers, answers_of
from evaluation.figures import share
from evaluation.origin import made_from
from evaluation.report import Comparison
from image_classifier.artifact import Artifact, load_artifact
from image_classifier.runtime import load_model
from serving.artifact import ArtifactInvalid

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class OldModel:
    """``made_from`` are SHA-256 of the photos that it was taught on."""

    artifact: Artifact
    made_from: frozenset[str]


def old_model(folder: Path) -> OldModel | str | None:
    """What stands in ``folder`` before it is replaced, or why it cannot be read; None where nothing
    stands there."""
    if not folder.exists():
        return None
    try:
        return OldModel(load_artifact(folder), made_from(folder))
    except ArtifactInvalid as exc:
        return str(exc)


def compare(old: OldModel, new: Artifact, answers: Answers, seen: int) -> Comparison | str:
    """The old model's answers to the photos of ``answers``, which are the new one's, beside these;
    or why they cannot be compared. ``seen`` of the photos taught the old one."""
    names = [label.label for label in old.artifact.labels]
    classes = [label.label for label in new.labels]
    if others := {*names} ^ {*classes}:
        return f"only one of the two has the classes {', '.join(sorted(others))}"
    if old.artifact.manifest.version == new.manifest.version:
        return "it is the same, byte for byte"
    try:
        infer = load_model(old.artifact, threads=1)
    except ArtifactInvalid as exc:
        return str(exc)
    truth = [names.index(classes[i]) for i in answers.truth]
    answered = answers_of(answers.photos, truth, old.artifact.manifest.input, infer)
    return mcnemar(old.artifact.manifest.version, _right(answered), _right(answers), seen)


def mcnemar(version: str, old: NDArray[np.bool_], new: NDArray[np.bool_], seen: int) -> Comparison:
    """From whether each photo [n] was answered right. Only photos that one of the two has right
    tell them apart: were both as good, each would have half of these (McNemar 1947, exact)."""
    only_old, only_new, count = int((old & ~new).sum()), int((new & ~old).sum()), len(new)
    apart = only_old + only_new
    p_value = float(binomtest(only_new, apart).pvalue) if apart else 1.0
    verdict = f"no difference that {count:,} photos could show"
    if p_value < SIGNIFICANT:
        verdict = "better" if only_new > only_old else "worse"
    sentence = (
        f"The new model is right on {new.sum():,} of {count:,} photos, the old one on "
        f"{old.sum():,}: {verdict} (McNemar p = {p_value:.2g})."
    )
    if seen:
        sentence += (
            f" The old one was taught on {seen:,} of them, where it looks better than it is."
        )
    return Comparison(
        old_version=version,
        old=share(int(old.sum()), count),
        new=share(int(new.sum()), count),
        only_old=only_old,
        only_new=only_new,
        p_value=p_value,
        seen_by_old=seen,
        sentence=sentence,
    )


def _right(answers: Answers) -> NDArray[np.bool_]:
    right: NDArray[np.bool_] = answers.probabilities.argmax(axis=1) == answers.truth
    return right
