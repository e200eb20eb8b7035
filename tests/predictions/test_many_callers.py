"""More callers at once than there are environments, by far."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from tests.conftest import Cloud, running_cloud
from tests.image_classifier.images import encode
from tests.predictions.parts import JPEG, Parts

PHOTO = encode(Image.new("RGB", (64, 64), "red"), "JPEG")
CALLERS = 500


@pytest.fixture
def cloud(embedded_model: Path, tmp_path: Path) -> Iterator[Cloud]:
    """As many requests may wait as there are callers."""
    with running_cloud(tmp_path, embedded_model.parent, "--queue", str(CALLERS)) as running:
        yield running


def test_all_who_post_at_once_are_taken_and_each_is_answered_once(cloud: Cloud):
    async def post_at_once() -> list[str]:
        connector, patience = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(None)
        async with aiohttp.ClientSession(cloud.url, connector=connector, timeout=patience) as http:
            return await asyncio.gather(*(post(http, str(n)) for n in range(CALLERS)))

    async def post(http: aiohttp.ClientSession, key: str) -> str:
        """Its id; where a slow machine's gateway gives up after 29 s, the same key goes again."""
        headers = JPEG | {"idempotency-key": key}
        while True:
            async with http.post("/v1/predictions", data=PHOTO, headers=headers) as response:
                if response.status != 504:
                    assert response.status == 202, await response.text()
                    return (await response.json())["id"]

    parts = Parts(cloud)
    parts.subscribe()
    with parts.visibility(30):  # on a slow machine a delivery may fail
        ids = asyncio.run(post_at_once())
        parts.settle()

    assert len(set(ids)) == CALLERS
    assert parts.stored_statuses() == dict.fromkeys(ids, "succeeded")
    parts.notifications(ids[0])
    assert parts.told == dict.fromkeys(ids, 1)
