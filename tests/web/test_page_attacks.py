"""The page of this machine against other sites, broken frames and odd uploads; without a browser."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import mimetypes
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image as Pillow
from starlette.types import ASGIApp
from web_help import Program
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from emojimask.errors import UsageError
from emojimask.runner import RunSummary, run
from emojimask.settings import MaskSettings
from emojimask.sources.synthetic import portrait
from emojimask.types import Box, Face, MaskedFace, MaskedFrame, Track
from emojimask.web.board.app import create_board
from emojimask.web.page.app import create_page
from emojimask.web.page.choices import Choices
from emojimask.web.page.desk import MAX_WAITING, FileDesk, Job, Refused
from emojimask.web.page.picture import BadPicture, decode, pack
from emojimask.web.page.timeline import MAX_POINTS, Timeline
from media import with_unknown_sound, write_video
from tiles import write_tiles


@pytest.fixture
def live(page_url: str) -> Iterator[ClientConnection]:
    with connect(page_url.replace("http", "ws", 1) + "live", origin=page_url.rstrip("/"), max_size=None) as stream:  # type: ignore[arg-type]
        yield stream


def jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def frame(number: int, content: bytes) -> bytes:
    return struct.pack("<I", number) + content


def answer(stream: ClientConnection) -> tuple[dict, np.ndarray | None]:
    data = stream.recv(timeout=30)
    if isinstance(data, str):
        return json.loads(data), None
    length = struct.unpack_from("<I", data)[0]
    picture = cv2.imdecode(np.frombuffer(data[4 + length :], np.uint8), cv2.IMREAD_COLOR)
    return json.loads(data[4 : 4 + length]), picture


def test_garbage_frames_are_answered_and_the_stream_goes_on(live: ClientConnection) -> None:
    bomb = bytearray(jpeg(np.zeros((16, 16, 3), np.uint8)))
    at = bomb.index(b"\xff\xc0")
    bomb[at + 5 : at + 9] = struct.pack(">HH", 65000, 65000)
    raw = jpeg(portrait())
    for number, content in enumerate([b"", b"x", b"GIF89a" * 20, bytes(bomb), raw[:200], b"\xff\xd8\xff" + b"\0" * 99]):
        live.send(frame(number, content))
        told, picture = answer(live)
        assert picture is None
        assert "frame" in told["trouble"]
    wishes = "{", "[]", '{"on_lost": "pass"}', '{"emojis": "/etc"}', '{"expressions": "x.onnx"}', '{"emojis": []}'
    for wish in (*wishes, "[" * 100_000):
        live.send(wish)
        assert answer(live)[0]["trouble"]
    live.send(frame(50, raw))
    told, picture = answer(live)
    assert picture is not None
    assert told["number"] == 50
    live.send(frame(49, raw))
    assert "came after" in answer(live)[0]["trouble"]


def test_a_face_never_comes_back(live: ClientConnection) -> None:
    """What comes back for the portrait has nothing of her face in it: shielded, or covered with the emoji."""
    image = portrait()
    for number in range(4):
        live.send(frame(number, jpeg(image)))
        told, picture = answer(live)
        assert picture is not None
        face, shown = image[100:180, 195:260].astype(int), picture[100:180, 195:260].astype(int)
        assert told["shielded"] or told["faces"]
        assert np.abs(face - shown).mean() > 40


def test_oversized_frames_end_the_connection(page_url: str) -> None:
    with connect(page_url.replace("http", "ws", 1) + "live", origin=page_url.rstrip("/")) as stream:  # type: ignore[arg-type]
        with suppress(ConnectionClosed):
            stream.send(b"\0" * 3_000_000)
        with pytest.raises(ConnectionClosed):
            stream.recv(timeout=10)
    assert httpx.get(page_url).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://127.0.0.1:1", "http://["])
def test_other_sites_and_programs_get_no_stream(page_url: str, origin: str | None) -> None:
    for path in ("live", "class"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(page_url.replace("http", "ws", 1) + path, origin=origin).__enter__()  # type: ignore[arg-type]


def test_a_foreign_name_for_this_machine_is_not_answered(page_url: str) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", ""):
        assert httpx.get(page_url, headers={"Host": host}).status_code in (400, 403)


def test_uploads_of_other_sites_are_refused(page_url: str) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}):
        assert httpx.post(page_url + "files?name=a.png", content=jpeg(portrait()), headers=headers).status_code == 403


def test_every_answer_carries_the_policy(page_url: str) -> None:
    for path in ("", "about", "static/page.js", "files/none", "emoji/happy.png", "nothing"):
        headers = httpx.get(page_url + path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("create", [lambda: create_page(MaskSettings()), lambda: create_board("key")])
def test_scripts_are_called_so_whatever_the_system_calls_them(create: Callable[[], ASGIApp]) -> None:
    mimetypes.add_type("text/plain", ".js")  # as some programs have it on Windows; browsers run no script called so
    transport = httpx.ASGITransport(create())

    async def ask() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return (await client.get("/static/dom.js")).headers["content-type"]

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        assert thread.submit(asyncio.run, ask()).result().startswith("text/javascript")


def test_nothing_else_can_be_read(page_url: str) -> None:
    for path in ("static/../page.py", "static/%2e%2e/page.py", "emoji/../../etc/passwd.png", "docs", "openapi.json",
                 "emoji/happy.png?emoji_set=/etc", "files/../../etc/passwd/masked"):  # fmt: skip
        assert httpx.get(page_url + path).status_code in (403, 404), path


def test_odd_uploads(page_url: str) -> None:
    origin = {"Origin": page_url.rstrip("/")}

    def send(name: str, content: bytes, **query: str) -> httpx.Response:
        return httpx.post(page_url + "files", params={"name": name, **query}, content=content, headers=origin)

    assert "empty" in send("a.png", b"").json()["detail"]
    assert "was not offered" in send("a.png", b"x", emojis="/etc").json()["detail"]
    assert "emojimask mask" in announce(page_url, 10**12)
    job = send("../../etc/pass\nwd.mp4", b"no video").json()
    for _ in range(100):
        state = httpx.get(f"{page_url}files/{job['id']}").json()
        if state["state"] == "failed":
            break
        time.sleep(0.1)
    assert state["name"] == "passwd.mp4"
    assert "passwd.mp4" in state["error"]
    assert "/proc" not in state["error"]


@pytest.mark.parametrize("letter", ["a", "é", "面", "😀"])
def test_names_of_any_length_and_script(page_url: str, letter: str) -> None:
    origin, picture = {"Origin": page_url.rstrip("/")}, cv2.imencode(".png", portrait()[::4, ::4])[1].tobytes()
    job = httpx.post(page_url + "files", params={"name": 90 * letter + ".png"}, content=picture, headers=origin).json()
    while job["state"] in ("waiting", "masking"):
        time.sleep(0.1)
        job = httpx.get(f"{page_url}files/{job['id']}").json()
    assert (job["state"], job["error"]) == ("done", None)
    assert job["name"].endswith(40 * letter + "_masked.png")
    assert httpx.get(f"{page_url}files/{job['id']}/masked").status_code == 200


def test_a_telephone_s_heic_comes_back_as_a_jpeg(page_url: str, tmp_path: Path) -> None:
    path = write_tiles(tmp_path / "a.heic", [Pillow.fromarray(portrait()[::2, ::2, ::-1])], b"heic")
    job = httpx.post(
        page_url + "files",
        params={"name": "IMG_1.HEIC"},
        content=path.read_bytes(),
        headers={"Origin": page_url.rstrip("/")},
    ).json()
    while job["state"] in ("waiting", "masking"):
        time.sleep(0.1)
        job = httpx.get(f"{page_url}files/{job['id']}").json()
    assert (job["error"], job["name"], job["with_faces"]) == (None, "IMG_1_masked.jpg", 1)
    masked = httpx.get(f"{page_url}files/{job['id']}/masked").content
    assert Pillow.open(io.BytesIO(masked)).format == "JPEG"


def test_an_upload_that_breaks_off_leaves_no_error(program: Callable[..., Program]) -> None:
    served = program("serve", "--no-browser", "--port", "0")
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        line.sendall(
            f"POST /files?name=a.png HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
            f"Origin: {served.url.rstrip('/')}\r\nContent-Length: 99999\r\n\r\nbegun".encode()
        )
        time.sleep(0.5)
    assert httpx.get(served.url).status_code == 200
    time.sleep(0.3)
    assert len(served.said) == 1, served.said


@pytest.mark.parametrize("step", ["__init__", "write"])
def test_an_upload_for_which_there_is_no_room_is_told(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def upload() -> AsyncIterator[bytes]:
        yield b"x"

    async def scene() -> None:
        desk = FileDesk()
        try:
            for _ in range(MAX_WAITING + 1):  # none of those before counts as one that waits
                with pytest.raises(Refused, match=r"a\.png: cannot be taken in \(No space left on device\)"):
                    await desk.take("a.png", 1, upload(), MaskSettings())
        finally:
            desk.close()

    monkeypatch.setattr(f"emojimask.web.page.desk.Spool.{step}", full)
    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        thread.submit(asyncio.run, scene()).result()


def test_uploads_under_way_count_as_files_that_wait() -> None:
    async def scene() -> None:
        desk, more = FileDesk(), asyncio.Event()

        async def upload() -> AsyncIterator[bytes]:
            yield b"begun"
            await more.wait()

        uploads = [asyncio.create_task(desk.take(f"{n}.mp4", 99, upload(), MaskSettings())) for n in range(MAX_WAITING)]
        await asyncio.sleep(0.05)
        with pytest.raises(Refused, match="already waiting"):
            await desk.take("one more.mp4", None, upload(), MaskSettings())
        more.set()
        for broken_off in await asyncio.gather(*uploads, return_exceptions=True):
            assert isinstance(broken_off, Refused)
        with pytest.raises(Refused, match="broke off"):  # there is room again
            await desk.take("one more.mp4", 99, upload(), MaskSettings())
        desk.close()

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        thread.submit(asyncio.run, scene()).result()


def test_decode_checks_size_before_pixels() -> None:
    with pytest.raises(BadPicture, match="pixels wide"):
        decode(jpeg(np.zeros((8, 2400, 3), np.uint8)))


def test_only_a_masked_frame_is_packed() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    assert pack(MaskedFrame(image, 0, 0.0), 0, 1.0)
    with pytest.raises(TypeError):
        pack(image, 0, 1.0)  # type: ignore[arg-type]


def test_pass_is_offered_only_where_the_program_was_started_with_it() -> None:
    with pytest.raises(UsageError):
        Choices(MaskSettings()).chosen({"on_lost": "pass"})
    assert Choices(MaskSettings(on_lost="pass")).chosen({"on_lost": "pass"}).on_lost == "pass"


def test_a_file_that_is_cancelled_while_it_waits_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    async def upload() -> AsyncIterator[bytes]:
        yield b"film"

    async def scene() -> list[object]:
        desk, before, opened = FileDesk(), Event(), []
        monkeypatch.setattr("emojimask.web.page.desk.open_file", opened.append)
        desk._thread.submit(before.wait)  # another file is being masked
        job = await desk.take("me.mp4", None, upload(), MaskSettings())
        desk.cancel(job)
        before.set()
        await asyncio.to_thread(desk.close)
        assert job.state == "cancelled"
        return opened

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        assert thread.submit(asyncio.run, scene()).result() == []


def test_a_file_that_is_cancelled_while_its_end_is_written_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def upload() -> AsyncIterator[bytes]:
        yield jpeg(portrait()[::4, ::4])

    async def scene() -> tuple[Job | None, list[Path]]:
        desk = FileDesk()

        def run_and_cancel(*arguments: Any) -> RunSummary:
            summary = run(*arguments)
            desk.cancel(job)  # by then the last frame is through
            return summary

        monkeypatch.setattr("emojimask.web.page.desk.run", run_and_cancel)
        job = await desk.take("me.jpg", None, upload(), MaskSettings(faces="haar", expressions="none"))
        while job.state in {"waiting", "masking"}:
            await asyncio.sleep(0.05)
        await asyncio.to_thread(desk._thread.shutdown)
        left = desk.find(job.id), list(desk._folder.iterdir())
        await asyncio.to_thread(desk.close)
        return left

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        assert thread.submit(asyncio.run, scene()).result() == (None, [])


def test_all_that_is_to_be_told_of_a_film_is(tmp_path: Path) -> None:
    """Its sound fits no mp4, and it breaks off; another has sound of an unknown kind beside."""
    film = write_video(tmp_path / "a.avi", frames=30, codec="mpeg4", sound="adpcm_ms").read_bytes()
    phone = with_unknown_sound(tmp_path / "b.mp4", known=True).read_bytes()

    async def upload(data: bytes) -> AsyncIterator[bytes]:
        yield data

    async def scene() -> list[str]:
        desk = FileDesk()
        told = []
        for name, data in (("old.avi", film[: len(film) * 2 // 3]), ("phone.mp4", phone)):
            job = await desk.take(name, None, upload(data), MaskSettings(faces="haar", expressions="none"))
            while job.state in {"waiting", "masking"}:
                await asyncio.sleep(0.05)
            told += job.notes
        await asyncio.to_thread(desk.close)
        return told

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        broken, container, sound = thread.submit(asyncio.run, scene()).result()
    assert "old.avi: the file breaks off" in broken
    assert "so the result is avi" in container
    assert sound == "Without 1 of this file's sound tracks, whose codec is not known."


def test_a_film_keeps_its_sound_whatever_can_carry_it(tmp_path: Path) -> None:
    """No mp4 has a place for the sound of old Windows films, nor has mkv."""
    film = write_video(tmp_path / "a.avi", frames=3, codec="mpeg4", sound="adpcm_ms").read_bytes()

    async def upload() -> AsyncIterator[bytes]:
        yield film

    async def scene() -> None:
        desk = FileDesk()
        job = await desk.take("old.avi", None, upload(), MaskSettings(faces="haar", expressions="none"))
        while job.state in {"waiting", "masking"}:
            await asyncio.sleep(0.05)
        assert (job.error, job.output and job.output.name) == (None, "old_masked.avi")
        told = "This file's sound fits no mp4, so the result is avi; not every browser plays it."
        assert job.progress()["note"] == told
        await asyncio.to_thread(desk.close)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()


def test_timeline_stays_small_and_keeps_the_mean() -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    track = Track(1, Face(Box(0, 0, 9, 9), np.zeros((6, 2), np.float32), 1.0))
    timeline = Timeline()
    for index in range(5000):
        share = (index % 10) / 9
        face = MaskedFace(track, (share, 1 - share, 0, 0, 0, 0, 0, 0), "angry")
        timeline.add(MaskedFrame(image, index, index / 10, (face,)))
    points = timeline.points()
    assert 100 < len(points) <= MAX_POINTS
    times = [point["time_s"] for point in points]
    assert times == sorted(times)
    assert times[-1] > 495
    means = np.array([point["probabilities"] for point in points])
    assert np.allclose(means.mean(0)[:2], 0.5, atol=0.02)


def test_the_timeline_says_where_nobody_was_seen() -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    track = Track(1, Face(Box(0, 0, 9, 9), np.zeros((6, 2), np.float32), 1.0))
    happy = MaskedFace(track, (0, 0, 0, 1, 0, 0, 0, 0), "happy")
    timeline, empty = Timeline(), Timeline()
    for index in range(20):
        timeline.add(MaskedFrame(image, index, float(index), (happy,) if index in (0, 1, 19) else ()))
        empty.add(MaskedFrame(image, index, float(index), ()))
    points = timeline.points()
    assert [round(point["time_s"]) for point in points if any(point["probabilities"])] == [0, 1, 19]
    assert [round(point["time_s"]) for point in points if not any(point["probabilities"])] == list(range(2, 19))
    assert empty.points() == []


def announce(page_url: str, length: int) -> str:
    """What is said to an upload of so many bytes, before any of them is sent."""
    address = httpx.URL(page_url)
    with socket.create_connection((address.host, address.port), timeout=10) as client:
        head = f"POST /files HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nOrigin: {page_url.rstrip('/')}\r\n"
        client.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
        said = b""
        while b"detail" not in said:
            said += client.recv(4096)
        return said.decode()
