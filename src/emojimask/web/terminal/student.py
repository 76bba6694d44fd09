"""A student with a class at the terminal: keys in, samples out, the camera's picture nowhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from threading import Thread

from emojimask.build import build_pipeline, open_camera
from emojimask.errors import EmojimaskError, without_password
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import NO_EXPRESSIONS, MaskSettings
from emojimask.threads.left_behind import begin_thread
from emojimask.types import EXPRESSIONS, Frame, MaskedFrame
from emojimask.web.terminal.keys import keys
from emojimask.web.terminal.membership import Membership, Sample

_LOOK_EVERY_S = 0.1
_LEAVING_S = 3.0
_LOST_S = 5.0  # a face that is lost for less is no news
HELP = "keys: s share, p pause, h raise or lower the hand, q leave"


class Student:
    """Joins with nothing shared; s shares, p pauses, h raises the hand, q leaves, as Ctrl-C does.

    In a room of reactions the keys 1 to 8 choose; otherwise the camera is opened when sharing begins, and read here.

    Raises:
        UsageError: the link is none.
    """

    def __init__(
        self, link: str, code: str, nick: str, camera: str, settings: MaskSettings, tell: Callable[[str], None]
    ) -> None:
        self._member = Membership(link, code, nick, tell, self._say_anew)
        self._camera, self._settings, self._tell = camera, settings, tell
        self._sharing = self._leaving = False
        self._reading: Sample | None = None
        self._chosen: Sample | None = None
        self._watching: Thread | None = None
        self._hand_said_s = -60.0
        self._hand_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    async def run(self) -> None:
        """Until the student leaves or the room is closed. Raises EmojimaskError where one cannot get in."""
        joined = asyncio.Event()
        self._tell("asking to be let in")  # which takes a while where the network is dead
        membership = asyncio.create_task(self._member.run(joined))
        entering = asyncio.create_task(joined.wait())
        await asyncio.wait({membership, entering}, return_when=asyncio.FIRST_COMPLETED)
        entering.cancel()
        try:
            if joined.is_set():
                await self._take_part(membership)
            else:
                await membership
        finally:
            self._leaving = True
            membership.cancel()

    async def _take_part(self, membership: asyncio.Task[None]) -> None:
        """From being let in to the end, with the student's keys."""
        self._tell(f"you are {self._member.nick}; nothing is shared; {self._help()}")
        sampling = asyncio.create_task(self._sample())
        try:
            with keys(self._press):
                await asyncio.wait({membership, sampling}, return_when=asyncio.FIRST_COMPLETED)
        finally:  # Ctrl-C leaves too, or the seat would stay beside that of whoever starts anew
            sampling.cancel()
            await self._leave(membership)

    async def _leave(self, membership: asyncio.Task[None]) -> None:
        self._leaving = True
        self._send({"type": "leave"})
        try:
            await asyncio.wait_for(membership, _LEAVING_S)  # the room ends it; out of touch it cannot
        except TimeoutError:
            self._tell(
                "you have left, and the class could not be told: it forgets you within two minutes, "
                "or once newcomers are let in again"
            )

    @property
    def _chooses(self) -> bool:
        return bool(self._member.room["kind"] == "reactions")

    def _help(self) -> str:
        numbered = ", ".join(f"{number} {name}" for number, name in enumerate(EXPRESSIONS, 1))
        return f"{HELP}, {numbered}" if self._chooses else HELP

    def _press(self, key: str) -> None:
        if key == "s":
            self._share()
        elif key == "p":
            self._pause()
        elif key == "h":
            self._member.hand = not self._member.hand
            self._say_hand()
            self._tell("hand raised" if self._member.hand else "hand lowered")
        elif key == "q":
            self._leaving = True
        elif key in "12345678" and self._sharing and self._chooses:
            self._reading = self._chosen = Sample(EXPRESSIONS[int(key) - 1])

    def _share(self) -> None:
        self._sharing = True
        if self._chooses:
            self._tell("sharing the emoji that you choose")
            return
        if self._settings.expressions == NO_EXPRESSIONS:
            self._tell("nothing is sent: nobody's expression is recognised (--expressions none)")
            return
        every_s = self._member.room["interval_s"]
        self._tell(f"sharing the expression and how sure it is, every {every_s} s at most, and never a picture")
        if self._watching is None:
            self._start_watching()

    def _pause(self) -> None:
        if self._sharing:
            self._send({"type": "pause"})
        self._sharing, self._reading, self._chosen = False, None, None
        self._tell(
            "paused; nothing is shared"
            if self._member.in_touch
            else "paused; nothing is sent; out of touch: the class hears of your pause as soon as you are back"
        )

    def _say_hand(self) -> None:
        """At once, but once a second at most: a key that is held down must not be taken for a flood."""
        loop = asyncio.get_running_loop()
        if self._hand_timer is not None:
            self._hand_timer.cancel()
        early_s = self._hand_said_s + 1.0 - loop.time()
        if early_s > 0:
            self._hand_timer = loop.call_later(early_s, self._say_hand)
        else:
            self._hand_said_s = loop.time()
            self._send({"type": "hand", "up": self._member.hand})

    def _say_anew(self) -> None:
        """What was said while out of touch is lost: say what is true now."""
        if self._leaving:
            self._send({"type": "leave"})
            return
        self._send({"type": "hand", "up": self._member.hand})
        if self._sharing:
            self._reading = self._reading or self._chosen
        else:
            self._send({"type": "pause"})

    def _send(self, message: dict[str, object]) -> None:
        task = asyncio.ensure_future(self._member.send(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sample(self) -> None:
        """Send what is due, till the student leaves.

        A chosen emoji goes once; a recognised one at every interval, and is withdrawn where no face is seen any more.
        """
        clock = asyncio.get_running_loop().time
        sent_s, stands = -60.0, False
        while not self._leaving:
            await asyncio.sleep(_LOOK_EVERY_S)
            least_s = 1.0 if self._chooses else max(1.0, float(self._member.room["interval_s"]))
            sample, silent_s = self._reading, clock() - sent_s
            if self._leaving or not self._sharing or silent_s < least_s:
                continue
            if sample is None:
                if stands and silent_s >= _LOST_S and await self._member.send({"type": "pause"}):
                    stands = False
                    self._tell("no face is seen; what was sent last is withdrawn")
            elif await self._member.send(sample.message()):
                sent_s, stands = clock(), not self._chooses
                self._tell(f"sent {json.dumps(sample.message())}")
                if self._chooses and self._reading is sample:  # no other was chosen meanwhile
                    self._reading = None

    def _start_watching(self) -> None:
        loop = asyncio.get_running_loop()
        self._watching = begin_thread(partial(self._watch, loop), "camera")

    def _watched(self, trouble: str) -> None:
        self._watching = None
        if not self._sharing:
            return
        if trouble:  # which costs nobody the seat: another program may have the camera for a while
            self._tell(f"{trouble}; press s to share again")
            self._pause()
        else:  # shared again while the camera was being closed
            self._start_watching()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """The camera, in a thread, as long as something is shared."""
        trouble = f"{without_password(self._camera)}: has ended"
        try:
            pipeline = build_pipeline(self._settings)
            with open_camera(self._camera) as source:
                for frame in source:
                    self._reading = self._read(pipeline, frame, loop) if self._sharing else None
                    if self._leaving or not self._sharing:
                        trouble = ""
                        break
        except EmojimaskError as error:
            trouble = str(error)
        finally:
            self._reading = None
            if not self._leaving:
                loop.call_soon_threadsafe(self._watched, trouble)

    def _read(self, pipeline: MaskingPipeline, frame: Frame, loop: asyncio.AbstractEventLoop) -> Sample | None:
        """What a picture shows; the first that fails is told of, for nothing is sent then."""
        failed_before = bool(pipeline.failures)
        sample = nearest(pipeline.process(frame))
        if pipeline.failures and not failed_before:
            fault = next(iter(pipeline.failures))
            loop.call_soon_threadsafe(self._tell, f"a picture cannot be read, and nothing is sent for such ({fault})")
        return sample


def nearest(frame: MaskedFrame) -> Sample | None:
    """The expression of the largest face that is seen now."""
    seen = [face for face in frame.faces if face.track.unseen_s == 0 and face.probabilities]
    if not seen:
        return None
    face = max(seen, key=lambda face: face.track.face.box.area)
    return Sample(face.expression, face.emotions()[face.expression])
