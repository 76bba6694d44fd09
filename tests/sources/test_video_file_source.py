from __future__ import annotations

import gc
import io
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image as Pillow

import media
from emojimask.errors import NoVideoError, SourceError
from emojimask.sources.video_file import VideoFileSource
from tiles import write_colours


def read(path: Path) -> list[float]:
    with VideoFileSource(path) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    return [frame.time_s for frame in frames]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mov", "libx264"),
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx-vp9"),
        ("a.avi", "mpeg4"),
        ("a.mpg", "mpeg1video"),
        ("a.ts", "libx264"),
        ("a.flv", "libx264"),
    ],
)
def test_every_frame_of_every_container_is_read(tmp_path: Path, name: str, codec: str) -> None:
    options = {"deadline": "realtime", "cpu-used": "8"} if "vp9" in codec else {}
    path = media.write_video(tmp_path / name, codec=codec, frames=30, options=options)
    seen = read(path)
    assert len(seen) == 30
    assert np.allclose(np.diff(seen), 0.04, atol=0.0011)


def test_info_says_what_the_frames_are(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=12)
    with VideoFileSource(path) as source:
        info = source.info
    assert (info.width, info.height, info.fps, info.frame_count, info.path) == (140, 64, 25.0, 12, path)
    assert info.time_base is not None
    assert not info.live


def test_a_varying_rate_keeps_its_time_stamps_exactly(tmp_path: Path) -> None:
    ticks = [0, 300, 350, 1700, 1701, 9000]
    path = media.write_video(tmp_path / "vfr.mp4", ticks=ticks, time_base=Fraction(1, 30000))
    with VideoFileSource(path) as source:
        seen = [frame.time_s for frame in source]
    assert seen == [float(Fraction(tick, 30000)) for tick in ticks]


def test_a_late_start_is_kept(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "late.mpg", codec="mpeg1video", sound="mp2")
    assert read(path)[0] == pytest.approx(0.54)


@pytest.mark.parametrize(
    ("turn", "corners"),
    [
        ((0, False, False), "RGBK"),
        ((90, False, False), "GKRB"),
        ((180, False, False), "KBGR"),
        ((-90, False, False), "BRKG"),
        ((0, True, False), "GRKB"),
        ((0, False, True), "BKRG"),
    ],
)
def test_turned_and_mirrored_video_is_upright(tmp_path: Path, turn: tuple[int, bool, bool], corners: str) -> None:
    path = media.write_video(tmp_path / "turned.mp4", image=media.quarters(), frames=3, turn=turn)
    with VideoFileSource(path) as source:
        frame = next(iter(source))
        assert (source.info.width, source.info.height) == ((64, 96) if turn[0] % 180 else (96, 64))
    assert "".join(media.corner_colours(frame.image)) == corners
    assert frame.image.shape[:2] == (source.info.height, source.info.width)


def test_motion_jpeg_with_exif_is_turned_too(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # shown a quarter turn with the clock
    data = io.BytesIO()
    Pillow.fromarray(media.quarters()[:, :, ::-1]).save(data, "JPEG", exif=exif)
    with av.open(str(tmp_path / "m.mov"), "w") as output:
        stream = output.add_mux_stream("mjpeg", rate=25, width=96, height=64)
        for index in range(3):
            packet = av.Packet(data.getvalue())
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 25), True
            packet.pts = packet.dts = index
            output.mux(packet)
    with VideoFileSource(tmp_path / "m.mov") as source:
        assert "".join(media.corner_colours(next(iter(source)).image)) == "BRKG"


@pytest.mark.parametrize("matrix", ["ITU601", "ITU709"])
@pytest.mark.parametrize("colour_range", ["MPEG", "JPEG"])
def test_colours_are_right_for_every_matrix_and_range(tmp_path: Path, matrix: str, colour_range: str) -> None:
    path = media.write_video(
        tmp_path / "c.mp4", frames=3, matrix=matrix, colour_range=colour_range, options={"crf": "5"}
    )
    with VideoFileSource(path) as source:
        frame = next(iter(source))
    image = media.bars()
    image[:4, :4] = 255
    difference = np.abs(frame.image.astype(int) - image)
    assert difference.mean() < 3
    assert np.median(difference.max(axis=(0, 2))) < 8  # no bar is off


