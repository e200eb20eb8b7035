"""Folders of photos → a verified artifact, and how right it is on photos it has not seen."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from PIL import Image

from evaluation.answers import Pixels, answers_of, read_pixels
from evaluation.figures import share
from evaluation.photos import LabelledPhoto, Listing
from evaluation.report import Report, in_words, report_of
from image_classifier.artifact import Calibration, InputSpec
from image_classifier.decode import decode_image
from image_classifier.export.build import Built, export_model
from image_classifier.export.golden import golden_files
from image_classifier.export.write import beside, check_replaceable, write_artifact
from image_classifier.runtime import load_model
from teaching.base import Base, feature_network, load_base
from teaching.calibrate import calibrate
from teaching.features import extractor
from teaching.head import Head, fit_head
from teaching.material import Material, collect, read_listings
from teaching.split import folds

GOLDEN_PHOTOS = 20
GOLDEN_SIDE = 320


@dataclass(frozen=True)
class Options:
    """``test`` is a folder like ``photos``, or the share of these that is held out; ``cache`` keeps
    features."""

    name: str
    photos: Path
    test: Path | float
    base: str
    min_precision: float
    seed: int
    output: Path
    cache: Path


@dataclass(frozen=True)
class Taught:
    """The report on the artifact that was written, and the photos that it is on."""

    report: Report
    photos: Sequence[LabelledPhoto]


def teach(options: Options, environ: Mapping[str, str]) -> Taught:
    """Write the artifact into ``options.output``, and judge it.

    Raises:
        PhotosInvalid, TooFewPhotos: the folders cannot be used.
        ExportError: weights cannot be had, or the artifact does not answer as Keras does.
    """
    check_replaceable(options.output)
    listings = read_listings(options.photos, options.test)
    base = load_base(options.base, environ)
    network = feature_network(base)
    extract = extractor(network, base.spec, base.features, options.cache)
    material = collect(*listings, extract, options.seed)
    taught, truth = material.taught, material.truth[material.taught]
    numbers = folds(truth, material.groups[taught], material.draws[taught])
    head = fit_head(material.features.values[taught], truth, numbers)
    on = f"{len(truth):,} photos that it was taught on, each scored by a head that had not seen it"
    calibration = calibrate(head.unseen, truth, options.min_precision, on)
    built = _export(base, head, material, calibration, options)
    golden = golden_files(built.artifact, built.photos, built.answers)
    digests = np.array(material.features.sha256)[taught].tolist()
    write_artifact(options.output, built.artifact, beside(golden, digests))
    return _judge(built, head, material, options)


def _export(
    base: Base, head: Head, material: Material, calibration: Calibration, options: Options
) -> Built:
    logits = layers.Dense(len(material.labels), name="head")(base.model.output)
    model = keras.Model(base.model.input, logits, name=options.name)
    model.get_layer("head").set_weights([head.weights, head.bias])
    classes, photos = len(material.labels), int(material.taught.sum())
    source = f"{base.weights.source}; head taught on {photos} photos of {classes} classes"
    return export_model(
        model,
        replace(base.recipe, name=options.name, labels=material.labels, calibration=calibration),
        replace(base.weights, source=source),
        dict(_golden_photos(material)),
        (pixels.values for pixels in _judged_pixels(material, base.spec)),
    )


def _golden_photos(material: Material) -> Iterator[tuple[str, bytes]]:
    """Some that it was taught on, of every class in turn; small, and without what cameras add."""
    turn = [np.flatnonzero(material.taught & (material.truth == c.index)) for c in material.labels]
    places = [(place, i) for members in turn for place, i in enumerate(members)]
    for number, (_, i) in enumerate(sorted(places)[:GOLDEN_PHOTOS]):
        image = decode_image(material.features.photos[i].read(), GOLDEN_SIDE)
        image.thumbnail((GOLDEN_SIDE, GOLDEN_SIDE), Image.Resampling.BICUBIC)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=90)
        yield f"{number:02}.jpg", file.getvalue()


def _judged_pixels(material: Material, spec: InputSpec) -> Iterator[Pixels]:
    for _, pixels in read_pixels(_chosen(material, material.judged), spec, "As Keras does"):
        if isinstance(pixels, Pixels):
            yield pixels


def _judge(built: Built, head: Head, material: Material, options: Options) -> Taught:
    artifact, photos = built.artifact, _chosen(material, material.judged)
    source = options.test if isinstance(options.test, Path) else options.photos
    listing = Listing(source, tuple(photos), material.left_out)
    truth = material.truth[material.judged].tolist()
    infer = load_model(artifact, threads=1)
    answers = answers_of(photos, truth, artifact.manifest.input, infer)
    report = report_of(artifact, answers, listing)
    taught = material.truth[material.taught]
    seen = share(int((head.unseen.argmax(axis=1) == taught).sum()), len(taught))
    agreement = artifact.manifest.agreement
    facts = {
        "taught on": f"{len(taught):,} photos of {len(material.labels)} classes, and their mirror "
        f"images; features of {options.base}, C = {head.strength:g}, seed {options.seed}",
        "cross-validated": in_words(seen),
        "as Keras": f"the same top class on {agreement['same_top1']} of {agreement['photos']} "
        f"photos, scores differ by {agreement['max_probability_difference']} at most",
    }
    lists = {"Alike": material.duplicates} if material.duplicates else {}
    report = replace(report, facts={**facts, **report.facts}, lists={**lists, **report.lists})
    return Taught(report, answers.photos)


def _chosen(material: Material, chosen: NDArray[np.bool_]) -> list[LabelledPhoto]:
    return [material.features.photos[i] for i in np.flatnonzero(chosen)]
