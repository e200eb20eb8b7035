"""Folders of photos → a verified artifact, and how right it is on photos it has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluation.answers import answers_of
from evaluation.figures import share
from evaluation.photos import LabelledPhoto, Listing
from evaluation.report import Report, in_words, report_of
from image_classifier.artifact import Artifact
from image_classifier.export.golden import golden_files
from image_classifier.export.write import beside, check_replaceable, write_artifact
from image_classifier.runtime import load_model
from teaching.answers import read_answers
from teaching.base import feature_network, load_base
from teaching.build import build
from teaching.calibrate import calibrate
from teaching.compare import OldModel, compare, old_model
from teaching.features import extractor
from teaching.head import Head, fit_head
from teaching.material import Material, collect, read_listings
from teaching.relabel import Relabelled, relabel
from teaching.split import check_enough_files, folds


@dataclass(frozen=True)
class Options:
    """``test`` is a folder like ``photos``, or the share of these that is held out; ``feedback``
    has answers to these and to unlabelled ones below ``feedback_photos``; ``cache`` keeps features.
    """

    name: str
    photos: Path
    test: Path | float
    base: str
    min_precision: float
    seed: int
    output: Path
    cache: Path
    feedback: Path | None = None
    feedback_photos: Path | None = None


@dataclass(frozen=True)
class Taught:
    """The report on the artifact that was written, and the photos that it is on."""

    report: Report
    photos: Sequence[LabelledPhoto]


def teach(options: Options, environ: Mapping[str, str]) -> Taught:
    """Write the artifact into ``options.output``, and judge it.

    Raises:
        PhotosInvalid, TooFewPhotos, AnswersInvalid: folders or answers cannot be used.
        ExportError: weights cannot be had, or the artifact does not answer as Keras does.
    """
    check_replaceable(options.output)
    photos, test = read_listings(options.photos, options.test)
    feedback = Relabelled(photos)
    if options.feedback:
        answers = read_answers(options.feedback)
        feedback = relabel(photos, answers, options.feedback_photos)
    check_enough_files([*feedback.photos.photos, *feedback.added])
    base = load_base(options.base, environ)
    network = feature_network(base, options.cache)
    extract = extractor(network, base.spec, base.features, options.cache)
    material = collect(feedback.photos, test, extract, options.seed, feedback.added)
    taught, truth = material.taught, material.truth[material.taught]
    numbers = folds(truth, material.groups[taught], material.draws[taught])
    head = fit_head(material.features.values[taught], truth, numbers)
    on = f"{len(truth):,} photos that it was taught on, each scored by a head that had not seen it"
    calibration = calibrate(head.unseen, truth, options.min_precision, on)
    built = build(options.name, base, head, material, calibration)
    golden = golden_files(built.artifact, built.photos, built.answers)
    digests = np.array(material.features.sha256)[taught].tolist()
    old = old_model(options.output)
    write_artifact(options.output, built.artifact, beside(golden, digests))
    judged = _judge(built.artifact, old, head, material, options)
    report = replace(
        judged.report,
        facts={**judged.report.facts, **feedback.facts},
        lists={**feedback.lists, **judged.report.lists},
    )
    return replace(judged, report=report)


def _judge(
    artifact: Artifact, old: OldModel | str | None, head: Head, material: Material, options: Options
) -> Taught:
    photos = material.chosen(material.judged)
    source = options.test if isinstance(options.test, Path) else options.photos
    listing = Listing(source, tuple(photos), material.left_out)
    truth = material.truth[material.judged].tolist()
    infer = load_model(artifact, threads=1)
    answers = answers_of(photos, truth, artifact.manifest.input, infer)
    report = report_of(artifact, answers, listing)
    comparison = (
        compare(old, artifact, answers, material.seen(old.made_from))
        if isinstance(old, OldModel)
        else old
    )
    facts = _facts(artifact, head, material, options)
    if isinstance(comparison, str):
        facts["old model"] = f"not compared: {comparison}"
        comparison = None
    report = replace(
        report,
        facts={**facts, **report.facts},
        lists={**material.lists, **report.lists},
        comparison=comparison,
    )
    return Taught(report, answers.photos)


def _facts(artifact: Artifact, head: Head, material: Material, options: Options) -> dict[str, str]:
    taught = material.truth[material.taught]
    seen = share(int((head.unseen.argmax(axis=1) == taught).sum()), len(taught))
    agreement = artifact.manifest.agreement
    return {
        "taught on": f"{len(taught):,} photos of {len(material.labels)} classes, and their mirror "
        f"images; features of {options.base}, C = {head.strength:g}, seed {options.seed}",
        "cross-validated": in_words(seen),
        "as Keras": f"the same top class on {agreement['same_top1']} of {agreement['photos']} "
        f"photos, scores differ by {agreement['max_probability_difference']} at most",
    }
