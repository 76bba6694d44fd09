"""Load on the class board: many students in many rooms, one message a second, on this machine only.

    python benchmarks/board_load.py [--students 2000] [--rooms 50] [--seconds 120] [--redis URL --kill]

Starts the board itself (two processes with ``--redis``), joins students and a host to every room, counts every
message that a board shows, and measures the time from a student's send to the host's screen. With ``--kill`` one of
two processes is killed half way, and its members go to the other one. Prints a table; exits with 1 where a message
was lost without a kill.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

MAX_STUDENTS, MAX_SECONDS = 5000, 600
LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
JOINS_AT_ONCE = 20
MAX_CATCHING_UP_S = 60


@dataclass
class Server:
    """A board process."""

    process: subprocess.Popen[str]
    address: str
    key: str

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


@dataclass
class Tally:
    """What was sent and what was seen. Messages are told apart by member and confidence, which counts up."""

    sent_s: dict[tuple[str, float], float] = field(default_factory=dict)
    delays_ms: list[float] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    away_s: list[float] = field(default_factory=list)


def start_server(redis: str | None) -> Server:
    command = [sys.executable, "-m", "emojimask", "serve", "--board", "--no-browser", "--port", "0"]
    command += ["--redis", redis] if redis else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    said = process.stdout.readline() + process.stdout.readline()
    found = re.search(r"http://(\S+?)/#key=(\S+)", said)
    assert found, f"the board did not start: {said}"
    return Server(process, f"ws://{found[1]}/board", found[2])


async def host(server: Server, tally: Tally, opened: asyncio.Future[str]) -> None:
    """A lecturer's screen: notes when each message becomes visible. Goes to its server only."""
    wish = {"type": "open", "key": server.key, "kind": "expressions", "lawful": True, "interval_s": 1}
    async with connect(server.address, compression=None, max_size=None) as socket:
        await socket.send(json.dumps(wish))
        code = json.loads(await socket.recv())["code"]
        opened.set_result(code)
        async for text in socket:
            now, update = time.monotonic(), json.loads(text)
            tally.totals[code] = update.get("total", 0)
            for member_id, _, label, confidence, _, _ in update.get("members", ()):
                sent_s = tally.sent_s.pop((member_id, confidence), None) if label else None
                if sent_s is not None:
                    tally.delays_ms.append((now - sent_s) * 1000)


class Course:
    """What all students share: nobody sends before everybody has joined."""

    def __init__(self, servers: list[Server], seconds: float, tally: Tally) -> None:
        self.servers, self.seconds, self.tally = servers, seconds, tally
        self.door = asyncio.Semaphore(JOINS_AT_ONCE)
        self.inside = asyncio.Semaphore(0)
        self.go = asyncio.Event()
        self.end_s = float("inf")


class Student:
    """Joins, sends once a second at a moment of its own, and goes to the next server when its own is gone."""

    def __init__(self, course: Course, first: int, code: str) -> None:
        self._course, self._at = course, first
        self._greeting: dict[str, object] = {"type": "join", "code": code, "nick": f"s{first}"}
        self._lost_s: float | None = None
        self.sent = 0

    async def run(self) -> None:
        course = self._course
        while time.monotonic() < course.end_s:
            async with AsyncExitStack() as connection:
                try:
                    async with course.door:
                        socket = await self._enter(connection)
                    if not course.go.is_set():
                        course.inside.release()
                        await course.go.wait()
                        await asyncio.sleep(random.random())
                    await self._send(socket)
                    return
                except (ConnectionClosed, OSError):
                    if course.go.is_set():
                        self._lost_s = self._lost_s or time.monotonic()
                        self._at += 1
            await asyncio.sleep(0.2 + random.random() * 0.5)

    async def _enter(self, connection: AsyncExitStack) -> ClientConnection:
        server = self._course.servers[self._at % len(self._course.servers)]
        socket = await connection.enter_async_context(connect(server.address, compression=None, open_timeout=60))
        await socket.send(json.dumps(self._greeting))
        self._welcome(json.loads(await socket.recv()))
        if self._lost_s is not None:
            self._course.tally.away_s.append(time.monotonic() - self._lost_s)
            self._lost_s = None
        return socket

    def _welcome(self, welcome: dict[str, object]) -> None:
        if welcome["type"] == "error":  # the board takes a thousand from an address at once, then fifty a second
            raise ConnectionRefusedError(welcome["text"])
        room = welcome["room"]
        assert isinstance(room, dict)
        self.member = str(welcome["member"])
        token = welcome.get("token") or self._greeting["token"]
        self._greeting = {"type": "rejoin", "code": room["code"], "member": self.member, "token": token}

    async def _send(self, socket: ClientConnection) -> None:
        next_s = time.monotonic()
        while next_s < self._course.end_s:
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
            confidence = round((self.sent % 9999 + 1) / 10000, 4)
            self._course.tally.sent_s[self.member, confidence] = time.monotonic()
            label = LABELS[self.sent % len(LABELS)]
            await socket.send(json.dumps({"type": "share", "label": label, "confidence": confidence}))
            self.sent += 1
            next_s += 1.0


