"""``emojimask doctor``: what is installed, what works, and what to do about the rest."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from emojimask.cli.main import DONE, FAILED, internal_fault
from emojimask.errors import EmojimaskError
from emojimask.settings import MaskSettings

PACKAGES = ("emojimask", "mediapipe", "numpy", "onnxruntime", "av", "pillow")
OPTIONAL = {
    "fastapi": "web",
    "pyvirtualcam": "virtual-camera",
    "resvg-py": "svg",
    "dlib-bin": "dlib",
    "mtcnn": "mtcnn",
    "torch": "train",
    "redis": "redis",
    "ray": "ray",
}
"""The package that stands for each extra."""


class Finding(NamedTuple):
    """One line of the report. ``needed``: emojimask cannot do its main job without it."""

    what: str
    ok: bool
    text: str
    needed: bool = False


def add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> int:
    findings = [finding for check in CHECKS for finding in _findings(check, args.debug)]
    if args.json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'MISS' if finding.needed else '-   '} {finding.what:22} {finding.text}")
    return FAILED if any(finding.needed and not finding.ok for finding in findings) else DONE


def _findings(check: Callable[[], Iterator[Finding]], debug: bool) -> Iterator[Finding]:
    """What is broken must not hide the rest. Errors begin with what they are about, which its line says already."""
    try:
        for finding in check():
            yield finding._replace(text=finding.text.removeprefix(f"{finding.what}: "))
    except Exception as error:
        if debug:
            raise
        yield Finding(check.__name__.replace("_", " "), False, internal_fault(error), needed=True)


def versions() -> Iterator[Finding]:
    yield Finding("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in PACKAGES:
        try:
            yield Finding(name, True, version(name), needed=True)
        except PackageNotFoundError:
            yield Finding(name, False, "not installed; install emojimask anew", needed=True)
    for name, extra in OPTIONAL.items():
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, f'not installed; pip install "emojimask[{extra}]"')


def opencv() -> Iterator[Finding]:
    import cv2

    yield Finding("opencv", True, cv2.__version__, needed=True)


def faces() -> Iterator[Finding]:
    from emojimask.public import mask_image
    from emojimask.sources.synthetic import portrait

    try:
        masked = mask_image(portrait())
    except EmojimaskError as error:
        yield Finding("masking", False, str(error), needed=True)
        return
    found = ", ".join(face.expression for face in masked.faces)
    text = f"the test picture's face is found and reads as {found}" if found else "no face found in the test picture"
    yield Finding("masking", bool(found) and not masked.shielded, text, needed=True)


def models() -> Iterator[Finding]:
    from emojimask.expressions.classifier import MODELS, OnnxClassifier
    from emojimask.expressions.providers import available

    default = MaskSettings().expressions
    for name in (default, *sorted({file.stem for file in MODELS.glob("*.onnx")} - {default})):
        what = f"model {name}"
        try:
            classifier = OnnxClassifier(name)
        except EmojimaskError as error:
            yield Finding(what, False, str(error), needed=True)
            continue
        if name == default:
            text = f"{classifier.provider} (--provider may be: {', '.join(available())})"
            yield Finding("execution provider", True, text)
        card = classifier.card
        private = card.metrics.get("PrivateTest", {})
        right = ", ".join(f"{protocol} {scores['accuracy']:.1%}" for protocol, scores in private.items())
        yield Finding(what, True, f"{card.parameters:,} parameters; right on PrivateTest: {right}", needed=True)


def emoji_sets() -> Iterator[Finding]:
    from emojimask.emojis.emoji_set import check_emoji_set, shipped_sets
    from emojimask.emojis.fonts.system_font import find_color_font

    for name in shipped_sets():
        faults = check_emoji_set(name)
        yield Finding(f"emoji set {name}", not faults, "; ".join(faults) or "sound", needed=True)
    try:
        yield Finding("system emoji", True, str(find_color_font()))
    except EmojimaskError as error:
        yield Finding("system emoji", False, str(error))


def codecs() -> Iterator[Finding]:
    import av

    for codec, use in (("libx264", "mp4, mov, mkv"), ("libvpx-vp9", "webm"), ("gif", "gif")):
        present = codec in av.codecs_available
        yield Finding(f"encoder {codec}", present, use if present else f"not in this build of PyAV: no {use} output")


def cameras() -> Iterator[Finding]:
    from emojimask.sources.camera import list_cameras

    found = list_cameras()
    for camera in found:
        yield Finding(f"camera {camera.index}", True, camera.name)
    if not found:
        missing = "none found; plug one in, or allow this program to use it in the system's settings"
        unnamed = "this system names none to programs; try one by its number: emojimask live --camera 0"
        yield Finding("camera", False, missing if sys.platform == "linux" else unnamed)


def virtual_camera() -> Iterator[Finding]:
    from emojimask.sinks.virtual_camera import find_driver

    try:
        yield Finding("virtual camera", True, find_driver())
    except EmojimaskError as error:
        yield Finding("virtual camera", False, str(error))


def window() -> Iterator[Finding]:
    from emojimask.sinks.window import check_display

    try:
        check_display()
        yield Finding("window", True, "can be opened")
    except EmojimaskError as error:
        yield Finding("window", False, str(error))


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    versions, opencv, models, emoji_sets, faces, codecs, cameras, virtual_camera, window,
)  # fmt: skip
