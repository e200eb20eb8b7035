"""``python -m infra.commands.collection``: the command behind ``make collection``."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from image_collections.tally import Tally
from infra.commands.collection.local import Options, OutputUnusable, classify_collection
from infra.commands.model import CODE_FOLDER, ModelUnavailable, ensure_model, local_exporter
from serving.errors import ServiceError

STOPPED = 130
GOES_ON = "The same command goes on where it stopped."


def main(arguments: Sequence[str]) -> int:
    """Classify the collection; the exit status is 1 if it could not be done, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    began_s = time.monotonic()
    try:
        tally = classify_collection(_local(options))
    except ModelUnavailable as exc:
        print(f"error: {exc}", file=sys.stderr)
        return exc.exit_code
    except (ServiceError, OutputUnusable) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except BrokenProcessPool:
        print(f"error: A worker was killed, perhaps for want of memory. {GOES_ON}", file=sys.stderr)
        return 1
    except OSError as exc:
        print(f"error: {exc}. {GOES_ON}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped. {GOES_ON}", file=sys.stderr)
        return STOPPED
    print("\n".join(_summary(tally, Path(options.output), time.monotonic() - began_s)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.commands.collection")
    add = parser.add_argument
    add("--photos", required=True, help="a folder, a .zip, or s3://bucket/prefix")
    add("--output", required=True, help="a folder; s3://… for photos in S3")
    add("--model", default="resnet50")
    add("--models-dir", type=Path, default=Path("build/models"))
    add("--top-k", type=int, default=5)
    add("--min-score", type=float, default=0.5, help="below it a photo is unsure")
    add("--arrange", choices=("none", "link", "copy"), default="none")
    add("--concurrency", type=int, help="processes; in AWS environments")
    return parser


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
    )


def _summary(tally: Tally, output: Path, seconds: float) -> list[str]:
    classified = tally.photos - tally.failed
    sure = f"{classified:,} of {tally.photos:,} photos classified, {tally.unsure:,} of them unsure"
    lines = [f"{sure}; {seconds:.1f} s in all."]
    lines += [f"  {found.photos:7,}  {label}" for label, found in tally.ranked_classes()[:10]]
    if tally.failed:
        codes = ", ".join(f"{count:,} {code}" for code, count in tally.failures.most_common())
        lines.append(f"{tally.failed:,} could not be: {codes}; see {output / 'failures.csv'}")
    return [*lines, f"Look through them: {output / 'report.html'}; rows: {output / 'results.csv'}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