@pytest.mark.parametrize(
    ("name", "codec", "layout", "hides"),
    [
        ("prores.mov", "prores_ks", "yuva444p10le", True),
        ("png.mov", "png", "rgba", True),
        ("gray.mov", "png", "ya8", True),
        ("raw.avi", "rawvideo", "bgra", False),  # in which the fourth byte means nothing
    ],
)
def test_what_is_transparent_does_not_come_to_light(
    tmp_path: Path, name: str, codec: str, layout: str, hides: bool
) -> None:
    image = np.full((64, 96, 4), 60, np.uint8)
    image[:, :, 3] = np.repeat([0, 255], 48)
    with av.open(str(tmp_path / name), "w") as output:
        stream = output.add_stream(codec, 25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, layout
        output.mux(stream.encode(VideoFrame.from_ndarray(image, format="bgra")))
        output.mux(stream.encode(None))
    with VideoFileSource(tmp_path / name) as source:
        shown = next(iter(source)).image[32].astype(int)
    assert abs(shown[70] - 60).max() <= 3
    assert abs(shown[20] - (255 if hides else 60)).max() <= 3


def test_an_animated_gif_is_a_video(tmp_path: Path) -> None:
    pictures = [Pillow.new("RGB", (31, 17), colour) for colour in ("red", "green", "blue")]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[100, 300, 200])
    with VideoFileSource(tmp_path / "a.gif") as source:
        frames = list(source)
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.1, 0.4])
    assert frames[2].image[8, 15].tolist() == [255, 0, 0]


def test_odd_sizes(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "odd.webm", image=media.bars(7, 5), frames=2, codec="libvpx-vp9")
    with VideoFileSource(path) as source:
        assert next(iter(source)).image.shape == (5, 7, 3)


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    broken = path.with_stem("cut")
    broken.write_bytes(data[: int(len(data) * share)])
    return broken


