from __future__ import annotations

import struct
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

import media
from emojimask.errors import NoPlaceError, OutputExistsError, SinkError, SourceError, UsageError
from emojimask.sinks.video.sink import VideoFileSink
from emojimask.sources.video_file import VideoFileSource


def convert(original: Path, target: Path, force: bool = False, audio: bool = True) -> Path:
    with VideoFileSource(original) as source, VideoFileSink(target, force, audio) as sink:
        sink.open(source.info)
        for frame in source:
            sink.write(media.masked(frame.image, frame.index, frame.time_s))
    assert not list(target.parent.glob("*.part"))
    return target


def write(target: Path, images: list[np.ndarray], fps: float = 25.0, force: bool = False) -> Path:
    height, width = images[0].shape[:2]
    with VideoFileSink(target, force) as sink:
        sink.open(media.info(width, height, fps))
        for index, image in enumerate(images):
            sink.write(media.masked(image, index, index / (fps or 25.0)))
    return target


def read(path: Path) -> list[np.ndarray]:
    with VideoFileSource(path) as source:
        return [frame.image for frame in source]


@pytest.mark.parametrize(("suffix", "sound"), [(".mp4", "aac"), (".mkv", "aac"), (".mov", "aac"), (".mkv", "libopus")])
def test_sound_is_copied_byte_for_byte_and_every_time_stamp_to_the_tick(
    tmp_path: Path, suffix: str, sound: str
) -> None:
    original = media.write_video(tmp_path / f"a{suffix}", frames=40, sound=sound)
    target = convert(original, tmp_path / f"b{suffix}")
    assert len(media.packets(target, "audio")) > 10
    assert media.packets(target, "audio") == media.packets(original, "audio")
    assert media.times(target) == media.times(original)


@pytest.mark.parametrize(("language", "kept"), [("deu", "ger"), ("ger", "ger"), ("fre", "fra"), ("eng", "eng")])
def test_a_mov_keeps_languages_that_have_two_codes(tmp_path: Path, language: str, kept: str) -> None:
    original = media.write_video(tmp_path / "a.mp4", sound="aac", language=language)
    with av.open(str(convert(original, tmp_path / "b.mov"))) as file:
        assert file.streams.audio[0].language == kept


def test_a_varying_rate_is_kept_to_the_tick(tmp_path: Path) -> None:
    ticks = [0, 300, 350, 1700, 1701, 9000, 9001, 90000]
    original = media.write_video(tmp_path / "a.mp4", ticks=ticks, time_base=Fraction(1, 30000), sound="aac")
    target = convert(original, tmp_path / "b.mp4")
    assert media.times(target) == [Fraction(tick, 30000) for tick in ticks]
    assert media.packets(target, "audio") == media.packets(original, "audio")


def test_ntsc_rate_in_milliseconds(tmp_path: Path) -> None:
    ticks = [index * 1001 for index in range(30)]
    original = media.write_video(tmp_path / "a.mp4", ticks=ticks, time_base=Fraction(1, 30000), sound="aac")
    between = convert(original, tmp_path / "b.mkv")
    start = media.times(between)[0]
    assert [time - start for time in media.times(between)] == pytest.approx([tick / 30000 for tick in ticks], abs=0.001)
    assert media.times(convert(between, tmp_path / "c.mp4")) == media.times(between)
    sound = media.packets(between, "audio")[0][0] - media.times(between)[0]
    assert sound == pytest.approx(float(media.packets(original, "audio")[0][0]), abs=0.0011)


def test_a_late_start_is_kept_in_step_with_the_sound(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "a.mpg", codec="mpeg1video", frames=30, sound="mp2")
    assert media.times(original)[0] > Fraction(1, 2)
    same = convert(original, tmp_path / "b.mpg")
    assert media.packets(same, "audio") == media.packets(original, "audio")
    assert media.times(same) == media.times(original)
    other = convert(original, tmp_path / "c.mp4")
    assert media.times(other) == media.times(original)
    offsets = [media.packets(path, "audio")[0][0] for path in (original, other)]
    assert offsets[1] == pytest.approx(offsets[0], abs=0.0001)
    assert [data for _, data in media.packets(other, "audio")] == [data for _, data in media.packets(original, "audio")]


