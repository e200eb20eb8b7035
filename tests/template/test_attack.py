"""What an attack can cost is bounded in prod, and written down as it is."""

import tomllib
from collections.abc import Iterable
from typing import Any

from infra.deploy.costs import PRICES
from prediction_store.record import MAX_UPLOAD_BYTES
from serving.image_body import MAX_IMAGE_BYTES
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, FUNCTIONS

CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
PROD = dict(
    override.split("=")
    for override in CONFIG["prod"]["global"]["parameters"]["parameter_overrides"]
)
TEXT = (ROOT / "infra" / "README.md").read_text().partition("### What an attack costs")[2]
DAY_S = 24 * 60 * 60
LOGGED_GB = 2.3e-6  # a request; as under "A million predictions"
S3_AND_SQS = 5e-6 + 2 * 0.4e-6 + 3 * 0.4e-6  # one PUT and two GETs, and sent, received and deleted
WAITING_WRITES = 3 + 90  # created, begun and a key; an answer of 1000 classes has up to 90 KB
READS = 23  # 90 KB, consistently
WRITES = 4  # an item with the longest comment has up to 3 KB, its index entry under 1


def routes_of(functions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        event["Properties"]
        for function in functions
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]


def reserved(function: str, memory_mb: int) -> float:
    """USD a day with every reserved environment at work."""
    concurrency = FUNCTIONS[function]["Properties"]["ReservedConcurrentExecutions"]
    count = int(PROD[concurrency["Fn::If"][1]["Ref"]])
    assert count > 0
    return count * memory_mb / 1024 * DAY_S * PRICES["gb_s"]


def test_prod_bounds_both_functions_and_every_route():
    defaults = DOCUMENT["Parameters"]

    assert int(PROD["RateLimit"]) < defaults["RateLimit"]["Default"]
    assert int(PROD["BurstLimit"]) < defaults["BurstLimit"]["Default"]
    assert int(PROD["ProvisionedConcurrencyMax"]) <= int(PROD["ReservedConcurrency"])


def test_the_sum_that_is_written_down_is_the_sum():
    assert PROD.get("FrontDoors", "off") == "off"
    routes = routes_of(each for each in FUNCTIONS.values() if "Condition" not in each)
    waiting_routes = DOCUMENT["Resources"]["Api"]["Properties"]["RouteSettings"]
    open_routes = sum("Auth" not in route for route in routes) - len(waiting_routes)
    rate, waiting_rate = int(PROD["RateLimit"]), int(PROD["WaitingRateLimit"])
    waiting = len(waiting_routes) * waiting_rate * DAY_S
    requests = open_routes * rate * DAY_S + waiting
    memory_mb = DOCUMENT["Parameters"]["ClassifierMemory"]["Default"]
    workers = int(
        PROD.get("WorkerConcurrency", DOCUMENT["Parameters"]["WorkerConcurrency"]["Default"])
    )
    stored_gb = waiting_rate * DAY_S * (MAX_UPLOAD_BYTES + MAX_IMAGE_BYTES) / 1e9
    costs = [
        reserved("ClassifierFunction", memory_mb),
        reserved("FeedbackFunction", FUNCTIONS["FeedbackFunction"]["Properties"]["MemorySize"]),
        reserved(
            "PredictionsFunction", FUNCTIONS["PredictionsFunction"]["Properties"]["MemorySize"]
        ),
        2 * reserved("IrisFunction", FUNCTIONS["IrisFunction"]["Properties"]["MemorySize"]),
        workers * memory_mb / 1024 * DAY_S * PRICES["gb_s"],
        requests * PRICES["request"],
        requests * PRICES["api_request"],
        requests * LOGGED_GB * 0.50,
        rate * DAY_S * WRITES * 0.625e-6,
        waiting * (S3_AND_SQS + WAITING_WRITES * 0.625e-6),
        rate * DAY_S * READS * 0.125e-6,
        stored_gb * 0.023 * 12 / 365,
    ]

    assert f"{requests:,}".replace(",", " ") in TEXT
    for cost in costs:
        assert f"| {cost:.2f} |" in TEXT
    assert f"**{sum(costs):.2f}**" in TEXT


def test_what_the_front_doors_add_to_it_is_written_down_too():
    doors = {name: each for name, each in FUNCTIONS.items() if "Condition" in each}
    routes = routes_of(doors.values())
    requests = len(routes) * int(PROD["RateLimit"]) * DAY_S
    memory_mb = DOCUMENT["Parameters"]["ClassifierMemory"]["Default"]
    cost = requests * (PRICES["request"] + PRICES["api_request"] + LOGGED_GB * 0.50)
    cost += reserved("PhotoDoorsFunction", memory_mb)
    cost += reserved(
        "TabularDoorsFunction", FUNCTIONS["TabularDoorsFunction"]["Properties"]["MemorySize"]
    )

    assert {each["Condition"] for each in doors.values()} == {"HasFrontDoors"}
    assert f"`FrontDoors=on` adds {len(routes)} open routes" in TEXT
    assert f"**{cost:.2f}** more a day" in TEXT
