from __future__ import annotations

from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image as Pillow

import media
from emojimask.errors import SourceError
from emojimask.sources.image_files import ImageFileSource
from media import ADOBE_RGB, profile
from tiles import SIZE, box, write_colours, write_tiles


def read(path: Path) -> np.ndarray:
    with ImageFileSource(path) as source:
        frames = list(source)
    assert len(frames) == 1
    image = frames[0].image
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert (source.info.width, source.info.height) == (image.shape[1], image.shape[0])
    assert (source.info.fps, source.info.frame_count) == (0.0, 1)
    return image


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".jpg", ".webp", ".avif", ".jp2", ".j2k", ".ppm"])
def test_every_format_gives_its_colours(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    options = {"quality": 95} if suffix in (".jpg", ".webp", ".avif") else {}
    Pillow.fromarray(media.quarters()[:, :, ::-1]).save(path, **options)
    assert np.abs(read(path).astype(int) - media.quarters()).mean() < 3


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 100, (100, 100, 100)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 257 * 100, (100, 100, 100)),
        ("RGBA", (255, 0, 0, 255), (0, 0, 255)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("P", 0, None),
    ],
)
def test_every_kind_of_pixel_becomes_bgr(
    tmp_path: Path, mode: str, colour: object, expected: tuple[int, int, int] | None
) -> None:
    picture = Pillow.new(mode, (9, 5), colour)  # type: ignore[arg-type]
    if mode == "P":
        picture.putpalette([10, 20, 30])
        expected = (30, 20, 10)
    picture.save(tmp_path / "a.png")
    image = read(tmp_path / "a.png")
    assert image.shape == (5, 9, 3)
    assert (image == expected).all()


