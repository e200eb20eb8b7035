"""For Locust: ``locust -f loadtest/locustfile.py [Person|Index|Predict|Feedback|Labels …]``.

Without a name the users are persons. Workers and ``--processes`` report every request to the
master, which writes them to ``--requests`` and decides on the exit code.
"""

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gevent import get_hub
from locust import LoadTestShape, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtest.photos import load_photos
from loadtest.records import Request, request_table
from loadtest.shapes import SHAPES, stage_at
from loadtest.summary import add_limits, broken_limits, number, summarize
from loadtest.users import Feedback, Index, Labels, Person, Predict, ServiceUser

__all__ = ["Feedback", "Index", "Labels", "Person", "Predict", "Shape"]

_LEAVE_RATE = 100.0
_MESSAGE = "request"


class Shape(LoadTestShape):
    """What ``--shape`` names, over Locust's own --run-time."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Users and spawn rate now; None ends the run."""
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        assert options is not None
        stage = stage_at(options, self.get_run_time())  # type: ignore[no-untyped-call]
        if stage is None and self.get_current_user_count():  # type: ignore[no-untyped-call]
            # Locust ends a shape by quitting, which gives workers half a second. So everybody
            # leaves first, each with the last answer or after --stop-timeout.
            return 0, _LEAVE_RATE
        return stage


def _add_options(parser: argparse.ArgumentParser) -> None:
    add: Any = parser.add_argument_group("Load of the classifier").add_argument
    add("--photos", default="", env_var="PHOTOS_DIR", help="folder of photos; else generated")
    add("--photo-form", choices=("raw", "json"), default="raw", help="json: base64, for sam local")
    add("--page-url", default="/", help="where the page is; none: leave it out (sam local)")
    add("--pause-s", type=number, default=0.0, help="mean pause of single-endpoint users")
    add("--shape", choices=SHAPES, default="constant", help="load over --run-time")
    add("--requests", default="", help="CSV file for one line per request")
    add_limits(add)


def _begin(environment: Environment, runner: Any, **_: object) -> None:
    options = environment.parsed_options
    assert options is not None
    if isinstance(runner, WorkerRunner):
        ServiceUser.record = staticmethod(
            lambda request: runner.send_message(_MESSAGE, asdict(request))
        )
        return
    if options.run_time == 0 or (options.shape != "constant" and not options.run_time):
        raise SystemExit(f"--shape {options.shape} needs --run-time, of a second at least")
    if not options.user_classes and not options.class_picker:
        environment.user_classes[:] = [Person]
    requests: list[Request] = []
    path = Path(options.requests or os.devnull)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w", newline="", encoding="utf-8", buffering=1)
    table = request_table(file)

    def keep(request: Request) -> None:
        requests.append(request)
        table.writerow(vars(request))

    def decide(**_: object) -> None:
        file.close()
        broken = list(broken_limits(options, summarize(requests)))
        for sentence in broken:
            print(f"THRESHOLD: {sentence}", flush=True)
        if broken:
            environment.process_exit_code = 1
        elif options.max_error_rate is not None:
            environment.process_exit_code = 0  # so many failures were allowed

    ServiceUser.record = staticmethod(keep)
    environment.events.quitting.add_listener(decide)  # type: ignore[no-untyped-call]
    if isinstance(runner, MasterRunner):
        runner.register_message(_MESSAGE, lambda msg, **_: keep(Request(**msg.data)))


def _load_photos(environment: Environment, **_: object) -> None:
    # A worker on another machine has the master's options only now.
    assert environment.parsed_options is not None
    folder = environment.parsed_options.photos
    # In a real thread: a worker that is silent for three seconds is lost to its master.
    photos = get_hub().threadpool.apply(load_photos, (Path(folder) if folder else None,))
    ServiceUser.photos = photos


events.init_command_line_parser.add_listener(_add_options)  # type: ignore[no-untyped-call]
events.init.add_listener(_begin)  # type: ignore[no-untyped-call]
events.test_start.add_listener(_load_photos)  # type: ignore[no-untyped-call]
