"""What the load test adds to Locust's command line."""

import argparse
from pathlib import Path

from loadtest.shapes import SHAPES, Load
from loadtest.thresholds import Thresholds


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options; every one can be set in the environment too, by its upper-case name."""
    group = parser.add_argument_group("Load of the image classifier")
    add = group.add_argument
    add("--photos", default="", env_var="PHOTOS_DIR", help="folder of photos; else generated")
    add("--photo-form", choices=("raw", "json"), default="raw", help="json: base64, for sam local")
    add("--page-url", default="/", help="where the page is; none: leave it out (sam local)")
    add("--pause-s", type=_number, default=0.0, help="mean pause of single-endpoint users")
    add("--shape", choices=sorted(SHAPES), default="constant", help="load over --run-time")
    add("--requests", default="", help="CSV file for one line per request")
    add("--max-p95-ms", type=_number, help="exit code 1 above this 95th percentile")
    add("--max-error-rate", type=_number, help="exit code 1 above this share of failures, 0…1")
    add("--max-cold-ratio", type=_number, help="exit code 1 above this share of cold starts, 0…1")


def photos_of(options: argparse.Namespace) -> Path | None:
    """The folder of photos, if one is named."""
    return Path(options.photos) if options.photos else None


def requests_of(options: argparse.Namespace) -> Path | None:
    """The file for the requests, if one is named."""
    return Path(options.requests) if options.requests else None


def thresholds_of(options: argparse.Namespace) -> Thresholds:
    """The limits."""
    return Thresholds(options.max_p95_ms, options.max_error_rate, options.max_cold_ratio)


def load_of(options: argparse.Namespace) -> Load:
    """Locust's own --users, --spawn-rate and --run-time."""
    users, rate = options.num_users or 1, float(options.spawn_rate or 1)
    return Load(users, rate, float(options.run_time)) if options.run_time else Load(users, rate)


def _number(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value
