"""The peer: the least with which one rings a visitor and shares a screen.

No tags, one token, no acknowledgements, no recovery: two relays and three pages.
"""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.responses import Response
from starlette.routing import Mount
from starlette.routing import Route
from starlette.routing import WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from .servers import API_TOKEN

PAGES = Path(__file__).parent / "pages"

visitors: dict[str, WebSocket] = {}
participants: set[WebSocket] = set()


async def visitor(socket: WebSocket) -> None:
    """A visitor says who it is, and waits to be rung."""
    await socket.accept()
    visitor_id = await socket.receive_text()
    visitors[visitor_id] = socket
    await socket.send_json({"type": "welcome", "visitorId": visitor_id})
    async for _ in socket.iter_text():
        pass
    visitors.pop(visitor_id, None)


async def ring(request: Request) -> Response:
    """An agent rings a visitor."""
    if request.headers.get("Authorization") != f"Bearer {API_TOKEN}":
        return Response(status_code=401)
    body = await request.json()
    await visitors[body["visitorId"]].send_json({"type": "ring", "agent": "Mary"})
    return JSONResponse({"status": "ringing"}, 201)


async def relay(socket: WebSocket) -> None:
    """What one participant of the call sends, the others get."""
    await socket.accept()
    participants.add(socket)
    async for text in socket.iter_text():
        for other in participants - {socket}:
            await other.send_text(text)
    participants.discard(socket)


async def health(request: Request) -> Response:
    return JSONResponse({"visitors": len(visitors)})


app = Starlette(
    routes=[
        WebSocketRoute("/visitor", visitor),
        WebSocketRoute("/relay", relay),
        Route("/ring", ring, methods=["POST"]),
        Route("/health", health),
        Mount("/pages", StaticFiles(directory=PAGES, html=True)),
    ]
)

if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        log_level="warning",
        ws_per_message_deflate=False,
    )
