"""What CloudFront does, on loopback: published objects with their stored headers, and the API."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from mypy_boto3_s3.service_resource import Bucket

from infra.local.http_api.static import page_headers
from tests.conftest import ROOT, Cloud, aws_endpoint

Answer = tuple[int, dict[str, str], bytes]
_HOP_BY_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "date"})


@dataclass
class Site:
    """``objects`` by key, ``overrides`` by path; ``failures`` are answered before anything else."""

    api: str
    url: str = ""
    objects: dict[str, Answer] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, Answer] = field(default_factory=dict)
    failures: int = 0

    def fetch_objects(self, bucket: Bucket) -> None:
        """Take over what the bucket holds, and under which headers."""
        for summary in bucket.objects.all():
            stored = summary.get()
            headers = {
                "Content-Type": stored["ContentType"],
                "Cache-Control": stored["CacheControl"],
            }
            self.objects[summary.key] = (200, headers, stored["Body"].read())

    async def answer(self, request: web.Request) -> web.Response:
        if self.failures:
            self.failures -= 1
            return web.Response(status=503)
        if request.path in self.overrides:
            status, headers, body = self.overrides[request.path]
            return web.Response(status=status, headers=headers, body=body)
        if request.path == "/v1/feedback/summary":  # the gateway's own authoriser
            return web.json_response({"message": "Forbidden"}, status=403)
        if request.path.startswith("/v1/"):
            return await self._forward(request)
        status, headers, body = self.objects.get(
            request.path.removeprefix("/") or "index.html", (404, {}, b"<Error/>")
        )
        return web.Response(status=status, headers=headers | self.headers, body=body)

    async def _forward(self, request: web.Request) -> web.Response:
        passed = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        async with (
            aiohttp.ClientSession() as client,
            client.request(
                request.method,
                self.api + request.path_qs,
                headers=passed,
                data=await request.read(),
                auto_decompress=False,
            ) as answer,
        ):
            back = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, headers=back, body=await answer.read())


def published_site(cloud: Cloud) -> Site:
    """The page in front of ``cloud``, which it may upload to as in the cloud to the bucket."""
    return Site(cloud.url, headers=page_headers(ROOT / "web", aws_endpoint(cloud)))


@contextmanager
def serving(site: Site) -> Iterator[None]:
    """Serve until the block ends; ``site.url`` is set when it begins."""
    loop = asyncio.new_event_loop()
    app = web.Application(client_max_size=10 * 1024**2)
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port: int = runner.addresses[0][1]
        return port

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        site.url = f"http://127.0.0.1:{port}"
        yield
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def as_json(status: int, body: object, content_type: str = "application/json") -> Answer:
    return status, {"content-type": content_type}, json.dumps(body).encode()