def delayed(original: Path, target: Path, seconds: int) -> Path:
    """The same file with a clock that is ahead."""
    with av.open(str(original)) as file, av.open(str(target), "w", container_options={"mpegts_copyts": "1"}) as late:
        streams = {stream.index: late.add_stream_from_template(stream) for stream in file.streams}
        for packet in file.demux():
            if packet.size:
                assert packet.pts is not None
                assert packet.dts is not None
                ahead = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts + ahead, packet.dts + ahead
                packet.stream = streams[packet.stream_index]
                late.mux(packet)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_clock_that_began_hours_before_the_recording_is_set_back(tmp_path: Path, suffix: str) -> None:
    plain = media.write_video(tmp_path / "a.ts", codec="mpeg2video", frames=30, sound="mp2")
    original = delayed(plain, tmp_path / "b.ts", 36000)
    assert media.times(original)[0] > 36000
    target = convert(original, tmp_path / f"c{suffix}")
    starts = [float(media.packets(target, kind)[0][0]) for kind in ("video", "audio")]
    assert max(starts) < 1
    apart = media.packets(original, "audio")[0][0] - media.times(original)[0]
    assert starts[1] - starts[0] == pytest.approx(float(apart), abs=0.0001 if suffix == ".mp4" else 0.04)
    with av.open(str(target)) as file:
        assert file.duration < 3_000_000


