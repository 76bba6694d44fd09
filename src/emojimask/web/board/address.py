"""The way to a board: where it listens for messages, from the link that a person was given, and a call there."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

from emojimask.errors import UsageError, in_brief
from emojimask.web import LOOPBACK

_OPEN_TIMEOUT_S, _CLOSE_TIMEOUT_S = 5.0, 1.0
_MAX_ANSWER_BYTES = 65536


def board_address(link: str) -> str:
    """The WebSocket address for ``link``: http(s)://HOST[:PORT] with any path, or HOST[:PORT] alone.

    Raises:
        UsageError: it is no such link, or it is neither encrypted nor on this machine.
    """
    text = link.strip() if "://" in link else f"https://{link.strip()}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # as it will be looked up: no empty label, and none too long
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise UsageError(f"{link!r:.80}: not a class link; it looks like https://school.example:8443/join")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise UsageError(f"{link}: is not encrypted, so the class could be listened to; ask for an https link")
    name = f"[{host}]" if ":" in host else host
    return f"{'ws' if parts.scheme == 'http' else 'wss'}://{name}{f':{port}' if port else ''}/board"


def call(address: str) -> connect:
    """A connection to the board at ``address``, opened by ``async with``; by the system's proxy, if it has one."""
    return connect(
        address,
        open_timeout=_OPEN_TIMEOUT_S,
        close_timeout=_CLOSE_TIMEOUT_S,
        max_size=_MAX_ANSWER_BYTES,
        compression=None,
        proxy=None if address.startswith("ws:") else True,  # a board on this machine is no business of a proxy's
    )


def unreachable(address: str, error: Exception) -> str:
    """Why a call came to nothing, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{address}: its certificate is not trusted ({error.verify_message}); check the link; where the class has "
            "a certificate of its own, ask for that file, and start emojimask with SSL_CERT_FILE naming it"
        )
    return f"{address}: no class board answers ({in_brief(error)}); check the link and the network"
