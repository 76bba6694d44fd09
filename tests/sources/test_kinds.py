from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

import media
from emojimask.build import open_file
from emojimask.errors import SourceError
from emojimask.sources.folder import find_inputs
from emojimask.sources.image_files import ImageFileSource
from emojimask.sources.kinds import PICTURE_SUFFIXES, UNREAD_PICTURES, UNREAD_VIDEOS, VIDEO_SUFFIXES, picture_suffix
from emojimask.sources.video_file import VideoFileSource


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        ("a.3g2", "mpeg4", None),
        ("a.dv", "dvvideo", None),
        ("a.dvr-ms", "mpeg2video", "asf"),
        ("a.f4v", "libx264", None),
        ("a.lrf", "libx264", "mp4"),
        ("a.lrv", "libx264", "mp4"),
        ("a.m2p", "mpeg2video", "mpeg"),
        ("a.m2t", "mpeg2video", "mpegts"),
        ("a.m2v", "mpeg2video", None),
        ("a.mk3d", "libx264", "matroska"),
        ("a.mod", "mpeg2video", "mpeg"),
        ("a.mp4v", "mpeg4", "mp4"),
        ("a.mpv", "mpeg2video", "mpeg"),
        ("a.mxf", "mpeg2video", None),
        ("a.tp", "mpeg2video", "mpegts"),
    ],
)
def test_videos_of_camcorders_and_old_telephones_are_found_and_read(
    tmp_path: Path, name: str, codec: str, kind: str | None
) -> None:
    with av.open(str(tmp_path / name), "w", format=kind) as output:
        stream = output.add_stream(codec, 25)
        size = (720, 576) if codec == "dvvideo" else (352, 288)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((size[1] * 3 // 2, size[0]), 100, np.uint8), format="yuv420p")
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    (found,) = find_inputs(tmp_path)
    with open_file(found) as source:
        assert len(list(source)) == 3


def test_a_picture_that_is_not_read_is_told_also_where_it_is_named_itself(tmp_path: Path) -> None:
    """FFmpeg reads it, as a video of one frame."""
    Pillow.new("RGB", (8, 8)).save(tmp_path / "a.TGA")
    with pytest.raises(SourceError, match=r"a\.TGA: pictures of this kind are not read; save it as JPEG first"):
        open_file(tmp_path / "a.TGA")
    Pillow.new("RGB", (8, 8)).save(tmp_path / "a.psd", "PNG")
    assert isinstance(open_file(tmp_path / "a.psd"), ImageFileSource)
    with pytest.raises(SourceError, match="no such file"):
        open_file(tmp_path / "none.psd")


@pytest.mark.parametrize(
    ("suffix", "format_", "written"),
    [
        (".apng", "PNG", ".png"),
        (".dib", "BMP", ".bmp"),
        (".jps", "JPEG", ".jpg"),
        (".mpo", "JPEG", ".jpg"),
        (".THM", "JPEG", ".jpg"),
    ],
)
def test_pictures_of_cameras_with_names_of_their_own_are_found_and_read(
    tmp_path: Path, suffix: str, format_: str, written: str
) -> None:
    Pillow.new("RGB", (8, 8)).save(tmp_path / f"a{suffix}", format_)
    (found,) = find_inputs(tmp_path)
    assert picture_suffix(found) == written
    with open_file(found) as source:
        assert len(list(source)) == 1


def test_suffixes_belong_to_one_kind() -> None:
    kinds = PICTURE_SUFFIXES, VIDEO_SUFFIXES, UNREAD_PICTURES, UNREAD_VIDEOS
    assert len(frozenset().union(*kinds)) == sum(map(len, kinds))


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_pictures_are_known_by_content(tmp_path: Path, format_: str) -> None:
    Pillow.new("RGB", (8, 8)).save(tmp_path / "renamed.mp4", format_)
    with open_file(tmp_path / "renamed.mp4") as source:
        assert isinstance(source, ImageFileSource)


def test_videos_and_gifs_are_videos(tmp_path: Path) -> None:
    media.write_video(tmp_path / "a.mp4", frames=2)
    Pillow.new("RGB", (8, 8)).save(tmp_path / "gif.png", "GIF")
    for name in ("a.mp4", "gif.png"):
        with open_file(tmp_path / name) as source:
            assert isinstance(source, VideoFileSource)


@pytest.mark.parametrize("suffix", [".mjpeg", ".MJPG"])
def test_a_stream_of_jpegs_is_no_picture_though_it_begins_as_one(tmp_path: Path, suffix: str) -> None:
    """Cameras in networks record so; the first picture alone would be masked, and the others lost without a word."""
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as file:
        for colour in ("red", "green", "blue"):
            Pillow.new("RGB", (64, 48), colour).save(file, "JPEG")
    assert list(find_inputs(tmp_path)) == [path]
    with open_file(path) as source:
        assert [int(frame.image[24, 32].argmax()) for frame in source] == [2, 1, 0]


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".264", "libx264"), (".h264", "libx264"), (".265", "libx265"), (".hevc", "libx265")]
)
def test_bare_streams_of_recorders_are_found_and_read_whole(tmp_path: Path, suffix: str, codec: str) -> None:
    path, kind = tmp_path / f"a{suffix}", "h264" if codec == "libx264" else "hevc"
    options = {"x265-params": "log-level=none"} if kind == "hevc" else {"bf": "2"}
    with av.open(str(path), "w", format=kind) as output:
        stream = output.add_stream(codec, 25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(12):
            picture = av.VideoFrame(64, 48, "yuv420p")
            picture.pts = number
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    assert list(find_inputs(tmp_path)) == [path]
    with open_file(path) as source:
        assert [frame.time_s for frame in source] == pytest.approx([number / 25 for number in range(12)])


@pytest.mark.parametrize("suffix", [".webp", ".png", ".tif", ".avif"])
def test_a_file_of_several_pictures_gives_the_first_and_tells_of_the_others(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    others = [Pillow.new("RGB", (8, 8), colour) for colour in ("blue", "green")]
    options = {"lossless": True} if suffix == ".webp" else {}
    Pillow.new("RGB", (8, 8), "red").save(path, save_all=True, append_images=others, **options)
    with open_file(path) as source:
        frames = iter(source)
        assert np.abs(next(frames).image[4, 4].astype(int) - [0, 0, 255]).max() < 5
        with pytest.raises(SourceError, match="holds 3 pictures, of which the first alone is read; to mask the others"):
            next(frames)


def test_a_preview_is_no_picture_that_is_left_out(tmp_path: Path) -> None:
    preview = Pillow.new("RGB", (4, 4), "blue")
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    Pillow.new("RGB", (8, 8), "red").save(tmp_path / "a.tif", save_all=True, append_images=[preview])
    with Pillow.open(tmp_path / "a.tif") as written:
        written.seek(1)
        assert written.tag_v2[254] == 1
    with open_file(tmp_path / "a.tif") as source:
        assert len(list(source)) == 1


def test_an_empty_picture_is_told_as_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(SourceError, match="picture"):
        open_file(tmp_path / "a.jpg")
