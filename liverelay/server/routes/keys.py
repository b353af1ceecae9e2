"""`/v1/keys`: making, listing and revoking API keys."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from liverelay.server.auth import require_api_key
from liverelay.server.body import read_json_object, require_text
from liverelay.server.context import CONTEXT
from liverelay.store.keys import KEY_ID_LENGTH

logger = logging.getLogger(__name__)


async def create_key(request: web.Request) -> web.Response:
    require_api_key(request)
    body = await read_json_object(request)
    name = require_text(body, "name")
    # In a thread, as all that waits for the disk or its lock: media must not wait for it.
    key = await asyncio.to_thread(request.app[CONTEXT].catalogue.create_key, name)
    logger.info("API key %s created", key[:KEY_ID_LENGTH])
    return web.json_response({"key": key, "name": name}, status=201)


async def list_keys(request: web.Request) -> web.Response:
    require_api_key(request)
    keys = await asyncio.to_thread(request.app[CONTEXT].catalogue.list_keys)
    return web.json_response([key.to_json() for key in keys])


async def revoke_key(request: web.Request) -> web.Response:
    require_api_key(request)
    key_id = request.match_info["key_id"]
    context = request.app[CONTEXT]
    await asyncio.to_thread(context.catalogue.revoke_key, key_id)
    await context.media.close_keys({key_id})
    context.events.dismiss({key_id})
    logger.info("API key %s revoked", key_id)
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/v1/keys", create_key)
    app.router.add_get("/v1/keys", list_keys)
    app.router.add_delete("/v1/keys/{key_id}", revoke_key)
