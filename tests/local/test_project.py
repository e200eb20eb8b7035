"""This project's own functions, called as Lambda's clients call them."""

import re
import time

import requests

from tests.conftest import LIMIT_S, Cloud

INVOKE = "/2015-03-31/functions/{}/invocations"


def invoke_url(cloud: Cloud, function: str) -> str:
    """Where the terminal of ``make run`` says that the function is invoked."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        if match := re.search(r"Invoke API +(\S+)", (cloud.data / "service.log").read_text()):
            return match[1] + INVOKE.format(function)
        time.sleep(0.05)
    raise AssertionError("make run names no Invoke API")


def test_the_check_of_a_deployment_runs_here_and_calls_the_function_it_checks(cloud: Cloud):
    answer = requests.post(invoke_url(cloud, "FeedbackCheckFunction"), json={}, timeout=LIMIT_S)

    assert answer.json()["disagreements"] == []
    assert answer.json()["status"] == "Succeeded"


def test_a_check_that_lacks_its_golden_photos_says_so(cloud: Cloud):
    answer = requests.post(invoke_url(cloud, "ClassifierCheckFunction"), json={}, timeout=LIMIT_S)

    assert answer.json()["status"] == "Failed"
    log = (cloud.data / "logs" / "ClassifierCheckFunction.log").read_text()
    assert "golden.json" in log
