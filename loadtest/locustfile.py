"""For Locust: ``locust -f loadtest/locustfile.py [Person|Index|Predict|Feedback|Labels …]``.

Without a name the users are persons. Workers and ``--processes`` report every request to the
master, which writes them to ``--requests`` and decides on the exit code.
"""

from typing import Any

from gevent import get_hub
from locust import LoadTestShape, events
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtest import options as our
from loadtest.photos import load_photos
from loadtest.recorder import collect_here, send_to_master
from loadtest.shapes import SHAPES, stage_at
from loadtest.summary import summarize
from loadtest.thresholds import broken
from loadtest.users import Feedback, Index, Labels, Person, Predict, ServiceUser

__all__ = ["Feedback", "Index", "Labels", "Person", "Predict", "Shape"]


_LEAVE_RATE = 100.0


class Shape(LoadTestShape):
    """What ``--shape`` names, from Locust's own --users, --spawn-rate and --run-time."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Users and spawn rate now; None ends the run."""
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        assert options is not None
        elapsed_s = self.get_run_time()  # type: ignore[no-untyped-call]
        stage = stage_at(SHAPES[options.shape](our.load_of(options)), elapsed_s)
        if stage is not None:
            return stage.users, stage.spawn_rate
        # Locust ends a shape by quitting, which gives workers half a second. So everybody leaves
        # first, each with the last answer or after --stop-timeout.
        if self.get_current_user_count():  # type: ignore[no-untyped-call]
            return 0, _LEAVE_RATE
        return None


def _begin(environment: Environment, runner: Any, **_: object) -> None:
    options = environment.parsed_options
    assert options is not None
    if isinstance(runner, WorkerRunner):
        ServiceUser.record = staticmethod(send_to_master(environment, runner))
        return
    if options.shape != "constant" and not options.run_time:
        raise SystemExit(f"--shape {options.shape} needs --run-time")
    if not options.user_classes and not options.class_picker:
        environment.user_classes[:] = [Person]
    collected, record = collect_here(environment, our.requests_of(options))
    ServiceUser.record = staticmethod(record)

    def finish(**_: object) -> None:
        collected.close()
        limits = our.thresholds_of(options)
        sentences = list(broken(limits, summarize(collected.records)))
        for sentence in sentences:
            print(f"THRESHOLD: {sentence}", flush=True)  # noqa: T201 - a command line prints
        if sentences:
            environment.process_exit_code = 1
        elif limits.error_rate is not None:
            environment.process_exit_code = 0  # so many failures were allowed

    environment.events.quitting.add_listener(finish)  # type: ignore[no-untyped-call]


def _load_photos(environment: Environment, **_: object) -> None:
    # A worker on another machine has the master's options only now.
    assert environment.parsed_options is not None
    folder = our.photos_of(environment.parsed_options)
    # In a real thread: a worker that is silent for three seconds is lost to its master.
    ServiceUser.photos = get_hub().threadpool.apply(load_photos, (folder,))


events.init_command_line_parser.add_listener(our.add_options)  # type: ignore[no-untyped-call]
events.init.add_listener(_begin)  # type: ignore[no-untyped-call]
events.test_start.add_listener(_load_photos)  # type: ignore[no-untyped-call]