async def measure(options: argparse.Namespace, servers: list[Server]) -> int:
    tally = Tally()
    openings = [asyncio.get_running_loop().create_future() for _ in range(options.rooms)]
    # With a kill, hosts sit at the process that stays, so that what they see goes on.
    hosts = [asyncio.create_task(host(servers[0], tally, opening)) for opening in openings]
    codes = list(await asyncio.gather(*openings))
    course = Course(servers, options.seconds, tally)
    students = [Student(course, n, codes[n % len(codes)]) for n in range(options.students)]
    began = time.monotonic()
    tasks = [asyncio.create_task(each.run()) for each in students]
    for _ in students:
        await course.inside.acquire()
    joined_s = time.monotonic() - began
    cpu = [server.cpu_s() for server in servers]
    own = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    course.end_s = began + options.seconds
    course.go.set()
    if options.kill:
        await asyncio.sleep(options.seconds / 2)
        killed_cpu = servers[1].cpu_s() - cpu[1]
        servers[1].process.send_signal(signal.SIGKILL)
    await asyncio.gather(*tasks)
    took_s = time.monotonic() - began
    alive = servers[:1] if options.kill else servers
    used = [(server.cpu_s() - before) / took_s for server, before in zip(alive, cpu, strict=False)]
    own_after = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(2 if options.kill else MAX_CATCHING_UP_S):  # a busy machine may be behind
        await asyncio.sleep(1)
        if sum(tally.totals.values()) == sum(each.sent for each in students):
            break
    sent, shown = sum(each.sent for each in students), sum(tally.totals.values())
    for line in table(options, tally, sent, shown, joined_s, took_s):
        print(line)
    print(f"server processes' CPU                {', '.join(f'{share:.2f}' for share in used)} of a core")
    if options.kill:
        print(f"killed process's CPU before          {killed_cpu / (options.seconds / 2):.2f} of a core")
    print(f"server memory                        {', '.join(f'{server.memory_mb():.0f}' for server in alive)} MB")
    own_s = own_after.ru_utime + own_after.ru_stime - own.ru_utime - own.ru_stime
    print(f"this script's CPU                    {own_s / took_s:.2f} of a core")
    print(f"load of the machine                  {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for task in hosts:
        task.cancel()
    await asyncio.gather(*hosts, return_exceptions=True)
    return 0 if options.kill or sent == shown else 1


def table(
    options: argparse.Namespace, tally: Tally, sent: int, shown: int, joined_s: float, took_s: float
) -> Iterator[str]:
    delays = statistics.quantiles(tally.delays_ms, n=100)
    yield f"students, rooms                      {options.students}, {options.rooms}"
    yield f"joined in                            {joined_s:.1f} s"
    yield f"messages sent, counted on the boards {sent}, {shown} ({sent - shown} lost) in {took_s:.0f} s"
    yield f"to the board: median, p95, p99       {delays[49]:.0f}, {delays[94]:.0f}, {delays[98]:.0f} ms"
    yield f"seen on a board one by one           {len(tally.delays_ms)}"
    if tally.away_s:
        away = f"{len(tally.away_s)}, {p95(tally.away_s):.1f}, {max(tally.away_s):.1f} s"
        yield f"came back: how many, p95, longest    {away}"


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--students", type=int, default=2000)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--redis", help="two processes that share rooms, such as redis://127.0.0.1:6379/0")
    parser.add_argument("--kill", action="store_true", help="kill one of two processes half way")
    options = parser.parse_args()
    if not (0 < options.students <= MAX_STUDENTS and 0 < options.seconds <= MAX_SECONDS):
        parser.error(f"at most {MAX_STUDENTS} students and {MAX_SECONDS} seconds")
    if options.kill and not options.redis:
        parser.error("--kill needs --redis")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    servers = [start_server(options.redis) for _ in range(2 if options.redis else 1)]
    try:
        return asyncio.run(measure(options, servers))
    finally:
        for server in servers:
            server.process.terminate()
        for server in servers:
            server.process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
