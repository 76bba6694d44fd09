"""``emojimask serve``: the page on this machine, or the class board."""

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields

from emojimask.cli.given import given_name, given_path
from emojimask.cli.main import DONE
from emojimask.cli.options import add_setting_flags, flag, settings_from
from emojimask.errors import MissingExtraError, UsageError
from emojimask.settings import MaskSettings
from emojimask.web import LOOPBACK

DEFAULT_PORT = 8764
CERTIFICATE_REMEDY = (
    "off this machine the class board needs TLS: --tls-cert cert.pem --tls-key key.pem; make a certificate with: "
    "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout key.pem -out cert.pem "
    "-subj /CN=HOST -addext subjectAltName=DNS:HOST"
)


def add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"0 takes a free one (default: {DEFAULT_PORT})")
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="do not open the browser")
    parser.add_argument(
        "--camera",
        type=given_name,
        metavar="0|NAME|URL|FILE",
        help="use this machine's camera here, and not the browser's",
    )
    board = parser.add_argument_group("class board")
    board.add_argument("--board", action="store_true", help="be the class board instead: takes no picture from anybody")
    board.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    board.add_argument("--tls-cert", type=given_path, metavar="FILE", help="certificate, PEM; needed off this machine")
    board.add_argument("--tls-key", type=given_path, metavar="FILE", help="its key, PEM")
    board.add_argument("--redis", metavar="URL", help="share rooms between several servers (extra [redis])")
    add_setting_flags(parser, live=True)
    parser.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    check(args)
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f'the page is not installed ({error.name}); pip install "emojimask[web]"') from error
    with suppress(KeyboardInterrupt):  # the ordinary end
        if args.board:
            _serve_board(args)
        else:
            _serve_page(args)
    return DONE


def check(args: argparse.Namespace) -> None:
    """Raises UsageError for what contradicts itself or would not be safe."""
    if not args.host:
        raise UsageError(
            "--host: the address is empty; give one, such as 127.0.0.1, or 0.0.0.0 for all of this machine's"
        )
    if not 0 <= args.port <= 65535:
        raise UsageError(f"--port {args.port}: a port is 0 to 65535")
    if (args.tls_cert is None) != (args.tls_key is None):
        raise UsageError("--tls-cert and --tls-key go together: give both, or neither")
    if not args.board:
        for name, value in (("--redis", args.redis), ("--tls-cert", args.tls_cert)):
            if value is not None:
                raise UsageError(f"{name} is for the class board: add --board")
        if args.host not in LOOPBACK:
            raise UsageError(f"--host {args.host}: the page takes camera pictures, so it answers to this machine only")
    elif args.camera is not None:
        raise UsageError("--camera does not go with --board: the class board takes no picture from anybody")
    elif (setting := next(_settings_given(args), None)) is not None:
        raise UsageError(f"{setting} does not go with --board: the class board covers no face; give it to join")
    elif args.host not in LOOPBACK and args.tls_cert is None:
        raise UsageError(f"--host {args.host}: {CERTIFICATE_REMEDY.replace('HOST', _name(args))}")


def _settings_given(args: argparse.Namespace) -> Iterator[str]:
    """The flags of settings that were given."""
    names = ("settings", *(knob.name for knob in fields(MaskSettings)))
    return (flag(name) for name in names if getattr(args, name) is not None)


def _serve_page(args: argparse.Namespace) -> None:
    from emojimask.public import build_pipeline
    from emojimask.web.page.app import create_page
    from emojimask.web.page.picture import MAX_BYTES
    from emojimask.web.serving import Address, listen, serve

    settings = settings_from(args, live=True)
    address = Address(args.host, args.port)
    with listen(address) as listener:
        link = _link(args.host, listener.getsockname()[1])
        build_pipeline(settings)  # so that a fault is told here, and no frame waits for the models

        def say() -> None:
            print(f"emojimask is at {link}  (Ctrl-C ends it)", flush=True)
            _open(link, args)

        serve(create_page(settings, args.camera), address, listener, max_message=MAX_BYTES, on_start=say)


def _serve_board(args: argparse.Namespace) -> None:
    from emojimask.web.board.app import create_board, new_lecturer_key
    from emojimask.web.board.limits import Limits
    from emojimask.web.serving import Address, allow_connections, listen, serve

    if not args.debug:  # which shows everything anyhow
        _show_warnings()
    address, limits, store = Address(args.host, args.port, args.tls_cert, args.tls_key), Limits(), None
    key = new_lecturer_key()
    if args.redis is not None:
        try:
            from emojimask.web.board.redis_store import RedisStore, shared_lecturer_key
        except ImportError as error:
            raise MissingExtraError('Redis is not installed; pip install "emojimask[redis]"') from error
        key = shared_lecturer_key(args.redis, key)
        store = RedisStore(args.redis, key, limits.rooms, limits.members, limits.room_s)
    allow_connections(limits.sockets)
    with listen(address) as listener:
        link = _link(_name(args), listener.getsockname()[1], tls=args.tls_cert is not None)

        def say() -> None:
            print(f"class board, for students: {link}join  (Ctrl-C ends it and forgets every room)")
            print(f"for lecturers only:        {link}#key={key}", flush=True)
            _open(f"{link}#key={key}", args)

        serve(create_board(key, store, limits), address, listener, max_message=4096, on_start=say)


def _open(link: str, args: argparse.Namespace) -> None:
    """In the browser, unless it is not to be; in a thread, since some browsers hold their caller."""
    import webbrowser

    if args.browser:
        threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()


def _show_warnings() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("emojimask: %(message)s"))
    logging.getLogger("emojimask.web.board").addHandler(handler)


def _link(name: str, port: int, *, tls: bool = False) -> str:
    return f"{'https' if tls else 'http'}://{f'[{name}]' if ':' in name else name}:{port}/"


def _name(args: argparse.Namespace) -> str:
    """By which others reach what listens: the host, but where that stands for all addresses of this machine."""
    if args.host not in ("0.0.0.0", "::"):
        return str(args.host)
    if args.tls_cert is None:
        return _own_name()
    from emojimask.web.serving import certified_name

    return certified_name(args.tls_cert, args.tls_key) or _own_name()


def _own_name() -> str:
    """This machine's, in full where it is known; the resolver may also call it localhost, as every machine does."""
    import socket

    name, full = socket.gethostname(), socket.getfqdn()
    return full if full.startswith(f"{name.split('.')[0]}.") else name
