"""What a page sends over its WebSocket."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from emojimask.errors import UsageError


async def next_message(socket: WebSocket) -> Message:
    """Has "text" or "bytes". Raises WebSocketDisconnect once the page has gone."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    return message


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that ``text`` is, if it is one, and all text in it can be written."""
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def wish_in(text: str) -> dict[str, object]:
    """The settings that a page wants changed, by name. Raises UsageError where the text is no such message."""
    wish = json_object(text)
    if wish is None:
        raise UsageError("a message of text is a JSON object of settings")
    return wish
