"""The composed hook, as a process of its own, against a Lambda that never answers."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from image_classifier.export.golden import GOLDEN_FILE
from tests.conftest import ROOT

EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook-1"}
PROGRAM = """
import json, sys
from types import SimpleNamespace
from deployment_check.aws import REPORT_S
from deployment_check.handler import handler
context = SimpleNamespace(get_remaining_time_in_millis=lambda: int((REPORT_S + 1) * 1000))
handler(json.loads(sys.argv[1]), context)
"""


@pytest.fixture
def golden_dir(tmp_path: Path) -> Path:
    photo = {
        "file": "cat.png",
        "media_type": "image/png",
        "decisive": True,
        "expected": [{"label": "tabby", "score": 0.9}],
    }
    golden = {"model": {"version": "0123456789ab"}, "tolerance": 0.05, "photos": [photo]}
    (tmp_path / GOLDEN_FILE).write_text(json.dumps(golden))
    (tmp_path / "cat.png").write_bytes(b"cat")
    return tmp_path


@pytest.fixture
def silent_lambda() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def codedeploy() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its address, and what it is asked and told."""
    reports: list[dict[str, Any]] = []

    class Reports(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = b'{"lifecycleEventHookExecutionId": "hook-1"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Reports) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", reports
        server.shutdown()


@pytest.mark.parametrize("missing", [None, GOLDEN_FILE])
def test_reports_a_failure_whatever_goes_wrong(
    missing: str | None, golden_dir: Path, silent_lambda: str, codedeploy: Any
):
    if missing:
        (golden_dir / missing).unlink()
    address, reports = codedeploy
    environ = os.environ | {
        "PYTHONPATH": str(ROOT / "functions"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_ENDPOINT_URL_LAMBDA": silent_lambda,
        "AWS_ENDPOINT_URL_CODEDEPLOY": address,
        "GOLDEN_DIR": str(golden_dir),
        "NEW_VERSION": "arn:aws:lambda:us-east-1:123456789012:function:classifier:7",
    }

    subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(EVENT)], env=environ, check=True)

    ids = {"deploymentId": "d-1", "lifecycleEventHookExecutionId": "hook-1"}
    assert reports[-1] == ids | {"status": "Failed"}
