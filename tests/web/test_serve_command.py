"""What ``serve`` and ``join`` say of wrong requests, and a class joined from the terminal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from board_client import Host, Student
from web_help import Cable, Program, wait_until

from emojimask.cli import serve as serve_command
from emojimask.cli.main import main
from emojimask.errors import UsageError
from emojimask.web.board.address import board_address


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "answers to this machine only"),
        (["--board", "--host", ""], "--host: the address is empty"),
        (["--board", "--host", "0.0.0.0"], "openssl req"),
        (["--board", "--camera", "0"], "takes no picture"),
        (["--board", "--expressions", "none"], "--expressions does not go with --board"),
        (["--board", "--no-strict"], "--strict does not go with --board"),
        (["--board", "--settings", "mine.toml"], "--settings does not go with --board"),
        (["--redis", "redis://x"], "add --board"),
        (["--board", "--tls-cert", "c.pem"], "go together"),
        (["--board", "--tls-cert", "no.pem", "--tls-key", "no.key"], "cannot be used as certificate"),
        (["--port", "70000"], "0 to 65535"),
    ],
)
def test_unsafe_or_contradictory(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--no-browser", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--board", "--no-browser", "--port", str(port)]) == 2
    assert f"--port {port + 1}" in capsys.readouterr().err


def test_tls(program: Callable[..., Program], tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert,
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ["--tls-cert", str(cert), "--tls-key", str(key)]
    served = program("serve", "--board", "--no-browser", "--port", "0", *tls, lines=2)
    assert served.url.startswith("https://")
    import ssl

    trusted = ssl.create_default_context(cafile=str(cert))
    assert httpx.get(served.url, verify=trusted).status_code == 200
    stranger = run_join(served.url, "AAAA2222")
    assert stranger.returncode == 1
    assert "its certificate is not trusted" in stranger.stderr
    assert "no open room has this code" in run_join(served.url, "AAAA2222", SSL_CERT_FILE=str(cert)).stderr


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ("DNS:localhost,DNS:board.school.example", "board.school.example"),
        ("DNS:*.school.example,IP:192.0.2.7", "192.0.2.7"),
        ("DNS:*.school.example", "lectern.school.example"),
    ],
)
def test_the_link_has_the_name_that_the_certificate_is_for(
    names: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert,
         "-subj", "/CN=x", "-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE"],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setattr("socket.gethostname", lambda: "lectern")
    monkeypatch.setattr("socket.getfqdn", lambda: "lectern.school.example")
    assert serve_command._name(Namespace(host="0.0.0.0", tls_cert=cert, tls_key=key)) == name


@pytest.mark.parametrize(
    ("name", "full", "shown"),
    [
        ("lectern", "localhost", "lectern"),
        ("lectern.local", "1.0.0.127.in-addr.arpa", "lectern.local"),
        ("lectern", "lectern.school.example", "lectern.school.example"),
    ],
)
def test_no_machine_is_called_localhost_by_others(
    name: str, full: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: name)
    monkeypatch.setattr("socket.getfqdn", lambda: full)
    assert main(["serve", "--board", "--host", "0.0.0.0"]) == 2
    assert f"subjectAltName=DNS:{shown}" in capsys.readouterr().err


def test_connections_over_which_nothing_is_asked_are_ended(board: Program) -> None:
    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    silent, slow = (socket.create_connection(("127.0.0.1", board.port), timeout=20) for _ in range(2))
    for _ in range(9):
        slow.sendall(b"GET / HTTP/1.1\r\nHost: " if _ == 0 else b"x")
        time.sleep(0.5)
    for each in (silent, slow):
        assert each.recv(100) == b""
        each.close()
    host.say({"type": "close"})  # who takes part stays
    host.hear("closed")
    host.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_more_take_part_than_files_that_shells_let_a_program_open(program: Callable[..., Program]) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        served = program("serve", "--board", "--no-browser", "--port", "0", lines=2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    host = Host(served.url, served.lecturer_url.split("#key=")[1])
    people = [Student(served.url, host.code) for _ in range(70)]
    for each in [*people, host]:
        each.close()


def test_ctrl_c_is_the_ordinary_end(program: Callable[..., Program], ctrl_c: signal.Signals) -> None:
    served = program("serve", "--board", "--no-browser", "--port", "0", lines=2)
    served.process.send_signal(ctrl_c)
    served.process.wait(15)
    served.reader.join(5)
    assert (served.process.returncode, len(served.said)) == (0, 2), served.said


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_amid_an_upload_is_told_as_no_error(
    presses: int, program: Callable[..., Program], ctrl_c: signal.Signals
) -> None:
    served = program("serve", "--no-browser", "--port", "0")
    with socket.create_connection(("127.0.0.1", served.port)) as page:
        host = f"127.0.0.1:{served.port}"
        head = f"POST /files HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 9\r\n\r\nhalf"
        page.sendall(head.encode())
        time.sleep(0.5)
        for _ in range(presses):
            served.process.send_signal(ctrl_c)
            time.sleep(0.5)
        served.process.wait(15)
    served.reader.join(5)
    assert (served.process.returncode, len(served.said)) == (0, 1), served.said


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_terminal_that_is_closed_leaves_no_folder_behind(
    program: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    served = program("serve", "--no-browser", "--port", "0")
    assert list(tmp_path.glob("emojimask-masked-*"))
    served.process.send_signal(signal.SIGHUP)
    served.process.wait(15)
    assert not list(tmp_path.glob("emojimask-masked-*"))


def test_the_address_is_told_when_the_server_answers_and_hears_ctrl_c(ctrl_c: signal.Signals) -> None:
    code = f"""
