"""What a page sends over its WebSocket."""

from __future__ import annotations

import json

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from emojimask.errors import UsageError


async def next_message(socket: WebSocket) -> Message:
    """Has "text" or "bytes". Raises WebSocketDisconnect once the page has gone."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    return message


def wish_in(text: str) -> dict[str, object]:
    """The settings that a page wants changed, by name. Raises UsageError where the text is no such message."""
    try:
        wish = json.loads(text)
    except (ValueError, RecursionError):
        wish = None
    if not isinstance(wish, dict):
        raise UsageError("a message of text is a JSON object of settings")
    return wish
