"""For Locust: ``locust -f loadtest/locustfile.py [Person|Predict|Iris|FlightDelay …]``.

Without a name the users are persons. Workers and ``--processes`` report every request to the
master, which writes them to ``--requests``. An error in a user's own code is a failed request.
"""

import argparse
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any

from gevent import get_hub
from locust import LoadTestShape, User, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtest import check
from loadtest.photos import load_photos
from loadtest.records import Request
from loadtest.shapes import SHAPES, stage_at
from loadtest.soak.users import Enqueuer, Hostile, Reviewer, Visitor
from loadtest.users import Feedback, FlightDelay, Index, Iris, Labels, Person, Predict, ServiceUser

__all__ = ["Feedback", "FlightDelay", "Index", "Iris", "Labels", "Person", "Predict", "Shape"]
__all__ += ["Enqueuer", "Hostile", "Reviewer", "Visitor"]  # of the soak

_LEAVE_RATE, _MESSAGE = 100.0, "request"


class Shape(LoadTestShape):
    """What ``--shape`` names, over Locust's own --run-time."""

    use_common_options = True
    is_over = False

    def tick(self) -> tuple[int, float] | None:
        """Users and spawn rate now; None ends the run."""
        runner: Any = self.runner
        elapsed_s = inf if self.is_over else self.get_run_time()  # type: ignore[no-untyped-call]
        stage = stage_at(runner.environment.parsed_options, elapsed_s)
        if stage is None and isinstance(runner, MasterRunner) and runner.user_count:
            # A master that quits gives its workers half a second: all users leave first.
            return 0, _LEAVE_RATE
        return stage


def _interrupt(*_: object) -> None:
    """At the first Ctrl-C users finish, as at the run's end: no answer is lost on the way."""
    Shape.is_over = True
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add: Any = parser.add_argument_group("Load of the classifier").add_argument
    add("--photos", default="", env_var="PHOTOS_DIR", help="folder of photos; else generated")
    add("--photo-form", choices=("raw", "json"), default="raw", help="json: base64, for sam local")
    add("--page-url", default="/", help="where the page is; none: leave it out (sam local)")
    add("--pause-s", type=float, default=0.0, help="mean pause of single-endpoint users")
    add("--shape", choices=SHAPES, default="constant", help="load over --run-time")
    add("--requests", default=os.devnull, help="file for a JSON line per request")


def _begin(environment: Environment, runner: Any, **_: object) -> None:
    options: Any = environment.parsed_options
    if isinstance(runner, WorkerRunner):
        send = runner.send_message
        ServiceUser.record = staticmethod(lambda request: send(_MESSAGE, asdict(request)))
        return
    if options.run_time == 0 or (options.shape != "constant" and not options.run_time):
        raise SystemExit(f"--shape {options.shape} needs --run-time, of a second at least")
    if options.headless:
        signal.signal(signal.SIGINT, _interrupt)
    if not options.user_classes and not options.class_picker:
        environment.user_classes[:] = [Person]
    file = Path(options.requests).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115 - to its end

    def write(facts: Mapping[str, Any]) -> None:
        file.write(json.dumps(facts) + "\n")

    ServiceUser.record = staticmethod(lambda request: write(vars(request)))
    if isinstance(runner, MasterRunner):
        runner.register_message(_MESSAGE, lambda msg, **_: write(msg.data))


def _record_error(user_instance: User, exception: Exception, **_: object) -> None:
    facts = (time.time(), type(user_instance).__name__, "user", 0)
    ServiceUser.record(Request(*facts, "failed", 0.0, 0, reason=repr(exception)))


def _load_photos(environment: Environment, **_: object) -> None:
    # A worker on another machine has the master's options only now.
    options: Any = environment.parsed_options
    # In a real thread: a worker that is silent for three seconds is lost to its master.
    photos = get_hub().threadpool.apply(load_photos, (options.photos,))
    ServiceUser.original = photos[-1]
    exchange = check.predict_json if options.photo_form == "json" else check.predict
    ServiceUser.photos = tuple(map(exchange, photos))


events.init_command_line_parser.add_listener(_add_options)  # type: ignore[no-untyped-call]
events.init.add_listener(_begin)  # type: ignore[no-untyped-call]
events.user_error.add_listener(_record_error)  # type: ignore[no-untyped-call]
events.test_start.add_listener(_load_photos)  # type: ignore[no-untyped-call]
