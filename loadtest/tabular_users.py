"""Users of the tabular services."""

import random
from functools import partial
from urllib.parse import urlencode

from locust import task

from flight_delay.schemas import AirlinesOut, PredictionOut
from loadtest.check import check_body, check_delays, check_species, get, post
from loadtest.users import ServiceUser

# ruff: noqa: S311 - chance, not secrets
_SIZES = (1, 1, 1, 100)  # of a request; more than one is a list
_COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_FLOWERS = {  # cm, typical of their species
    "Iris-setosa": (5.1, 3.5, 1.4, 0.2),
    "Iris-versicolor": (5.9, 2.8, 4.3, 1.3),
    "Iris-virginica": (7.7, 2.6, 6.9, 2.3),
}


class Iris(ServiceUser):
    """Has flowers classified."""

    @task
    def classify(self) -> None:
        """One flower, or a list."""
        species = random.choices(list(_FLOWERS), k=random.choice(_SIZES))
        flowers = [dict(zip(_COLUMNS, _FLOWERS[name], strict=True)) for name in species]
        sent = flowers if len(flowers) > 1 else flowers[0]
        self.send(post("/v1/classify", sent, partial(check_species, species=species)))


class FlightDelay(ServiceUser):
    """Asks whether flights of the airlines there are will be late."""

    airlines: tuple[str, ...] = ()

    @task
    def ask(self) -> None:
        """The airlines, then one flight or a list."""
        if not self.airlines:
            answer = self.send(get("/v1/flights/airlines", partial(check_body, schema=AirlinesOut)))
            self.airlines = tuple(answer.json["airlines"]) if answer else ()
            return
        flights = [
            {"OPERA": airline, "MES": random.randint(1, 12), "TIPOVUELO": random.choice("IN")}
            for airline in random.choices(self.airlines, k=random.choice(_SIZES))
        ]
        response = partial(check_body, schema=PredictionOut)
        delays = partial(check_delays, count=len(flights))
        one = get(f"/prediction?{urlencode(flights[0])}", response, "GET /prediction")
        self.send(one if len(flights) == 1 else post("/v1/flights/delay", flights, delays))
