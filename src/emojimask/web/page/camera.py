"""This machine's own camera, for ``serve --camera``: masked once, shown on every open page."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Event, Thread

from starlette.websockets import WebSocket, WebSocketDisconnect

from emojimask.build import open_camera, virtual_camera_sink
from emojimask.errors import EmojimaskError, SourceError, UsageError, without_password
from emojimask.runner import PATIENCE_S, Standby
from emojimask.stages import Sink, Source
from emojimask.threads.prefetch import prefetched
from emojimask.types import Frame, MaskedFrame, StreamInfo
from emojimask.web.messages import next_message, wish_in
from emojimask.web.page.choices import Choices
from emojimask.web.page.masker import Made, Masker
from emojimask.web.page.picture import pack
from emojimask.web.slot import Outbox

Tell = Callable[[bytes | str], None]
"""Tells every page that looks on; from any thread."""

_AGAIN_EVERY_S = 2.0

_log = logging.getLogger(__name__)


class CameraFeed:
    """Runs the camera in a thread while anybody looks on.

    The virtual camera is one more onlooker, switched on and off from the page.
    """

    def __init__(self, spec: str, choices: Choices) -> None:
        self._spec = spec
        self._choices = choices
        self._masker = Masker(choices.start)
        self._onlookers: set[Outbox] = set()
        self._thread: Thread | None = None
        self._wants_virtual = False
        self._closed = Event()

    def add(self, onlooker: Outbox) -> None:
        self._onlookers.add(onlooker)
        onlooker.put(self._status())
        if self._thread is None:
            self._start()

    def remove(self, onlooker: Outbox) -> None:
        self._onlookers.discard(onlooker)

    def wish(self, wish: dict[str, object]) -> None:
        """Change settings, or switch the virtual camera, for all pages. Raises UsageError."""
        wants_virtual = wish.pop("virtual_camera", self._wants_virtual) is True
        self._masker.change(self._choices.chosen(wish, self._masker.wanted))
        self._wants_virtual = wants_virtual
        self._tell(self._status())

    def close(self) -> None:
        self._closed.set()
        if self._thread is not None:
            self._thread.join(6.0)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._run, args=(loop,), name="camera feed", daemon=True)
        self._thread.start()

    def _ended(self, quietly: bool) -> None:
        self._thread = None
        if quietly and self._onlookers and not self._closed.is_set():  # somebody came while it was ending
            self._start()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        def tell(answer: bytes | str) -> None:
            if not self._closed.is_set():
                loop.call_soon_threadsafe(self._tell, answer)

        quietly = False
        try:
            quietly = self._play_patiently(tell)
        except EmojimaskError as error:
            self._switch_off(tell, f"{error}; then reload the page")
        except Exception as error:
            _log.exception("the camera feed has failed")
            self._switch_off(tell, f"the camera feed has failed: {type(error).__name__}: {error}")
        if not self._closed.is_set():
            loop.call_soon_threadsafe(self._ended, quietly)

    def _play_patiently(self, tell: Tell) -> bool:
        """As :meth:`_play`; a camera that is not there is tried again as long as somebody looks on."""
        while True:
            try:
                return self._play(tell)
            except SourceError as error:
                self._switch_off(tell, f"{error}; it is tried again by itself")
            if self._closed.wait(_AGAIN_EVERY_S) or not self._onlookers:
                return True

    def _play(self, tell: Tell) -> bool:
        """False where the source has ended; true where nobody looks on any more."""

        def on_lost(trouble: str) -> None:
            tell(json.dumps({"trouble": trouble}))

        self._masker.prepare()  # before the camera opens: no frame waits for the models
        with (
            open_camera(self._spec, on_lost) as source,
            VirtualCamera(source.info) as virtual,
            self._masked(source, tell) as frames,
        ):
            tell(json.dumps({"trouble": ""}))  # it may have been away
            for made in frames:
                tell(pack(made.frame, made.frame.index, made.worked_ms, made.fault))
                trouble = virtual.switch(self._wants_virtual) or virtual.write(made.frame)
                if trouble is not None:
                    self._switch_off(tell, trouble)
                if self._closed.is_set() or not (self._onlookers or self._wants_virtual):
                    return True
        self._switch_off(tell, f"{without_password(self._spec)}: has ended; reload the page to begin again")
        return False

    def _switch_off(self, tell: Tell, trouble: str) -> None:
        """The virtual camera, which has gone, or could not be had."""
        self._wants_virtual = False
        tell(json.dumps({"trouble": trouble, "virtual_camera": False}))

    @contextmanager
    def _masked(self, source: Source, tell: Tell) -> Iterator[Iterable[Made]]:
        """Masked frames; the shield where none comes in time."""
        standby = Standby(source.info, self._masker)

        def mask(frame: Frame) -> Made:
            try:
                made = self._masker.mask(frame)
            except EmojimaskError as error:  # what a page has chosen cannot be had: the next frame is as those before
                tell(json.dumps({"trouble": str(error), "settings": self._choices.shown(self._masker.wanted)}))
                return Made(standby.shield())
            standby.note(made.frame)
            return made

        def meanwhile() -> Made | None:
            shield = standby()
            return None if shield is None else Made(shield)

        with closing(prefetched(map(mask, source), 1, meanwhile, PATIENCE_S)) as frames:
            yield frames

    def _status(self) -> str:
        """What holds now: another page may have chosen it, or this one before it was loaded anew."""
        return json.dumps({"virtual_camera": self._wants_virtual, "settings": self._choices.shown(self._masker.wanted)})

    def _tell(self, answer: bytes | str) -> None:
        for onlooker in self._onlookers:
            onlooker.put(answer)


class VirtualCamera:
    """A virtual camera with a switch. A context manager."""

    def __init__(self, info: StreamInfo) -> None:
        self._info = info
        self._open = ExitStack()
        self._sink: Sink | None = None

    def switch(self, on: bool) -> str | None:
        """What went wrong, where it cannot be switched on."""
        if on and self._sink is None:
            try:
                sink = virtual_camera_sink()
                sink.open(self._info)
            except EmojimaskError as error:
                return str(error)
            self._sink = self._open.enter_context(sink)
        elif not on and self._sink is not None:
            self._open.close()
            self._sink = None
        return None

    def write(self, masked: MaskedFrame) -> str | None:
        """What went wrong, where it has gone; it is off then."""
        if self._sink is not None:
            try:
                self._sink.write(masked)
            except EmojimaskError as error:
                self.switch(False)
                return str(error)
        return None

    def __enter__(self) -> VirtualCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


class CameraPage:
    """One page that looks on."""

    def __init__(self, socket: WebSocket, feed: CameraFeed) -> None:
        self._socket = socket
        self._feed = feed
        self._answers = Outbox()

    async def run(self) -> None:
        self._feed.add(self._answers)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive())
                tasks.create_task(self._answers.send_to(self._socket))
        except* WebSocketDisconnect:
            pass
        finally:
            self._feed.remove(self._answers)

    async def _receive(self) -> None:
        while True:
            message = await next_message(self._socket)
            try:
                if message.get("text") is None:  # pictures, from a page that was loaded before this program began
                    raise UsageError("the program was started anew, with this machine's own camera; reload the page")
                self._feed.wish(wish_in(message["text"]))
            except EmojimaskError as error:
                self._answers.put(json.dumps({"trouble": str(error)}))
