"""The browser's camera: JPEG frames come over a WebSocket, masked JPEG frames go back, and one waits each way."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

from starlette.websockets import WebSocket, WebSocketDisconnect

from emojimask.errors import EmojimaskError
from emojimask.types import Frame
from emojimask.web.messages import next_message, wish_in
from emojimask.web.page.choices import Choices
from emojimask.web.page.masker import Masker
from emojimask.web.page.picture import BadPicture, decode, pack, unpack
from emojimask.web.slot import Outbox, Slot

MAX_STREAMS = 4


class LiveStream:
    """One page's camera. Raw frames live in memory until they are masked, and nowhere else.

    A frame that is not a picture is answered with a line that says so, and the stream goes on.
    """

    def __init__(self, socket: WebSocket, choices: Choices) -> None:
        self._socket = socket
        self._choices = choices
        self._masker = Masker(choices.start)
        self._frames: Slot[tuple[int, bytes]] = Slot()
        self._answers = Outbox()
        self._last_number = -1
        self._count = 0

    async def run(self) -> None:
        """Until the page leaves."""
        thread = ThreadPoolExecutor(1, "live")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive())
                tasks.create_task(self._mask(thread))
                tasks.create_task(self._answers.send_to(self._socket))
        except* WebSocketDisconnect:
            pass
        finally:
            thread.shutdown(wait=False)  # nobody else's page waits for this one's last frame

    async def _receive(self) -> None:
        while True:
            message = await next_message(self._socket)
            try:
                if message.get("bytes") is not None:
                    self._take_frame(message["bytes"])
                else:
                    self._masker.change(self._choices.chosen(wish_in(message["text"]), self._masker.wanted))
            except (BadPicture, EmojimaskError) as error:
                self._answers.put(_trouble(str(error)))

    def _take_frame(self, packet: bytes) -> None:
        number, jpeg = unpack(packet)
        if number <= self._last_number:
            raise BadPicture(f"frame {number} came after frame {self._last_number}; it was passed over")
        self._last_number = number
        self._frames.put((number, jpeg))

    async def _mask(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            number, jpeg = await self._frames.take()
            try:
                answer: bytes | str = await loop.run_in_executor(thread, self._answer, number, jpeg)
            except BadPicture as error:
                answer = _trouble(str(error))
            except EmojimaskError as error:  # what the page has chosen cannot be had: the next frame is as those before
                answer = _trouble(str(error), settings=self._choices.shown(self._masker.wanted))
            self._answers.put(answer)

    def _answer(self, number: int, jpeg: bytes) -> bytes:
        frame = Frame(decode(jpeg), self._count, time.monotonic())
        self._count += 1
        made = self._masker.mask(frame)
        return pack(made.frame, number, made.worked_ms, made.fault)


def _trouble(text: str, **more: object) -> str:
    return json.dumps({"trouble": text, **more})
