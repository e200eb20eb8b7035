"""Requests per second of the whole local cloud: gateway, emulators and the model, over HTTP."""

import shutil

from benchmarks.material import FOLDER, Material
from infra.commands.launch import running_service
from loadtest.load import collect, generate_load
from loadtest.summary import summarize

USERS = 50
WARM_UP_S = 3
MEASURED_S = 20


def requests_per_second(material: Material) -> float:
    """Good answers a second to Locust's users, who send a photo after the other."""
    photos = FOLDER / "photos"
    photos.mkdir(exist_ok=True)
    shutil.copy(material.photo, photos)
    data = (FOLDER / "data").resolve()
    options = ("--model", "resnet50", "--models-dir", str(material.models_dir))
    load = ("Predict", "--users", str(USERS), "--spawn-rate", str(USERS))
    load += ("--run-time", f"{WARM_UP_S + MEASURED_S}s", "--photos", str(photos.resolve()))
    with running_service(data, *options) as service:
        generate_load("throughput", data, service.url, load)
    run = collect("throughput", data, None)
    if summarize(run.requests).fails:
        raise RuntimeError("a request failed")
    began_s = run.start_s + WARM_UP_S
    measured = [request for request in run.requests if 0 <= request.end_s - began_s <= MEASURED_S]
    return summarize(measured, MEASURED_S).rps