import signal
from emojimask.web.serving import Address, listen, serve

async def app(scope, receive, send): ...

def told():
    print(signal.getsignal({ctrl_c:d}) is not signal.default_int_handler)
    signal.raise_signal({ctrl_c:d})  # nobody can be quicker

address = Address("127.0.0.1", 0)
try:
    serve(app, address, listen(address), max_message=4096, on_start=told)
except KeyboardInterrupt:
    print("ended")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.returncode) == (["True", "ended"], 0), done.stderr


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("http://127.0.0.1:8764/join", "ws://127.0.0.1:8764/board"),
        ("https://school.example/join#code=ABC", "wss://school.example/board"),
        ("school.example:8443", "wss://school.example:8443/board"),
        ("http://[::1]:9/", "ws://[::1]:9/board"),
    ],
)
def test_class_links(link: str, address: str) -> None:
    assert board_address(link) == address


@pytest.mark.parametrize(
    "link",
    [
        "",
        "http://",
        "ftp://a/b",
        "http://school.example/join",
        "https://u:p@a.example",
        "https://a:x",
        "https://school..example/join",
        f"https://{'a' * 64}.example/join",
    ],
)
def test_bad_class_links(link: str) -> None:
    with pytest.raises(UsageError):
        board_address(link)


def test_join_from_the_terminal(board: Program) -> None:
    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "emojimask", "join", f"{board.url}join#code={host.code}", "--nick", "Ada"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdin is not None
    host.look(lambda h: h.labels() == {"Ada": ""}, timeout=60)
    for keys, seen in (("s4", "happy"), ("p", ""), ("s2", "disgust")):
        process.stdin.write(keys)
        process.stdin.flush()
        host.look(lambda h, seen=seen: h.labels() == {"Ada": seen})
    process.stdin.write("q")
    process.stdin.flush()
    host.look(lambda h: not h.seats)
    said = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    assert "nothing is shared" in said
    assert 'sent {"type": "share", "label": "happy"}' in said
    host.close()


class Joined:
    """``emojimask join``, in the room of a lecturer, with its output read as it comes.

    ``keyboard``: where its keys come from, if not from :meth:`press`.
    """

    def __init__(self, url: str, host: Host, keyboard: int = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emojimask", "join", url, host.code, "--nick", "Ada"],
            stdin=keyboard, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        host.look(lambda h: h.labels() == {"Ada": ""}, timeout=60)

    def press(self, keys: str, words: str = "") -> None:
        """Press keys, and wait till it has said ``words`` since."""
        assert self.process.stdin is not None
        before = len(self.said)
        self.process.stdin.write(keys)
        self.process.stdin.flush()
        self.hear(words, before)

    def hear(self, words: str, since: int = 0) -> None:
        wait_until(lambda: not words or any(words in line for line in self.said[since:]))

    def _read(self) -> None:
        self.said.extend(line.rstrip() for line in self.process.stdout or ())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        for pipe in filter(None, (self.process.stdin, self.process.stdout)):
            pipe.close()


@pytest.fixture
def away(board: Program) -> Iterator[tuple[Cable, Host, Joined]]:
    """Ada has shared "happy", and then her network was cut."""
    cable = Cable(board.port)
    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    ada = Joined(cable.url, host)
    ada.press("s4")
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    cable.cut()
    ada.hear("out of touch")
    host.look(lambda h: not next(iter(h.seats.values()))[5])
    yield cable, host, ada
    ada.close()
    host.close()
    cable.close()


def test_a_long_time_out_of_touch_is_told_once(away: tuple[Cable, Host, Joined]) -> None:
    ada = away[2]
    time.sleep(3)
    assert sum("out of touch" in line for line in ada.said) == 1


def test_what_was_shared_is_sent_again_after_a_cut(away: tuple[Cable, Host, Joined]) -> None:
    cable, host, _ = away
    cable.mend()
    host.look(lambda h: h.labels() == {"Ada": "happy"})


def test_what_was_done_out_of_touch_counts_when_back(away: tuple[Cable, Host, Joined]) -> None:
    cable, host, ada = away
    ada.press("p", "paused; nothing is sent")
    ada.press("h", "hand raised")
    cable.mend()
    ada.hear("back in the room")
    host.look(lambda h: next(iter(h.seats.values()))[4])
    assert host.labels() == {"Ada": ""}
    host.say({"type": "lower"})
    ada.hear("lowered your hand")
    ada.press("h", "hand raised")  # and not lowered once more
    host.look(lambda h: next(iter(h.seats.values()))[4])


def test_leaving_out_of_touch_ends(away: tuple[Cable, Host, Joined]) -> None:
    ada = away[2]
    ada.press("q", "could not be told")
    assert ada.process.wait(5) == 0


def test_leaving_is_told_where_the_network_comes_back_at_once(away: tuple[Cable, Host, Joined]) -> None:
    cable, host, ada = away
    ada.press("q")
    cable.mend()
    host.look(lambda h: not h.seats)
    assert ada.process.wait(5) == 0
    assert not any("could not be told" in line for line in ada.said)


def test_keys_that_are_held_down_are_no_flood(board: Program) -> None:
    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    ada = Joined(board.url, host)
    ada.press("p" * 99 + "h" * 99)  # an odd number of times
    host.look(lambda h: next(iter(h.seats.values()))[4])
    ada.press("h")
    host.look(lambda h: not next(iter(h.seats.values()))[4])
    ada.press("q")
    assert ada.process.wait(5) == 0
    ada.close()
    host.close()


def test_ctrl_c_leaves_the_room(board: Program, ctrl_c: signal.Signals) -> None:
    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    ada = Joined(board.url, host)
    ada.process.send_signal(ctrl_c)
    host.look(lambda h: not h.seats)
    assert ada.process.wait(5) == 130
    ada.close()
    host.close()


SPELT_WITH_LETTERS = [
    b"\x1bOP", b"\x1bOQ", b"\x1bOS", b"\x1b[1;5Q", b"\x1b[15~",  # F1, F2, F4, Ctrl and F2, F5
    b"\x1b[[A", b"\x1b[H", b"\x1bOH", b"\x1b\x1b[H", b"\x1bp",  # F1 of the Linux console, Home, Alt and Home or p
]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="terminals spell keys otherwise there")
def test_keys_that_are_spelt_with_letters_are_no_orders(board: Program) -> None:
    import pty
    import termios

    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    screen, terminal = pty.openpty()
    ada = Joined(board.url, host, terminal)
    wait_until(lambda: not termios.tcgetattr(terminal)[3] & termios.ICANON)  # it takes single keys by now
    for key in SPELT_WITH_LETTERS:
        os.write(screen, key)
    os.write(screen, b"\x1b")  # Escape itself; the next key is its own
    time.sleep(0.3)
    os.write(screen, b"h\x1b[Hs")
    ada.hear("sharing the emoji")
    assert len(ada.said) == 4, ada.said
    assert "hand raised" in ada.said[2]
    os.write(screen, b"q")
    assert ada.process.wait(10) == 0
    ada.close()
    host.close()
    for end in (screen, terminal):
        os.close(end)