@pytest.mark.parametrize("sound", ["mp2", None])
def test_nothing_is_lost_of_a_recording_amid_which_the_clock_of_mpeg_begins_anew(
    tmp_path: Path, sound: str | None
) -> None:
    plain = media.write_video(tmp_path / "a.ts", codec="mpeg2video", frames=30, sound=sound)
    original = delayed(plain, tmp_path / "b.ts", 2**33 // 90000 - 1)
    assert media.times(original)[0] < 0
    target = convert(original, tmp_path / "c.mp4")
    assert media.times(target) == [time - media.times(original)[0] // 1 for time in media.times(original)]
    if sound:
        apart = media.packets(original, "audio")[0][0] - media.times(original)[0]
        copied = media.packets(target, "audio")[0][0] - media.times(target)[0]
        assert float(copied) == pytest.approx(float(apart), abs=0.0001)


def test_pictures_that_begin_late_are_written_to_an_avi(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "a.mp4", ticks=range(10, 40), sound="libmp3lame")
    target = convert(original, tmp_path / "b.avi")
    assert media.times(target)[1:] == media.times(original)[1:]


def edit_sound(path: Path, *starts_s: int) -> None:
    """Write into an MP4's list of edits that of its sound a second is heard from each of these on."""
    data = bytearray(path.read_bytes())
    edits = data.rfind(b"elst")
    list_end = edits + 12 + 12 * int.from_bytes(data[edits + 8 : edits + 12])
    entries = b"".join(struct.pack(">iihh", 90000, start * 48000, 1, 0) for start in starts_s)
    for box in (b"moov", b"trak", b"edts", b"elst"):
        size_at = data.rfind(box, 0, edits + 4) - 4
        size = int.from_bytes(data[size_at : size_at + 4]) + len(entries) - (list_end - edits - 12)
        data[size_at : size_at + 4] = size.to_bytes(4)
    data[edits + 8 : list_end] = len(starts_s).to_bytes(4) + entries
    path.write_bytes(data)


@pytest.mark.parametrize("starts_s", [(2,), (1, 4), (1, 1)])
def test_sound_that_was_cut_away_is_left_behind(tmp_path: Path, starts_s: tuple[int, ...]) -> None:
    options = {"movie_timescale": "90000"}
    original = media.write_video(tmp_path / "a.mp4", frames=150, sound="aac", container_options=options)
    edit_sound(original, *starts_s)
    copied = media.packets(convert(original, tmp_path / "b.mp4"), "audio")
    heard = [time_s for time_s, _ in copied if time_s >= 0]
    assert len(heard) == pytest.approx(len(starts_s) * 48000 / 1024, abs=2)
    assert np.diff([float(time_s) for time_s in heard]) == pytest.approx(1024 / 48000, abs=0.02)
    assert float(copied[0][0]) >= -0.2  # what a decoder needs to begin


def test_sound_of_a_recording_from_its_middle_on_is_copied_whole(tmp_path: Path) -> None:
    whole = media.write_video(tmp_path / "a.mpg", codec="mpeg2video", frames=100, sound="mp2", options={"g": "12"})
    data = whole.read_bytes()
    original = tmp_path / "from the middle.mpg"
    original.write_bytes(data[len(data) // 2 // 2048 * 2048 :])
    sound = media.packets(original, "audio")
    assert len({time for time, _ in sound}) < len(sound), "the rest of a packet has the time of the one after it"
    target = convert(original, tmp_path / "b.mp4")
    assert sorted(data for _, data in media.packets(target, "audio")) == sorted(data for _, data in sound)


def test_sound_whose_clock_begins_anew_is_told(tmp_path: Path) -> None:
    part = media.write_video(tmp_path / "a.mpg", codec="mpeg1video", frames=30, sound="mp2")
    original = tmp_path / "two of them.mpg"
    original.write_bytes(part.read_bytes() * 2)

    def copy() -> None:
        with VideoFileSink(tmp_path / "b.mp4") as sink:
            sink.open(media.info(path=original))
            for index in range(100):
                sink.write(media.masked(media.bars(), index, index / 25))

    with pytest.raises(SinkError, match="clock of its audio jumps back"):
        copy()


def test_avi_keeps_pictures_and_sound_together(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "a.mp4", frames=30, sound="libmp3lame")
    target = convert(original, tmp_path / "b.avi")
    assert media.times(target) == media.times(original)
    assert [data for _, data in media.packets(target, "audio")] == [
        data for _, data in media.packets(original, "audio")
    ]


@pytest.mark.parametrize("sound", ["ac3", "aac", "flac", "libmp3lame", "mp2"])
def test_compressed_sound_keeps_its_times_from_avi_to_avi(tmp_path: Path, sound: str) -> None:
    original = media.write_video(tmp_path / "a.avi", codec="mpeg4", frames=50, sound=sound)
    target = convert(original, tmp_path / "b.avi")
    assert len(media.packets(original, "audio")) > 20
    assert media.packets(target, "audio") == media.packets(original, "audio")


@pytest.mark.parametrize("sound", ["adpcm_ms", "adpcm_ima_wav", "adpcm_yamaha"])
def test_adpcm_keeps_its_times_from_avi_to_avi(tmp_path: Path, sound: str) -> None:
    original = media.write_video(tmp_path / "a.avi", codec="mpeg4", frames=50, sound=sound)
    before = media.packets(original, "audio")
    after = media.packets(convert(original, tmp_path / "b.avi"), "audio")
    assert len(before) > 20
    assert [data for _, data in after] == [data for _, data in before]
    assert [float(time) for time, _ in after] == pytest.approx([float(time) for time, _ in before], abs=1e-4)


def without_sound(path: Path, options: dict[str, str] | None = None, late_s: int = 0) -> Path:
    """A video that announces sound; it comes after ``late_s``, seconds, or never."""
    with av.open(str(path), "w", container_options=options or {}) as output:
        stream, tone = output.add_stream("libx264", 5), output.add_stream("aac", 48000)
        (stream.width, stream.height), stream.pix_fmt = (64, 64), "yuv420p"
        for index in range(5 * (late_s + 2)):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if late_s:
            for start in range(0, 48000, 1024):
                samples = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
                samples.sample_rate, samples.pts = 48000, late_s * 48000 + start
                output.mux(tone.encode(samples))
            output.mux(tone.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "options"), [("a.mp4", {"movflags": "empty_moov+frag_keyframe"}), ("a.flv", {}), ("a.ts", {})]
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_that_is_announced_and_never_comes_is_no_loss(
    tmp_path: Path, name: str, options: dict[str, str], suffix: str
) -> None:
    original = without_sound(tmp_path / name, options)
    with av.open(str(original)) as file:
        assert len(file.streams.audio) == 1
    assert len(read(convert(original, tmp_path / f"b{suffix}"))) == 10


def test_sound_that_comes_after_its_kind_had_to_be_known_is_told(tmp_path: Path) -> None:
    original = without_sound(tmp_path / "a.ts", late_s=20)
    with av.open(str(original)) as file:
        assert file.streams.audio[0].sample_rate == 0
    with pytest.raises(SinkError, match=r"begins too late.*--no-audio"):
        convert(original, tmp_path / "b.mp4")


def test_sound_of_an_unknown_codec_beside_other_is_left_out(tmp_path: Path) -> None:
    original = media.with_unknown_sound(tmp_path / "a.mp4", known=True)
    target = tmp_path / "b.mp4"
    with VideoFileSource(original) as source, VideoFileSink(target) as sink:
        sink.open(source.info)
        for frame in source:
            sink.write(media.masked(frame.image))
    assert sink.left_out == 1
    with av.open(str(target)) as file:
        assert len(file.streams.audio) == 1
    assert media.packets(target, "audio") == media.packets(original, "audio")


def test_where_all_sound_is_of_an_unknown_codec_that_is_told_before_the_work(tmp_path: Path) -> None:
    original = media.with_unknown_sound(tmp_path / "a.mp4", known=False)
    with pytest.raises(NoPlaceError, match=r"audio \(unknown\).*--no-audio"):
        convert(original, tmp_path / "b.mp4")
    convert(original, tmp_path / "b.mp4", audio=False)


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mp4", "h264"),
        (".m4v", "h264"),
        (".mov", "h264"),
        (".3gp", "h264"),
        (".mkv", "h264"),
        (".wmv", "wmv2"),
        (".asf", "wmv2"),
        (".avi", "mpeg4"),
        (".webm", "vp9"),
        (".mpg", "mpeg2video"),
        (".mpeg", "mpeg2video"),
        (".gif", "gif"),
        (".MP4", "h264"),
    ],
)
def test_every_suffix_has_its_codec_all_frames_and_the_right_colours(tmp_path: Path, suffix: str, codec: str) -> None:
    images = [media.bars()] * 12
    target = write(tmp_path / f"a{suffix}", images)
    with av.open(str(target)) as file:
        assert file.streams.video[0].codec_context.codec.canonical_name == codec
    seen = read(target)
    assert len(seen) == 12
    assert np.abs(seen[-1].astype(int) - images[0]).mean() < 3
    middles = [(2 * bar + 1) * 70 // len(media.COLOURS) for bar in range(len(media.COLOURS))]
    assert np.abs(seen[-1][32, middles].astype(int) - media.COLOURS).max() < 12


@pytest.mark.parametrize(("height", "matrix"), [(480, 6), (720, 1)])
def test_the_colour_space_is_told_and_right(tmp_path: Path, height: int, matrix: int) -> None:
    image = media.bars(height * 2, height)
    target = write(tmp_path / "a.mp4", [image] * 2)
    with av.open(str(target)) as file:
        frame = next(file.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (matrix, 1)
    assert np.abs(read(target)[0].astype(int) - image).mean() < 3


@pytest.mark.parametrize(("primaries", "transfer"), [(9, 14), (9, 18), (9, 16), (5, 6), (2, 2)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_original_s_primaries_and_brightness_are_told(
    tmp_path: Path, primaries: int, transfer: int, suffix: str
) -> None:
    original = tmp_path / "a.mp4"
    with av.open(str(original), "w") as output:
        stream = output.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        stream.codec_context.color_primaries, stream.codec_context.color_trc = primaries, transfer
        output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p10le")))
        output.mux(stream.encode(None))
    with av.open(str(convert(original, tmp_path / f"b{suffix}"))) as file:
        context = file.streams.video[0].codec_context
        said = (1, 1) if primaries == 2 or transfer in (16, 18) else (primaries, transfer)  # HDR comes in plain colours
        assert (context.color_primaries, context.color_trc) == said


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 33), (33, 64)])
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mpg", ".gif", ".avi", ".wmv"])
def test_odd_sizes_lose_nothing(tmp_path: Path, size: tuple[int, int], suffix: str) -> None:
    width, height = size
    image = np.full((height, width, 3), (60, 120, 180), np.uint8)
    seen = read(write(tmp_path / f"a{suffix}", [image] * 3))
    assert len(seen) == 3
    extra = 0 if suffix == ".gif" else 1
    assert seen[0].shape == (height + height % 2 * extra, width + width % 2 * extra, 3)
    assert np.abs(seen[0].astype(int) - image[0, 0]).mean() < 6


def test_a_frame_of_another_size_is_letterboxed(tmp_path: Path) -> None:
    white = np.full((64, 96, 3), 255, np.uint8)
    tall = np.full((96, 48, 3), 255, np.uint8)
    seen = read(write(tmp_path / "a.mp4", [white, tall]))
    assert seen[1].shape == (64, 96, 3)
    assert seen[1][:, 48].min() > 240  # the middle
    assert seen[1][:, :20].max() < 15  # black beside it


def test_two_frames_of_one_time_are_both_kept(tmp_path: Path) -> None:
    with VideoFileSink(tmp_path / "a.mp4") as sink:
        sink.open(media.info(64, 64))
        for index in range(3):
            sink.write(media.masked(np.zeros((64, 64, 3), np.uint8), index, 1.0))
    assert len(read(tmp_path / "a.mp4")) == 3


@pytest.mark.parametrize("told", [7.5, 15.0, 29.97, 120.0])
def test_an_avi_of_a_camera_keeps_its_pace_whatever_rate_it_tells(tmp_path: Path, told: float) -> None:
    times_s = [0.0, 0.067, 0.133, 0.2, 0.25, 0.3, 0.85, 0.9, 1.5]
    with VideoFileSink(tmp_path / "live.avi") as sink:
        sink.open(media.info(96, 64, told, live=True))
        for index, time_s in enumerate(times_s):
            sink.write(media.masked(media.bars(), index, time_s))
    assert [float(time_s) for time_s in media.times(tmp_path / "live.avi")] == pytest.approx(times_s, abs=0.02)
    assert len(read(tmp_path / "live.avi")) == len(times_s)


def test_an_mpeg_keeps_the_times_of_small_pictures_that_come_seldom(tmp_path: Path) -> None:
    plain, times_s = np.zeros((48, 64, 3), np.uint8), [0, 0.5, 1, 1.5, 2, 2.1, 2.2, 4]
    with VideoFileSink(tmp_path / "shields.mpg") as sink:
        sink.open(media.info(64, 48, 30.0, live=True))
        for index, time_s in enumerate(times_s):
            sink.write(media.masked(plain, index, time_s))
    first_s, *others_s = (float(time_s) for time_s in media.times(tmp_path / "shields.mpg"))
    assert [time_s - first_s for time_s in others_s] == pytest.approx(times_s[1:], abs=0.001)
    assert all((image < 20).all() for image in read(tmp_path / "shields.mpg"))


def test_mpeg_refuses_a_rate_that_it_cannot_say(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"15.*\.mp4"), VideoFileSink(tmp_path / "a.mpg") as sink:
        sink.open(media.info(fps=15.0))
    assert not list(tmp_path.iterdir())
    target = write(tmp_path / "a.mpg", [media.bars()] * 10, fps=29.97)
    assert np.diff([float(time) for time in media.times(target)]) == pytest.approx([1 / 29.97] * 9, abs=1e-4)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif"])
def test_the_last_picture_stays_as_long_as_in_the_original(tmp_path: Path, suffix: str) -> None:
    original = tmp_path / f"a{suffix}"
    with av.open(str(media.write_video(tmp_path / "b.mp4", frames=12, options={"bf": "0"}))) as file:
        pictures = list(file.decode(video=0))
    with av.open(str(original), "w") as output:
        stream = output.add_stream("gif" if suffix == ".gif" else "libx264", 25, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 140, 64, "rgb8" if suffix == ".gif" else "yuv420p"
        encoded = [
            packet for p in (*pictures, None) for packet in stream.encode(p and p.reformat(format=stream.pix_fmt))
        ]
        for packet in encoded:
            packet.duration = round((3 if packet is encoded[-1] else 0.04) / packet.time_base)
            output.mux(packet)
    target = convert(original, tmp_path / f"c{suffix}")
    with av.open(str(original)) as before, av.open(str(target)) as after:
        assert after.duration == pytest.approx(before.duration, abs=10_000)
        assert after.duration > 3_000_000


def test_an_original_that_is_gone_in_the_end_takes_no_picture_along(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "a.mp4", frames=12)
    with VideoFileSource(original) as source, VideoFileSink(tmp_path / "b.mp4", audio=False) as sink:
        sink.open(source.info)
        for frame in source:
            sink.write(media.masked(frame.image, frame.index, frame.time_s))
        original.unlink()
    assert len(read(tmp_path / "b.mp4")) == 12


def test_gif_plays_at_its_pace(tmp_path: Path) -> None:
    original = write(tmp_path / "a.gif", [media.bars(), media.quarters(140, 64), media.bars()], fps=5.0)
    assert [float(time) for time in media.times(original)] == pytest.approx([0.0, 0.2, 0.4])
    again = convert(original, tmp_path / "b.gif")
    assert media.times(again) == media.times(original)
    assert np.abs(read(again)[1].astype(int) - media.quarters(140, 64)).mean() < 3


@pytest.mark.parametrize("loop", [None, 0, 3])
def test_a_gif_repeats_as_often_as_the_original(tmp_path: Path, loop: int | None) -> None:
    pictures = [Pillow.new("RGB", (32, 24), colour) for colour in ("red", "blue")]
    options = {} if loop is None else {"loop": loop}
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100, **options)
    with Pillow.open(convert(tmp_path / "a.gif", tmp_path / "b.gif")) as gif:
        assert gif.info.get("loop") == loop


def test_a_gif_of_a_video_repeats_for_ever(tmp_path: Path) -> None:
    with Pillow.open(convert(media.write_video(tmp_path / "a.mp4", frames=4), tmp_path / "b.gif")) as gif:
        assert gif.info["loop"] == 0


def test_a_gif_of_a_video_with_sound_is_silent(tmp_path: Path) -> None:
    target = convert(media.write_video(tmp_path / "a.mp4", frames=4, sound="aac"), tmp_path / "b.gif")
    assert len(read(target)) == 4


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "subrip"), (".mp4", "mov_text")])
def test_subtitles_and_languages_are_kept(tmp_path: Path, suffix: str, codec: str) -> None:
    original = media.write_video(tmp_path / f"a{suffix}", sound="aac", subtitle=codec)
    target = convert(original, tmp_path / f"b{suffix}")
    assert media.packets(target, "subtitle")[:2] == media.packets(original, "subtitle")[:2]
    assert b"a line of text" in target.read_bytes()
    with av.open(str(target)) as file:
        assert file.streams.audio[0].language == "fra"


