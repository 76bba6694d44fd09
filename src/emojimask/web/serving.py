"""Runs an application on a port."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from emojimask.errors import EmojimaskError, UsageError, in_brief
from emojimask.web import LOOPBACK

_BACKLOG = 2048
_FIRST_REQUEST_S = 10.0
_OTHER_FILES = 200
"""More than the program has open beside its connections."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. ``cert`` and ``key``: PEM files for TLS; both or neither."""

    host: str
    port: int
    cert: Path | None = None
    key: Path | None = None


def listen(address: Address) -> socket.socket:
    """A bound socket. Raises UsageError where the port cannot be had, or the certificate cannot be used."""
    if address.cert is not None and address.key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(address.cert, address.key)
        except (OSError, ssl.SSLError) as error:
            fault = f"cannot be used as certificate with {address.key} ({in_brief(error)})"
            raise UsageError(f"{address.cert}: {fault}") from error
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there it would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(_BACKLOG)  # a browser that is quicker than the program waits here
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise UsageError(
                f"port {address.port} is in use by another program, perhaps another emojimask; "
                f"close it, or choose another port: --port {address.port + 1}"
            ) from error
        raise UsageError(f"{address.host}:{address.port}: cannot listen there ({error})") from error
    return listener


def allow_connections(count: int) -> None:
    """Let this process hold ``count`` of them, as far as the system does.

    Each is an open file, of which macOS and Linux let programs have 256 or 1024 by default. Windows sets no such limit.
    """
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        ceiling = sys.maxsize if hard == resource.RLIM_INFINITY else hard
        wanted = min(count + _OTHER_FILES, ceiling)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def certified_name(cert: Path, key: Path) -> str | None:
    """The first name or address for which a certificate was made; None where it tells none that others can call.

    Args:
        cert, key: PEM files that go together.
    """
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(cert, key)
    client.check_hostname = False
    client.load_verify_locations(cert)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # whoever has signed it
    asked, answered = ssl.MemoryBIO(), ssl.MemoryBIO()
    near, far = client.wrap_bio(answered, asked), server.wrap_bio(asked, answered, server_side=True)
    try:  # Python reads certificates that a server shows, and no others
        for end in (near, far, near):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
        shown = near.getpeercert() or {}
    except (ssl.SSLError, ValueError):  # such as one that has expired
        return None
    names = [str(entry[1]) for entry in shown.get("subjectAltName", ())]
    return next((name for name in names if "*" not in name and name not in LOOPBACK), None)


class _Http(H11Protocol):
    """Ends a connection over which no request comes, for a process can hold only so many."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(_FIRST_REQUEST_S, self._end_if_idle)

    def _end_if_idle(self) -> None:
        is_websocket = self.transport.get_protocol() is not self
        if not (self.cycle or is_websocket):
            self.transport.close()


class _Server(uvicorn.Server):
    """Tells when it answers, and when Ctrl-C is its own business.

    Said any earlier, a quick Ctrl-C would hit a program that still imports: exit status 0 cannot be promised there,
    since Python itself ends by the signal where one came in the midst of `exec`, whoever catches it.
    """

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Without a word on requests that are cut off by the end: an upload under way is no error."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def serve(
    app: ASGIApp, address: Address, listener: socket.socket, *, max_message: int, on_start: Callable[[], None]
) -> None:
    """Until Ctrl-C, which raises KeyboardInterrupt at the end, or until the terminal is closed.

    ``on_start`` is called when the server answers.

    Requests are not logged: what is asked for is nobody else's business. Raises EmojimaskError where it cannot start.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=_Http,
        ws="websockets-sansio",
        ws_max_size=max_message,
        ws_per_message_deflate=False,
        ssl_certfile=address.cert,
        ssl_keyfile=address.key,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config, on_start)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) in (signal.SIG_DFL, signal.default_int_handler):
        signal.signal(signal.SIGHUP, server.handle_exit)  # else what lies in private folders would stay there
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
    if not server.started:
        raise EmojimaskError("the page could not be started; --debug shows why")
