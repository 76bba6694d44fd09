"""Files dropped on the page: masked one after another, kept until the program ends or newer ones push them out."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from emojimask.build import build_pipeline, file_sinks, open_file
from emojimask.errors import EmojimaskError, NoPlaceError
from emojimask.runner import run
from emojimask.settings import MaskSettings
from emojimask.sinks.image_files import WRITTEN_PICTURES
from emojimask.sources.kinds import PICTURE_SUFFIXES
from emojimask.stages import Source
from emojimask.types import MaskedFrame
from emojimask.web.page.spool import Spool
from emojimask.web.page.timeline import Timeline

MAX_UPLOAD_BYTES = 1_000_000_000
MAX_WAITING = 4
MAX_KEPT = 50
_SHOWN = WRITTEN_PICTURES - {".j2k", ".jp2", ".ppm", ".tif", ".tiff"}
"""Of the pictures that browsers show."""
_NAME_BYTES = 200
"""Leaves room for what is added to a name, in the 255 bytes that file systems take."""

_log = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818  (told to the page)
    """A file that is not taken; the text says why and what to do."""


class _Cancelled(Exception):  # noqa: N818
    """The person does not want the file any more."""


@dataclass(slots=True)
class Job:
    """One file on its way.

    Attributes:
        state: "waiting", "masking", "done", "failed" or "cancelled".
        notes: what is to be told of a result, in sentences.
        output, report: masked results; None until done.
    """

    id: str
    name: str
    settings: MaskSettings
    state: str = "waiting"
    frames: int = 0
    total: int | None = None
    still: bool = False
    shielded: int = 0
    with_faces: int = 0
    error: str | None = None
    notes: list[str] = field(default_factory=list)
    output: Path | None = None
    report: Path | None = None
    cancelled: bool = False
    timeline: Timeline = field(default_factory=Timeline)

    def progress(self) -> dict[str, object]:
        """What the page shows."""
        return {
            "id": self.id,
            "name": self.output.name if self.output else self.name,
            "state": self.state,
            "frames": self.frames,
            "total": self.total,
            "still": self.still,
            "shielded": self.shielded,
            "with_faces": self.with_faces,
            "error": self.error,
            "note": " ".join(self.notes),
        }


class FileDesk:
    """Takes files in, masks them in one thread, and gives the results out. Masked files lie in a private folder."""

    def __init__(self) -> None:
        self._folder = Path(mkdtemp(prefix="emojimask-masked-"))
        self._thread = ThreadPoolExecutor(1, "files")
        self._jobs: dict[str, Job] = {}
        self._uploads = 0

    def find(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    async def take(self, name: str, length: int | None, chunks: AsyncIterator[bytes], settings: MaskSettings) -> Job:
        """Read an upload and queue it. Raises Refused where it is too large or empty, or there is no room for it."""
        self._check_room(length)
        self._uploads += 1  # it takes memory from its first byte on
        try:
            spool = await self._spooled(name, length, chunks)
        except OSError as error:
            raise Refused(f"{name}: cannot be taken in ({error.strerror}); free some memory or space") from error
        finally:
            self._uploads -= 1
        job = Job(secrets.token_urlsafe(16), _plain_name(name), settings)
        self._jobs[job.id] = job
        self._forget_old()
        asyncio.get_running_loop().run_in_executor(self._thread, self._mask, job, spool)
        return job

    def cancel(self, job: Job) -> None:
        """Stop masking it, or forget its results."""
        job.cancelled = True
        if job.state in ("done", "failed"):
            self._forget(job)

    def close(self) -> None:
        for job in self._jobs.values():
            job.cancelled = True
        self._thread.shutdown(wait=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _spooled(self, name: str, length: int | None, chunks: AsyncIterator[bytes]) -> Spool:
        spool = Spool()
        try:
            async for chunk in chunks:
                spool.write(chunk)
                self._check_size(spool.size)
            if spool.size == 0:
                raise Refused(f"{name}: the file is empty")
            if length is not None and spool.size != length:
                raise Refused(f"{name}: the upload broke off")
        except BaseException:
            spool.close()
            raise
        return spool

    def _check_room(self, length: int | None) -> None:
        self._check_size(length or 0)
        if self._uploads + sum(job.state in ("waiting", "masking") for job in self._jobs.values()) >= MAX_WAITING:
            raise Refused(f"{MAX_WAITING} files are already waiting; drop this one when one of them is done")

    def _check_size(self, size: int) -> None:
        if size > MAX_UPLOAD_BYTES:
            limit = MAX_UPLOAD_BYTES / 1e9
            raise Refused(f"the page takes files up to {limit:g} GB; mask larger ones with: emojimask mask FILE")

    def _forget_old(self) -> None:
        ended = [job for job in self._jobs.values() if job.state not in ("waiting", "masking")]
        for job in ended[: max(0, len(self._jobs) - MAX_KEPT)]:
            self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(self._folder / job.id, ignore_errors=True)

    def _mask(self, job: Job, spool: Spool) -> None:
        with spool:
            try:
                if job.cancelled:
                    raise _Cancelled
                self._mask_spooled(job, spool)
                job.state = "done"
            except _Cancelled:
                job.state = "cancelled"
            except EmojimaskError as error:
                job.error = str(error).replace(str(spool.path), job.name)
                job.state = "failed"
            except Exception as error:
                _log.exception("a file could not be masked")
                job.error = f"{job.name}: could not be masked ({type(error).__name__})"
                job.state = "failed"
        if job.cancelled:  # in time, or while the end of its result was being written
            self._forget(job)

    def _mask_spooled(self, job: Job, spool: Spool) -> None:
        with open_file(spool.path) as source:
            job.still, job.total = source.info.fps == 0, source.info.frame_count
            job.state = "masking"
            output = self._folder / job.id / _output_name(job.name, job.still)
            try:
                self._run(job, source, output)
                return
            except NoPlaceError as error:  # before any work
                if error.suffix is None:
                    raise
                output = output.with_suffix(error.suffix)
        with open_file(spool.path) as source:
            self._run(job, source, output)
            kind = output.suffix.removeprefix(".")
            job.notes.append(f"This file's sound fits no mp4, so the result is {kind}; not every browser plays it.")

    def _run(self, job: Job, source: Source, output: Path) -> None:
        def on_frame(frame: MaskedFrame) -> None:
            if job.cancelled:
                raise _Cancelled
            job.frames += 1
            job.timeline.add(frame)

        report = output.with_suffix(".jsonl")
        sinks = file_sinks(source.info, output, report, audio=True, force=True)
        summary = run(source, build_pipeline(job.settings), sinks, on_frame)
        job.shielded, job.with_faces = summary.shielded, summary.with_faces
        if summary.broken_off is not None:
            broken = str(summary.broken_off).replace(str(source.info.path), job.name)
            job.notes.append(f"{broken}; what could be read is masked.")
        if summary.left_out:
            job.notes.append(f"Without {summary.left_out} of this file's sound tracks, whose codec is not known.")
        job.output, job.report = output, report


def _plain_name(name: str) -> str:
    """The last part of a name, without anything that a file system or a header could take for more than a name."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in '"<>|:*?').strip(". ")
    return kept.encode()[-_NAME_BYTES:].decode(errors="ignore") or "file"


def _output_name(name: str, still: bool) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix.lower()
    if still:
        written = PICTURE_SUFFIXES.get(suffix)
        return f"{stem}_masked{written if written in _SHOWN else '.png'}"
    return f"{stem}_masked{'.gif' if suffix == '.gif' else '.mp4'}"