def test_no_audio_leaves_sound_and_subtitles_out(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "a.mkv", sound="aac", subtitle="subrip")
    with av.open(str(convert(original, tmp_path / "b.mkv", audio=False))) as file:
        assert [stream.type for stream in file.streams] == ["video"]


def test_sound_that_the_container_cannot_carry_is_told_before_the_work(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "a.mp4", frames=3, sound="aac")
    with pytest.raises(UsageError, match=r"\.webm.*aac.*--no-audio"):
        convert(original, tmp_path / "b.webm")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    convert(original, tmp_path / "b.webm", audio=False)


@pytest.mark.parametrize(
    ("suffix", "codec", "sound", "rate", "bits"),
    [(".3gp", "h263", "libopencore_amrnb", 8000, "12200"), (".wmv", "wmv2", "wmav2", 44100, "64000")],
)
def test_old_phones_and_windows_recordings_keep_their_sound(
    tmp_path: Path, suffix: str, codec: str, sound: str, rate: int, bits: str
) -> None:
    original = media.write_video(
        tmp_path / f"a{suffix}",
        frames=30,
        image=media.bars(176, 144),
        codec=codec,
        sound=sound,
        sound_rate=rate,
        sound_options={"b": bits},
    )
    target = convert(original, tmp_path / f"b{suffix}")
    assert len(media.packets(original, "audio")) > 5
    assert media.packets(target, "audio") == media.packets(original, "audio")
    assert media.times(target) == media.times(original)