@pytest.mark.parametrize("fault", ["cut off", "a gap in the first picture", "a gap in the last"])
def test_a_gif_that_lacks_rows_is_told(tmp_path: Path, fault: str) -> None:
    """And nothing of it is masked: a face that shows between missing rows is not found. FFmpeg says nothing."""
    noise = np.random.default_rng(0).integers(0, 256, (3, 60, 80, 3), np.uint8)
    pictures = [Pillow.fromarray(picture) for picture in noise]
    whole, broken = tmp_path / "whole.gif", tmp_path / "broken.gif"
    pictures[0].save(whole, save_all=True, append_images=pictures[1:], duration=100)
    content = bytearray(whole.read_bytes())
    if fault == "cut off":
        del content[len(content) * 3 // 4 :]
    else:
        place = len(content) // 5 if "first" in fault else len(content) * 4 // 5
        content[place : place + 500] = bytes(500)
    broken.write_bytes(content)
    with VideoFileSource(whole) as source:
        assert len(list(source)) == 3
    with pytest.raises(SourceError, match=r"broken\.gif: a picture in it lacks rows or is damaged"):
        VideoFileSource(broken)


@pytest.mark.parametrize(
    ("name", "container_options"), [("a.mkv", {}), ("fast.mp4", {"movflags": "faststart"}), ("a.avi", {})]
)
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(
    tmp_path: Path, name: str, container_options: dict[str, str]
) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    whole = media.write_video(
        tmp_path / name, frames=100, codec=codec, image=media.bars(320, 240), container_options=container_options
    )
    frames = []
    with VideoFileSource(cut(whole, 0.6)) as source, pytest.raises(SourceError, match="could be read") as caught:
        frames.extend(source)
    assert 5 < len(frames) < 90
    assert f"{len(frames)} frames" in str(caught.value)


@pytest.mark.parametrize("sound", [None, "aac"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.avi"])
def test_wherever_a_file_is_cut_no_frame_is_lost_without_a_word(tmp_path: Path, name: str, sound: str | None) -> None:
    avi = name.endswith("avi")
    whole = media.write_video(
        tmp_path / name,
        frames=50,
        image=np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8),
        sound=sound and ("libmp3lame" if avi else sound),
        container_options={} if avi else {"movflags": "faststart"},
        options={"g": "25", "crf": "30"},
    )
    with VideoFileSource(whole) as source:
        assert len(list(source)) == 50
    for share in np.linspace(0.3, 0.99, 12):
        frames = []
        try:
            with VideoFileSource(cut(whole, share)) as source:
                frames.extend(source)
        except SourceError:
            continue
        assert len(frames) == 50, f"cut at {share:.0%}"


def test_a_matroska_that_begins_late_is_whole_until_it_is_cut(tmp_path: Path) -> None:
    whole = media.write_video(tmp_path / "a.mkv", ticks=range(10 * 25, 10 * 25 + 100), options={"g": "25"})
    assert len(read(whole)) == 100
    with VideoFileSource(cut(whole, 0.6)) as source, pytest.raises(SourceError, match="breaks off"):
        list(source)


def test_pictures_that_stay_in_an_avi_are_none_that_are_missing(tmp_path: Path) -> None:
    ticks = [i for i in range(60) if i % 7]
    path = media.write_video(tmp_path / "a.avi", codec="mpeg4", ticks=ticks, sound="libmp3lame")
    with VideoFileSource(path) as source:
        assert len(list(source)) == 51


def stays_at_the_end(path: Path) -> Path:
    """An AVI of 40 pictures, the last of which is shown for five times as long."""
    plain = media.write_video(path.with_name("plain.avi"), frames=40, codec="mpeg4", image=media.bars(320, 240))
    with av.open(str(plain)) as original, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(original.streams.video[0])
        packets = [packet for packet in original.demux(video=0) if packet.size]
        packets[-1].duration = 5 * (packets[-1].duration or 1)
        for packet in packets:
            packet.stream = stream
            output.mux(packet)
    with av.open(str(path)) as written:
        assert written.streams.video[0].frames == 44
    return path


def test_an_avi_whose_last_picture_stays_is_whole(tmp_path: Path) -> None:
    with VideoFileSource(stays_at_the_end(tmp_path / "a.avi")) as source:
        assert len(list(source)) == 40


@pytest.mark.parametrize("filled_up", [False, True])
def test_an_avi_that_was_not_copied_whole_is_told(tmp_path: Path, filled_up: bool) -> None:
    path = stays_at_the_end(tmp_path / "a.avi")
    data = path.read_bytes()
    for share in (0.4, 0.9):
        kept = data[: int(share * len(data))]
        path.write_bytes(kept + bytes(len(data) - len(kept)) * filled_up)
        with VideoFileSource(path) as source, pytest.raises(SourceError, match="could be read"):
            list(source)


@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_an_edit_list_that_ends_before_or_after_the_pictures_loses_none(tmp_path: Path, share: float) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=50, sound="aac", container_options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    seconds_at = data.find(b"elst") + 12
    data[seconds_at : seconds_at + 4] = int(int.from_bytes(data[seconds_at : seconds_at + 4]) * share).to_bytes(4)
    path.write_bytes(data)
    with VideoFileSource(path) as source:
        assert len(list(source)) == 50 * min(share, 1)


def test_an_empty_packet_in_an_mp4_is_none_that_is_missing(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=50, codec="mpeg4")
    data = bytearray(path.read_bytes())
    last_size_at = data.find(b"stsz") + 16 + 49 * 4
    data[last_size_at : last_size_at + 4] = bytes(4)
    path.write_bytes(data)
    with VideoFileSource(path) as source:
        assert len(list(source)) == 49


def test_an_edit_list_that_begins_amid_the_pictures_loses_none(tmp_path: Path) -> None:
    whole = media.write_video(tmp_path / "a.mp4", frames=50, options={"g": "25"})
    path = tmp_path / "late.mp4"
    with av.open(str(whole)) as file, av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as late:
        stream = late.add_stream_from_template(file.streams.video[0])
        for packet in file.demux(video=0):
            if packet.size:
                shift = int(1.2 / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                late.mux(packet)
    with VideoFileSource(path) as source:
        assert len(list(source)) == 20


def test_damaged_packets_are_passed_over_and_told(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mkv", frames=40, codec="libvpx-vp9", options={"deadline": "realtime"})
    with av.open(str(path)) as file:
        offsets = [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    start, size = offsets[20]
    data[start + 8 : start + size] = bytes(size - 8)
    path.write_bytes(data)
    frames = []
    with VideoFileSource(path) as source, pytest.raises(SourceError, match="damaged"):
        frames.extend(source)
    assert len(frames) >= 30


def test_pictures_that_are_lost_before_the_first_are_told_too(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=75, options={"g": "25"})
    with av.open(str(path)) as file:
        first = next(packet for packet in file.demux(video=0) if packet.size)
        start, size = first.pos, first.size
    data = bytearray(path.read_bytes())
    data[start : start + size] = bytes(size)
    path.write_bytes(data)
    frames = []
    with VideoFileSource(path) as source, pytest.raises(SourceError, match="1 packets of the video are damaged"):
        frames.extend(source)
    assert len(frames) == 50


def test_damage_before_the_decoder_has_given_its_first_picture_is_told(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=24, options={"bf": "3"})
    with av.open(str(path)) as file:
        second = [packet for packet in file.demux(video=0) if packet.size][1]
        start, size = second.pos, second.size
    data = bytearray(path.read_bytes())
    data[start : start + size] = b"\x55" * size
    path.write_bytes(data)
    with VideoFileSource(path) as source, pytest.raises(SourceError, match="1 packets of the video are damaged"):
        list(source)


def test_what_is_before_the_first_key_frame_of_a_recording_is_no_damage(tmp_path: Path) -> None:
    whole = media.write_video(tmp_path / "a.ts", frames=75, codec="mpeg2video", options={"g": "25"})
    path = tmp_path / "from the middle.ts"
    path.write_bytes(whole.read_bytes()[188 * 40 :])
    assert len(read(path)) == 50


def test_recordings_one_behind_the_other_end_where_the_clock_begins_anew(tmp_path: Path) -> None:
    part = media.write_video(tmp_path / "a.mpg", codec="mpeg1video", frames=50)
    path = tmp_path / "two of them.mpg"
    path.write_bytes(part.read_bytes() * 2)
    frames = []
    with VideoFileSource(path) as source, pytest.raises(SourceError, match="clock jumps back"):
        frames.extend(source)
    assert len(frames) == 50


def test_a_second_video_is_told_after_the_first(tmp_path: Path) -> None:
    path = tmp_path / "front and rear.mp4"
    with av.open(str(path), "w") as output:
        for codec in ("libx264", "mpeg4"):
            stream = output.add_stream(codec, 25)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for stream in output.streams.video:
            for index in range(5):
                frame = av.VideoFrame(64, 64, "yuv420p")
                frame.pts = index
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    frames = []
    with VideoFileSource(path) as source, pytest.raises(SourceError, match="holds 2 videos, of which the first alone"):
        frames.extend(source)
    assert len(frames) == 5


def test_a_picture_in_tiles_is_no_video_of_one_of_them(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="in tiles; save it as JPEG first"):
        VideoFileSource(write_colours(tmp_path / "a.heic", ["red", "blue"], b"heic"))


@pytest.mark.parametrize("content", [b"", b"only some text\n" * 50, b"\0" * 5000])
def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        VideoFileSource(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_mp4_without_its_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="damaged"):
        VideoFileSource(cut(media.write_video(tmp_path / "a.mp4"), 0.6))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        VideoFileSource(tmp_path / "none.mp4")
    with pytest.raises(SourceError, match="folder"):
        VideoFileSource(tmp_path)


@pytest.mark.parametrize("cover", [False, True])
def test_sound_alone_is_no_video_and_neither_is_its_cover(tmp_path: Path, cover: bool) -> None:
    path = media.write_tone(tmp_path / "a.mp3", "libmp3lame", cover=cover)
    with av.open(str(path)) as file:
        assert len(file.streams.video) == cover
    with pytest.raises(NoVideoError):
        VideoFileSource(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=2)
    path.chmod(0)
    with pytest.raises(SourceError, match="permissions"):
        VideoFileSource(path)


def test_a_colon_in_the_name_is_no_protocol(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=3).rename(tmp_path / "10:30 talk.mp4")
    assert len(read(path)) == 3


def test_a_playlist_does_not_reach_the_network(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError):
        VideoFileSource(path)


def test_shared_clips_decode_whole(shared: Path) -> None:
    counts = {"grid_ccby/bbaf2n.mpg": 75, "pyfeat/single_face.mp4": 72, "pyfeat/no_face.mp4": 95}
    for name, count in counts.items():
        assert len(read(shared / "media" / name)) == count


def test_every_shared_clip_gives_as_many_frames_as_it_has_packets(shared: Path) -> None:
    clips = [p for p in (shared / "media").rglob("*") if p.suffix in (".mkv", ".mpg", ".mov", ".mp4")]
    assert clips
    for clip in clips[::4]:
        with av.open(str(clip)) as file:
            packets = sum(1 for packet in file.demux(video=0) if packet.size)
        assert len(read(clip)) == packets, clip


def test_nothing_of_a_file_that_was_read_stays_in_memory(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=12)
    gc.collect()
    gc.disable()
    try:
        with VideoFileSource(path) as source:
            for _ in source:
                pass
            del _
        kept = [thing for thing in gc.get_objects() if isinstance(thing, VideoFrame)]
        assert not [frame for frame in kept if frame.width]  # the decoder's own next one is empty
    finally:
        gc.enable()