def test_join_shares_what_the_camera_shows(board: Program, tmp_path: Path) -> None:
    import cv2

    from emojimask.sources.synthetic import SyntheticSource

    film = tmp_path / "me.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for frame in SyntheticSource(320, 240, 10, 20):
        writer.write(frame.image)
    writer.release()
    host = Host(board.url, board.lecturer_url.split("#key=")[1], kind="expressions", lawful=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "emojimask", "join", board.url, host.code, "--nick", "Ada", "--camera", str(film)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdin is not None
    host.look(lambda h: h.seats, timeout=60)
    process.stdin.write("s")
    process.stdin.flush()
    host.look(lambda h: h.labels() == {"Ada": "happy"}, timeout=60)
    assert 0 < next(iter(host.seats.values()))[3] <= 1
    process.stdin.write("q")
    process.stdin.flush()
    process.communicate(timeout=30)
    assert process.returncode == 0
    host.close()


def test_join_without_recognising_expressions_shares_none(board: Program) -> None:
    host = Host(board.url, board.lecturer_url.split("#key=")[1], kind="expressions", lawful=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "emojimask", "join", board.url, host.code, "--nick", "Ada", "--expressions", "none"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdin is not None
    host.look(lambda h: h.seats, timeout=60)
    said = process.communicate("sq", timeout=60)[0]
    assert process.returncode == 0
    assert "nothing is sent: nobody's expression is recognised" in said
    assert '"label"' not in said
    host.close()


def run_join(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emojimask", "join", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


def test_a_proxy_has_no_part_in_a_board_on_this_machine(board: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    done = run_join(board.url, "AAAA2222")
    assert "no open room has this code" in done.stderr


def test_join_with_a_wrong_code(board: Program) -> None:
    ended = run_join(board.url, "AAAA2222")
    assert ended.returncode == 2
    assert "no open room has this code" in ended.stderr


def test_join_takes_no_flag_for_what_it_does_not_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["join", "--help"])
    told = capsys.readouterr().out
    assert "--smoothing" in told
    assert not any(flag in told for flag in ("--emojis", "--on-lost", "--adapt-light", "--lookahead-s"))


def test_join_without_a_code() -> None:
    ended = run_join("https://school.example/join")
    assert ended.returncode == 2
    assert "https://school.example/join: names no room" in ended.stderr


def test_join_where_nobody_listens() -> None:
    ended = run_join("http://127.0.0.1:1/", "AAAA2222")
    assert ended.returncode == 1
    assert "no class board answers" in ended.stderr
    assert ended.stderr.count("\n") == 1