@pytest.mark.parametrize(("suffix", "sound", "other"), [(".wmv", "adpcm_ms", ".avi"), (".mov", "pcm_s16be", ".mkv")])
def test_a_suffix_that_has_a_place_for_the_sound_is_named(tmp_path: Path, suffix: str, sound: str, other: str) -> None:
    original = media.write_video(tmp_path / f"a{suffix}", frames=3, codec="mpeg4", sound=sound)
    with pytest.raises(NoPlaceError, match=rf"choose another suffix, such as \{other}, or") as raised:
        convert(original, tmp_path / "b.webm")
    assert raised.value.suffix == other
    convert(original, tmp_path / f"b{other}")


def test_sound_of_which_only_the_number_of_channels_is_told_fits_an_mp4(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "in.mxf", codec="mpeg2video", sound="pcm_s16le")
    with av.open(str(original)) as container:
        assert container.streams.audio[0].layout.name == "2 channels"
    assert samples(convert(original, tmp_path / "out.mp4")) == samples(original)


def samples(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return b"".join(bytes(packet) for packet in container.demux(audio=0))


def test_nothing_of_the_original_s_metadata_gets_out(tmp_path: Path) -> None:
    secrets = {
        "title": "Birthday at home",
        "comment": "secret comment",
        "location": "+59.9139+010.7522/",
        "creation_time": "2021-03-04T05:06:07.000000Z",
        "artist": "Ada Example",
        "make": "ACMECAM",
    }
    original = media.write_video(
        tmp_path / "a.mov", sound="aac", metadata=secrets, container_options={"movflags": "use_metadata_tags"}
    )
    assert b"Birthday at home" in original.read_bytes()
    assert b"ACMECAM" in original.read_bytes()
    for suffix in (".mp4", ".mov", ".mkv"):
        target = convert(original, tmp_path / f"b{suffix}")
        data = target.read_bytes()
        for value in ("Birthday", "secret", "59.9139", "2021-03", "Ada Example", "ACMECAM"):
            assert value.encode() not in data, (suffix, value)
        with av.open(str(target)) as file:
            everything = str([file.metadata, *(stream.metadata for stream in file.streams)])
            assert "creation_time" not in everything.lower()


def vorbis_head(head: bytes, comments: list[bytes]) -> bytes:
    """The head of a Vorbis stream that has no comments, with some."""
    first, second = head[3:33], b"".join([len(text).to_bytes(4, "little") + text for text in comments])
    setup = head[head.index(b"\x05vorbis") :]
    second = b"\x03vorbis" + bytes(4) + len(comments).to_bytes(4, "little") + second + b"\x01"
    return bytes([2, len(first), *[255] * (len(second) // 255), len(second) % 255]) + first + second + setup


def copy_packets(
    inputs: dict[av.stream.Stream, av.container.InputContainer], output: av.container.OutputContainer
) -> None:
    """All packets of each file, as those of its stream of the output."""
    for stream, file in inputs.items():
        for packet in file.demux():
            if packet.size:
                packet.stream = stream
                output.mux(packet)


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mp4"])
def test_comments_in_the_head_of_the_sound_stay_behind(tmp_path: Path, suffix: str) -> None:
    with av.open(str(tmp_path / "plain.mka"), "w") as output:
        media._write_tone(output, output.add_stream("vorbis", 48000, {"strict": "experimental"}), 0.5)
    pictures, original = media.write_video(tmp_path / "plain.mkv", frames=12), tmp_path / "a.mkv"
    with (
        av.open(str(pictures)) as video,
        av.open(str(tmp_path / "plain.mka")) as sound,
        av.open(original, "w") as output,
    ):
        inputs = {output.add_stream_from_template(file.streams[0]): file for file in (video, sound)}
        tone = output.streams.audio[0].codec_context
        tone.extradata = vorbis_head(bytes(tone.extradata or b""), [b"ARTIST=SECRET NAME", b"COVER=" + b"SECRET" * 80])
        copy_packets(inputs, output)
    assert original.read_bytes().count(b"SECRET") == 81
    target = convert(original, tmp_path / f"b{suffix}")
    assert b"SECRET" not in target.read_bytes()
    assert [data for _, data in media.packets(target, "audio")] == [
        data for _, data in media.packets(original, "audio")
    ]
    with av.open(str(target)) as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) > 20000


def test_titles_names_and_paths_in_the_head_of_subtitles_stay_behind(tmp_path: Path) -> None:
    layout = "[Script Info]\n{}ScriptType: v4.00+\nPlayResX: 64\n{}[V4+ Styles]\nStyle: Default,Arial,20\n[Events]\n"
    head = layout.format("; by SECRET\nTitle: SECRET\n", "[Aegisub Project Garbage]\nAudio File: /home/SECRET/a.wav\n")
    (tmp_path / "a.ass").write_text(f"{head}Dialogue: 0,0:00:00.10,0:00:00.90,Default,,0,0,0,,a line of text\n")
    pictures, original = media.write_video(tmp_path / "plain.mkv", frames=30), tmp_path / "a.mkv"
    with av.open(str(pictures)) as video, av.open(str(tmp_path / "a.ass")) as text, av.open(original, "w") as output:
        inputs = {output.add_stream_from_template(file.streams[0]): file for file in (video, text)}
        copy_packets(inputs, output)
    assert original.read_bytes().count(b"SECRET") == 3
    target = convert(original, tmp_path / "b.mkv")
    with av.open(str(target)) as file:
        kept = bytes(file.streams.subtitles[0].codec_context.extradata or b"").decode()
    assert "".join(kept.split()) == "".join(layout.format("", "").split())
    assert media.packets(target, "subtitle") == media.packets(original, "subtitle")


def test_titles_and_notes_in_the_head_of_web_subtitles_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:00.100 --> 00:00.900\na line of text\n")
    pictures, original = media.write_video(tmp_path / "plain.mkv", frames=30), tmp_path / "a.mkv"
    with av.open(str(pictures)) as video, av.open(str(tmp_path / "a.vtt")) as text, av.open(original, "w") as output:
        inputs = {output.add_stream_from_template(file.streams[0]): file for file in (video, text)}
        head = b"WEBVTT - SECRET\n\nNOTE C:\\Users\\SECRET\n\nSTYLE\n::cue(v[voice=SECRET]) {}\n"
        output.streams.subtitles[0].codec_context.extradata = head
        copy_packets(inputs, output)
    assert original.read_bytes().count(b"SECRET") == 3
    target = convert(original, tmp_path / "b.mkv")
    assert b"SECRET" not in target.read_bytes()
    assert media.packets(target, "subtitle") == media.packets(original, "subtitle")


def test_chapters_attachments_and_second_pictures_stay_behind(tmp_path: Path) -> None:
    original = tmp_path / "a.mkv"
    with av.open(str(original), "w") as output:
        streams = [output.add_stream("libx264", 25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        output.add_attachment("face.bin", "application/octet-stream", b"SECRETFACE" * 20)
        output.set_chapters(
            [{"id": 1, "start": 0, "end": 100, "time_base": Fraction(1, 1000), "metadata": {"title": "SECRETCHAPTER"}}]
        )
        for index in range(5):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="bgr24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
    assert b"SECRETFACE" in original.read_bytes()
    assert b"SECRETCHAPTER" in original.read_bytes()
    target = tmp_path / "b.mkv"
    with VideoFileSource(original) as source, VideoFileSink(target) as sink:
        sink.open(source.info)
        with suppress(SourceError):  # the source tells of the second pictures
            for frame in source:
                sink.write(media.masked(frame.image, frame.index, frame.time_s))
    assert b"SECRET" not in target.read_bytes()
    with av.open(str(target)) as file:
        assert len(file.streams) == 1
        assert not file.chapters()


@pytest.mark.parametrize("turn", [None, (90, False, False)])
def test_pixels_that_are_not_square_stay_so(tmp_path: Path, turn: tuple[int, bool, bool] | None) -> None:
    original = media.write_video(tmp_path / "a.mp4", frames=3, aspect=Fraction(4, 3), turn=turn)
    target = convert(original, tmp_path / "b.mp4")
    with av.open(str(target)) as file:
        assert file.streams.video[0].sample_aspect_ratio == (Fraction(3, 4) if turn else Fraction(4, 3))


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    target = tmp_path / "b.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="--force"), VideoFileSink(target) as sink:
        sink.open(media.info())
    assert target.read_bytes() == b"precious"
    write(target, [media.bars()] * 2, force=True)
    assert len(read(target)) == 2


@pytest.mark.parametrize("link", ["same", "symlink", "hardlink"])
def test_the_output_is_never_the_input(tmp_path: Path, link: str) -> None:
    original = media.write_video(tmp_path / "a.mp4", frames=2)
    target = tmp_path / "b.mp4"
    if link == "symlink":
        target.symlink_to(original)
    elif link == "hardlink":
        target.hardlink_to(original)
    else:
        target = original
    before = original.read_bytes()
    with pytest.raises(UsageError, match="input"):
        convert(original, target, force=True)
    assert original.read_bytes() == before


def test_an_error_on_the_way_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "b.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(TypeError), VideoFileSink(target, force=True) as sink:
        media.feed(sink, [media.masked(media.bars()), None])
    assert target.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [target]


def test_no_frame_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="no frame"), VideoFileSink(tmp_path / "a.mp4") as sink:
        sink.open(media.info())
    assert not list(tmp_path.iterdir())


def test_an_unknown_suffix_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.mp4.*\.gif"):
        VideoFileSink(tmp_path / "a.xyz")


def test_folders_are_made_and_a_colon_is_no_protocol(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "10:30.mp4"
    write(target, [media.bars()])
    assert len(read(target)) == 1


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    (tmp_path / "file").touch()
    for target in (tmp_path / "a.mp4", tmp_path / "file" / "a.mp4"):
        with pytest.raises(SinkError, match="folder"), VideoFileSink(target) as sink:
            sink.open(media.info())


@pytest.mark.skipif(sys.platform == "win32", reason="limits of this kind are POSIX")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif", ".avi"])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    script = f"""
import resource, signal, numpy as np
from emojimask.errors import SinkError
from emojimask.sinks.video.sink import VideoFileSink
from emojimask.types import MaskedFrame, StreamInfo
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
random = np.random.default_rng(0)
try:
    with VideoFileSink({str(tmp_path / "a")!r} + {suffix!r}) as sink:
        sink.open(StreamInfo("x", 320, 240, 25.0))
        for index in range(40):
            sink.write(MaskedFrame(random.integers(0, 255, (240, 320, 3), np.uint8), index, index / 25))
except SinkError as error:
    print("SinkError:", error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("SinkError:"), done.stderr
    assert done.stdout.count("\n") == 1
    assert "space" in done.stdout
    assert not list(tmp_path.iterdir())


def test_shared_clips_keep_their_sound_and_times(shared: Path, tmp_path: Path) -> None:
    for name, suffix in (("grid_ccby/bbaf2n.mpg", ".mp4"), ("pyfeat/single_face.mp4", ".mp4")):
        original = shared / "media" / name
        target = convert(original, tmp_path / f"b{suffix}", force=True)
        assert media.times(target) == media.times(original)
        assert [data for _, data in media.packets(target, "audio")] == [
            data for _, data in media.packets(original, "audio")
        ]


def half_pictures(path: Path) -> tuple[int, set[bool]]:
    """Which half is shown first, by FFmpeg's number, and whether frames say that they are halves."""
    with av.open(str(path)) as file:
        order = file.streams.video[0].codec_context.field_order
        return order, {frame.interlaced_frame for frame in file.decode(video=0)}


@pytest.mark.parametrize(("name", "number"), [("tff", 2), ("bff", 3)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".mpg"])
def test_interlaced_video_stays_so(tmp_path: Path, suffix: str, name: str, number: int) -> None:
    even, odd = np.zeros((2, 128, 96, 3), np.uint8)
    even[:, 20:40], odd[:, 60:80] = 255, 255  # what was there a fiftieth of a second later
    woven = np.where(np.arange(128)[:, None, None] % 2, odd, even)
    halves = {"x264-params": f"{name}=1"}
    original = media.write_video(tmp_path / "a.mp4", frames=8, image=woven, options=halves, sound="mp2")
    assert half_pictures(original) == (number, {True})
    target = convert(original, tmp_path / f"b{suffix}")
    assert half_pictures(target) == (number, {True})
    for image in read(target):
        assert np.abs(image[30:90:2].astype(int) - even[30:90:2])[:, 8:].mean() < 8
        assert np.abs(image[31:91:2].astype(int) - odd[31:91:2])[:, 8:].mean() < 8


def test_a_tape_in_dv_stays_interlaced_though_its_container_does_not_say_it(tmp_path: Path) -> None:
    tape = media.write_video(tmp_path / "a.avi", frames=4, image=media.bars(720, 576), codec="dvvideo")
    assert half_pictures(tape)[0] == 0
    assert half_pictures(convert(tape, tmp_path / "b.mp4")) == (3, {True})
    assert half_pictures(convert(tape, tmp_path / "b.avi"))[1] == {True}


def test_plain_video_is_not_made_interlaced(tmp_path: Path) -> None:
    original = media.write_video(tmp_path / "a.mp4", frames=4)
    for suffix in (".mp4", ".mpg", ".avi"):
        assert half_pictures(convert(original, tmp_path / f"b{suffix}"))[1] == {False}
