"""``python -m infra.commands.collection``: the command behind ``make collection``."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from infra.commands.collection.local import Options, OutputUnusable, classify_collection
from infra.commands.collection.workers import BatchFailed
from infra.commands.model import CODE_FOLDER, ModelUnavailable, ensure_model, local_exporter
from serving.collection import SourceUnavailable
from serving.errors import ServiceError

MAX_CONCURRENCY = 100
STOPPED = 130
GOES_ON = "The same command goes on where it stopped."


def main(arguments: Sequence[str]) -> int:
    """Classify the collection; the exit status is 1 if it could not be done, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    # Ctrl-C even where a shell started it in the background, which ignores that; SIGTERM likewise.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    began_s = time.monotonic()
    try:
        if options.photos.startswith("s3://"):
            summary = _in_aws(options)
        else:
            summary = classify_collection(_local(options)).summary()
    except ModelUnavailable as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    except (ServiceError, OutputUnusable) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except BrokenProcessPool:
        print(f"error: A worker was killed, perhaps for want of memory. {GOES_ON}", file=sys.stderr)
        return 1
    except (BatchFailed, OSError) as exc:
        print(f"error: {exc}. {GOES_ON}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped. {GOES_ON}", file=sys.stderr)
        return STOPPED
    print("\n".join(_summary(summary, options.output, time.monotonic() - began_s)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.commands.collection")
    add = parser.add_argument
    add("--photos", required=True, help="a folder, a .zip, or s3://bucket/prefix")
    add("--output", required=True, help="a folder; s3://… for photos in S3")
    add("--model", default="resnet50")
    add("--models-dir", type=Path, default=Path("build/models"))
    add("--data", type=Path, default=Path(".local"), help="where make run keeps its own")
    add("--top-k", type=_count, default=5)
    add("--min-score", type=_share, help="below it a photo is unsure; else the model decides")
    add("--arrange", choices=("none", "link", "copy"), default="none")
    add("--concurrency", type=_count, help="processes, of which each core gets one; in AWS batches")
    add("--stack", help="the environment of samconfig.toml that classifies photos in S3")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return share


def _local(options: argparse.Namespace) -> Options:
    environ = {**os.environ, "PYTHONPATH": str(CODE_FOLDER)}
    model = ensure_model(
        options.model,
        options.models_dir.resolve(),
        local_exporter(CODE_FOLDER, environ),
        lambda line: print(line, file=sys.stderr),
    )
    return Options(
        photos=Path(options.photos).expanduser().absolute(),
        output=Path(options.output).expanduser().absolute(),
        model=model.folder.absolute(),
        top_k=options.top_k,
        min_score=options.min_score,
        arrange=options.arrange,
        processes=options.concurrency or os.cpu_count() or 1,
        data=options.data.absolute(),
    )


def _in_aws(options: argparse.Namespace) -> dict[str, Any]:
    # Every process imports this module again, and boto3 would take it as long as fifty photos.
    from infra.commands.collection.aws import classify_in_stack  # noqa: PLC0415

    if not options.stack:
        raise SourceUnavailable("Name the deployed stack for photos in S3: STACK=dev")
    if options.arrange != "none":
        raise SourceUnavailable("Only photos on this machine can be arranged.")
    chosen = {
        "top_k": options.top_k,
        "min_score": options.min_score,
        "max_concurrency": options.concurrency or MAX_CONCURRENCY,
    }
    return classify_in_stack(options.stack, options.photos, options.output, chosen)


def _summary(summary: dict[str, Any], output: str, seconds: float) -> list[str]:
    photos, classified, unsure = (summary[name] for name in ("photos", "classified", "unsure"))
    sure = f"{classified:,} of {photos:,} photos classified, {unsure:,} of them unsure"
    lines = [f"{sure}; {seconds:.1f} s in all."]
    lines += [f"  {found['photos']:7,}  {found['label']}" for found in summary["classes"][:10]]
    if summary["failed"]:
        codes = ", ".join(f"{count:,} {code}" for code, count in summary["failures"].items())
        lines.append(f"{summary['failed']:,} could not be: {codes}; see {output}/failures.csv")
    return [*lines, f"Look through them: {output}/report.html; rows: {output}/results.csv"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
