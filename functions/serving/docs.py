"""The page that describes an API to people: Swagger UI, from this origin and nowhere else."""

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline


def create_documented_app(title: str, base_path: str) -> FastAPI:
    """A FastAPI app with ``docs`` below ``base_path``, and all that page loads in ``docs-assets``.

    The page states what it may do: load from its own origin, and run the one script that is
    written into it, which is named by its hash.
    """
    assets = f"{base_path}/docs-assets"
    app = FastAPIOffline(
        title=title,
        version="1",
        openapi_url=f"{base_path}/openapi.json",
        docs_url=None,  # served below, with its script's hash
        redoc_url=None,
        redirect_slashes=False,  # one address a route; a redirect would guess the scheme
        static_url=assets,
    )
    page = get_swagger_ui_html(
        openapi_url=f"{base_path}/openapi.json",
        title=title,
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon.png",
        swagger_ui_parameters={"syntaxHighlight": False},  # it takes seconds for 1000 labels
    ).body
    headers = {"content-security-policy": _policy(bytes(page))}

    @app.get(f"{base_path}/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page, headers=headers)

    return app


def _policy(page: bytes) -> str:
    """Swagger UI's icons are data: addresses in its style sheet."""
    hashes = [
        base64.b64encode(hashlib.sha256(script).digest()).decode()
        for script in re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    ]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in hashes)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