@pytest.mark.parametrize("first", [b"", b"mif1"])
@pytest.mark.parametrize("brand", [b"avif", b"heic"])
def test_a_telephone_s_tiles_are_put_together(tmp_path: Path, brand: bytes, first: bytes) -> None:
    image = read(write_colours(tmp_path / "a", ["red", "lime", "blue"], brand, first=first))
    assert image.shape == (SIZE, 3 * SIZE, 3)
    middles = image[SIZE // 2, SIZE // 2 :: SIZE]
    assert np.abs(middles.astype(int) - [(0, 0, 255), (0, 255, 0), (255, 0, 0)]).max() < 10


@pytest.mark.parametrize(("turns", "row"), [(0, "rgb"), (2, "bgr")])
def test_an_heic_is_turned_as_it_says(tmp_path: Path, turns: int, row: str) -> None:
    turned = box(b"irot", bytes([turns]))
    image = read(write_colours(tmp_path / "a.heic", ["red", "lime", "blue"], b"heic", extra=turned))
    assert "".join("bgr"[pixel.argmax()] for pixel in image[SIZE // 2, SIZE // 2 :: SIZE]) == row


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(("transfer", "code"), [(16, 148), (18, 191)])
def test_an_heic_in_hdr_has_paper_in_white(tmp_path: Path, transfer: int, code: int, mode: str) -> None:
    """203 nits are 0.58 in PQ and 0.75 in HLG (ITU-R BT.2408); 8 bits of either say them to a tenth or so."""
    nclx = box(b"colr", b"nclx", transfer.to_bytes(1).join([b"\0\x09\0", b"\0\x09\x80"]))
    paper = Pillow.new("RGB", (64, 64), (code, code, code)).convert(mode)
    image = read(write_tiles(tmp_path / "a.heic", [paper], b"heic", extra=nclx))
    assert 215 < image[32, 32].mean() < 250


def test_a_sequence_of_pictures_is_no_picture(tmp_path: Path) -> None:
    path = write_colours(tmp_path / "a.heic", ["red"], b"heic", first=b"msf1")
    with pytest.raises(SourceError, match="holds a sequence of pictures"):
        ImageFileSource(path)


def test_an_heic_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_tiles(tmp_path / "a.heic", [Pillow.effect_noise((256, 256), 99).convert("RGB")], b"heic")
    for share in (0.2, 0.9):
        (tmp_path / "cut.heic").write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        with pytest.raises(SourceError, match="damaged") as caught:
            ImageFileSource(tmp_path / "cut.heic")
        assert "\n" not in str(caught.value)


def test_floating_point_from_0_to_1_is_read_and_else_refused(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 256, dtype=np.float32)[None]
    Pillow.fromarray(values).save(tmp_path / "a.tif")
    assert (read(tmp_path / "a.tif") == np.arange(256)[None, :, None]).all()
    for other in (values * 255, values - 0.5, np.where(values > 0.5, np.nan, values)):
        Pillow.fromarray(other).save(tmp_path / "b.tif")
        with pytest.raises(SourceError, match="not from 0 to 1; save the picture as JPEG first"):
            ImageFileSource(tmp_path / "b.tif")


def test_the_preview_of_a_raw_file_is_not_taken_for_the_picture(tmp_path: Path) -> None:
    Pillow.new("RGB", (16, 12), "red").save(tmp_path / "a.dng", "TIFF", tiffinfo={254: 1})
    with pytest.raises(SourceError, match="preview"):
        ImageFileSource(tmp_path / "a.dng")


@pytest.mark.parametrize(("suffix", "mode"), [(".png", "RGB"), (".png", "RGBA"), (".png", "P"), (".avif", "RGB")])
def test_a_colour_profile_is_heeded(tmp_path: Path, suffix: str, mode: str) -> None:
    picture = Pillow.new("RGB", (8, 8), (200, 140, 120))
    picture = picture.quantize() if mode == "P" else picture.convert(mode)
    picture.save(tmp_path / f"a{suffix}", icc_profile=ADOBE_RGB, quality=100)
    assert np.abs(read(tmp_path / f"a{suffix}")[4, 4].astype(int) - [119, 140, 218]).max() <= 3


def test_what_is_clear_stays_clear_where_there_is_a_profile(tmp_path: Path) -> None:
    Pillow.new("RGBA", (8, 8), (200, 140, 120, 0)).save(tmp_path / "a.png", icc_profile=ADOBE_RGB)
    assert (read(tmp_path / "a.png") == 255).all()


@pytest.mark.parametrize("icc", [profile(), b"no profile", ADOBE_RGB[:300], ADOBE_RGB.replace(b"RGB XYZ", b"GRAYXYZ")])
def test_srgb_and_profiles_that_cannot_be_used_leave_the_pixels_alone(tmp_path: Path, icc: bytes) -> None:
    Pillow.fromarray(media.quarters()[:, :, ::-1]).save(tmp_path / "a.png", icc_profile=icc)
    assert (read(tmp_path / "a.png") == media.quarters()).all()


def test_the_first_of_a_telephone_s_several_pictures(tmp_path: Path) -> None:
    second = Pillow.new("RGB", (8, 8), "blue")
    Pillow.new("RGB", (8, 8), "red").save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert read(tmp_path / "a.jpg")[4, 4, 2] > 240


def test_cmyk(tmp_path: Path) -> None:
    Pillow.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    blue, green, red = read(tmp_path / "a.jpg")[4, 4]
    assert red > 240
    assert blue < 15
    assert green < 15


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_upright(tmp_path: Path, orientation: int) -> None:
    upright = media.quarters()
    inverse = {  # how a camera that is held so stores the upright picture
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: np.rot90,
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, 3),
    }[orientation]
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(np.ascontiguousarray(inverse(upright)[:, :, ::-1])).save(tmp_path / "a.png", exif=exif)
    assert (read(tmp_path / "a.png") == upright).all()


def test_exif_that_is_not_as_it_should_be_spoils_no_picture(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (59.0, 54.0, 3.0)
    latitude, as_text = b"\0\2\0\5\0\0\0\3", b"\0\2\0\2\0\0\0\3"
    assert latitude in exif.tobytes()
    picture = Pillow.fromarray(np.ascontiguousarray(np.rot90(media.quarters())[:, :, ::-1]))
    picture.save(tmp_path / "a.png", exif=exif.tobytes().replace(latitude, as_text))
    assert (read(tmp_path / "a.png") == media.quarters()).all()


def test_one_pixel_and_a_long_strip(tmp_path: Path) -> None:
    for size in ((1, 1), (5001, 1)):
        Pillow.new("RGB", size).save(tmp_path / "a.png")
        assert read(tmp_path / "a.png").shape == (size[1], size[0], 3)


def test_an_8k_picture_passes_and_a_bomb_does_not(tmp_path: Path) -> None:
    Pillow.new("1", (7680, 4320)).save(tmp_path / "8k.png")
    assert read(tmp_path / "8k.png").shape == (4320, 7680, 3)
    Pillow.new("1", (15000, 14000)).save(tmp_path / "bomb.png")
    with pytest.raises(SourceError, match="178 million pixels"):
        ImageFileSource(tmp_path / "bomb.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff", ".bmp", ".avif", ".jp2", ".j2k", ".ppm"])
def test_a_cut_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Pillow.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError) as caught:
        ImageFileSource(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_has_lost_part_of_its_pixels_is_refused(tmp_path: Path, progressive: bool) -> None:
    """Pillow reads it, and what is lost is gray."""
    path = tmp_path / "a.jpg"
    Pillow.effect_noise((256, 256), 99).save(path, progressive=progressive)
    whole = path.read_bytes()
    half = len(whole) // 2
    for lost in (whole[:half] + whole[-2:], whole[:half] + whole[half + 999 :]):
        path.write_bytes(lost)
        Pillow.open(path).load()
        with pytest.raises(SourceError, match="damaged, and part of it is lost"):
            ImageFileSource(path)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (17, 250)])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_with_anything_behind_it_is_whole(tmp_path: Path, size: tuple[int, int], mode: str) -> None:
    path = tmp_path / "a.jpg"
    Pillow.effect_noise(size, 99).convert(mode).save(path, restart_marker_rows=1)
    path.write_bytes(path.read_bytes() + b"a telephone's film\xff\xd8\xff")
    assert read(path).shape[:2] == size[::-1]


def test_an_avif_with_broken_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.avif"
    Pillow.fromarray(media.bars()).save(path)
    head, pixels = path.read_bytes().split(b"mdat")
    path.write_bytes(head + b"mdat" + bytes(len(pixels)))
    with pytest.raises(SourceError, match="damaged"):
        ImageFileSource(path)


def test_a_png_that_ends_with_a_broken_profile_is_refused(tmp_path: Path) -> None:
    """Pillow comes upon it only after the pixels, which are sound."""
    path, kind = tmp_path / "a.png", b"iCCP"
    Pillow.fromarray(media.bars()).save(path)
    png = path.read_bytes()
    path.write_bytes(png[:-12] + bytes(4) + kind + crc32(kind).to_bytes(4) + png[-12:])
    with pytest.raises(SourceError, match="damaged"):
        ImageFileSource(path)


@pytest.mark.parametrize("content", [b"", b"some text", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(SourceError, match="head is damaged" if content else "the file is empty"):
        ImageFileSource(tmp_path / "a.png")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        ImageFileSource(tmp_path / "none.png")
    with pytest.raises(SourceError, match="folder"):
        ImageFileSource(tmp_path)


def test_shared_pictures(shared: Path) -> None:
    pictures = sorted((shared / "media" / "pexels_stills").glob("*.jp*g"))
    assert pictures
    for path in pictures:
        assert min(read(path).shape[:2]) > 50
