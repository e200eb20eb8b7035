"""The people of a soak, and those who mean it ill: each sends one thing after the other."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic

import aiohttp
import numpy as np
from yarl import URL

from loadtest.soak.abrupt import KINDS as ABRUPT_KINDS
from loadtest.soak.abrupt import NotRefused, send_abruptly
from loadtest.soak.accounts import Failure
from loadtest.soak.answers import Answer, content, wrong
from loadtest.soak.ledger import Ledger
from loadtest.soak.requests import Exchange

REQUEST_LIMIT_S = 40.0
"""Longer than any gateway waits: an answer that comes later has hung."""

_PIECES = 5
_PIECE_S = 0.2
_AGAIN_EVERY = 3


@dataclass
class Tally:
    """What was sent, by kind, and how it went; ``refused`` is 503 with ``Retry-After``."""

    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    hostile: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)


class Clients:
    """``count`` clients that share a tally and a ledger; ``feedback_per_s`` is of all together."""

    def __init__(  # noqa: PLR0913 - a soak has many parts
        self,
        url: str,
        exchanges: Sequence[Exchange],
        tally: Tally,
        ledger: Ledger,
        *,
        pause_s: float,
        feedback_per_s: float,
    ) -> None:
        self._url = url
        self._exchanges = exchanges
        self._tally = tally
        self._ledger = ledger
        self._pause_s = pause_s
        self._feedback_s = 1 / feedback_per_s
        self._next_feedback = monotonic()
        self._photo = next(e for e in exchanges if e.kind == "predict jpeg")
        tally.hostile |= {e.kind for e in exchanges if e.hostile} | set(ABRUPT_KINDS)
        tally.hostile |= {"slow upload", "contradiction"}

    async def run(self, count: int, stop: asyncio.Event) -> None:
        """Send until ``stop``; what is under way then is awaited."""
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=REQUEST_LIMIT_S),
            trust_env=False,
        )
        async with session as http, asyncio.TaskGroup() as group:
            for seed in range(count):
                group.create_task(self._client(http, np.random.default_rng(seed), stop))

    async def _client(
        self, http: aiohttp.ClientSession, dice: np.random.Generator, stop: asyncio.Event
    ) -> None:
        weights = np.array([exchange.weight for exchange in self._exchanges], float)
        specials: tuple[Callable[[aiohttp.ClientSession], Awaitable[None]], ...] = (
            self._upload_slowly,
            self._contradict,
            *(self._abrupt(kind) for kind in ABRUPT_KINDS),
        )
        chances = np.append(weights, np.ones(len(specials)))
        chances /= chances.sum()
        while not stop.is_set():
            if monotonic() >= self._next_feedback:
                self._next_feedback = monotonic() + self._feedback_s
                await self._answer_a_prediction(http)
            else:
                choice = int(dice.choice(len(chances), p=chances))
                if choice < len(self._exchanges):
                    await self._send(http, self._exchanges[choice])
                else:
                    await specials[choice - len(self._exchanges)](http)
            await asyncio.sleep(float(dice.exponential(self._pause_s)))

    async def _answer_a_prediction(self, http: aiohttp.ClientSession) -> None:
        predicted = await self._send(http, self._photo)
        if predicted is None:
            return
        note = self._ledger.new_note()
        for number in range(1 + (len(self._ledger.confirmed) % _AGAIN_EVERY == 0)):
            said = {
                "prediction_id": predicted.content["prediction_id"],
                "correct": True,
                "comment": self._ledger.comment(note, number),
            }
            due = HTTPStatus.OK if number else HTTPStatus.CREATED
            kind = "feedback again" if number else "feedback"
            if await self._send(http, _feedback(kind, said, int(due), "")) is None:
                return
            self._ledger.confirm(note, number)

    async def _contradict(self, http: aiohttp.ClientSession) -> None:
        predicted = await self._send(http, self._photo)
        if predicted is not None:
            last = predicted.content["predictions"][-1]["wnid"]
            said = {
                "prediction_id": predicted.content["prediction_id"],
                "correct": True,
                "label": last,
            }
            await self._send(http, _feedback("contradiction", said, 422, "contradictory_label"))

    async def _upload_slowly(self, http: aiohttp.ClientSession) -> None:
        body = self._photo.body or b""
        size = len(body) // _PIECES + 1

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), size):
                yield body[start : start + size]
                await asyncio.sleep(_PIECE_S)

        await self._send(http, self._photo, kind="slow upload", data=pieces())

    def _abrupt(self, kind: str) -> Callable[[aiohttp.ClientSession], Awaitable[None]]:
        async def send(_: aiohttp.ClientSession) -> None:
            self._tally.sent[kind] += 1
            try:
                await send_abruptly(URL(self._url), kind, self._photo.body or b"")
            except (OSError, NotRefused) as exc:
                self._tally.failures.append(Failure(kind, None, None, repr(exc)))

        return send

    async def _send(
        self,
        http: aiohttp.ClientSession,
        exchange: Exchange,
        *,
        kind: str = "",
        data: AsyncIterator[bytes] | None = None,
    ) -> Answer | None:
        """The answer if it is the one due; else it is tallied as refused or failed."""
        kind = kind or exchange.kind
        self._tally.sent[kind] += 1
        headers = {"content-type": exchange.content_type} if exchange.content_type else {}
        # Encoded already: paths that climb out must arrive as they are.
        url = URL(self._url + exchange.path, encoded=True)
        try:
            async with http.request(
                exchange.method, url, data=data or exchange.body, headers=headers
            ) as response:
                answer = Answer(response.status, response.headers, content(await response.read()))
        except (aiohttp.ClientError, OSError) as exc:
            self._tally.failures.append(Failure(kind, None, None, repr(exc)))
            return None
        if answer.code == "too_many_requests" and "retry-after" in answer.headers:
            self._tally.refused[kind] += 1
            return None
        if what := wrong(exchange, answer):
            request_id = answer.headers.get("apigw-requestid")
            self._tally.failures.append(Failure(kind, request_id, answer.code or None, what))
            return None
        return answer


def _feedback(kind: str, said: dict[str, object], status: int, code: str) -> Exchange:
    body = json.dumps(said).encode()
    due = (status, code)
    return Exchange(kind, "POST", "/v1/feedback", due, body, "application/json")
