"""The masked picture as a camera that other programs can choose."""

from __future__ import annotations

import sys
from typing import Any, Self

from emojimask.errors import MissingExtraError, OutputGoneError, SinkError, in_brief
from emojimask.media.letterbox import letterbox
from emojimask.sinks.guard import require_masked
from emojimask.types import MaskedFrame, StreamInfo

_UNKNOWN_FPS = 30.0
_REMEDIES = {
    "linux": "install v4l2loopback and load it: sudo modprobe v4l2loopback exclusive_caps=1",
    "win32": "install OBS Studio, which brings a virtual camera",
    "darwin": "install OBS Studio, and start and stop its virtual camera once",
}


class VirtualCameraSink:
    """Sends frames to a virtual camera, in the size of the stream; frames of another size are letterboxed.

    Args:
        device: which one, for example "/dev/video10"; None takes the first that is free.

    Raises:
        MissingExtraError: pyvirtualcam is not installed.
        SinkError: there is no virtual camera that can be used.
        OutputGoneError: from ``write``, where it takes no more pictures.
    """

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._camera: Any = None

    def open(self, info: StreamInfo) -> None:
        width, height = (size + size % 2 for size in (info.width, info.height))  # drivers have colours at half the size
        self._camera = _open(width, height, info.fps or _UNKNOWN_FPS, self._device)

    def write(self, frame: MaskedFrame) -> None:
        image = require_masked(frame).image
        try:
            self._camera.send(letterbox(image, self._camera.width, self._camera.height))
        except (RuntimeError, OSError) as error:
            what = f"{_named(self._device)}: takes no more pictures ({in_brief(error)})"
            raise OutputGoneError(f"{what}; look to its driver, and begin again") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._camera is not None:
            self._camera.close()


def find_driver() -> str:
    """The name of the virtual camera that would be used. Raises as :class:`VirtualCameraSink`."""
    with _open(640, 480, _UNKNOWN_FPS, None) as camera:
        return str(camera.device)


def _open(width: int, height: int, fps: float, device: str | None) -> Any:
    try:
        import pyvirtualcam
    except ImportError:
        raise MissingExtraError(
            'the virtual camera is not installed; install it: pip install "emojimask[virtual-camera]"'
        ) from None
    try:
        return pyvirtualcam.Camera(width, height, fps, fmt=pyvirtualcam.PixelFormat.BGR, device=device)
    except RuntimeError as error:
        remedy = _REMEDIES.get(sys.platform, "install a virtual camera driver")
        raise SinkError(
            f"{_named(device)}: cannot be opened ({in_brief(error)}); close other programs that use it; where there is "
            f"none, {remedy}"
        ) from error


def _named(device: str | None) -> str:
    return f"virtual camera {device}" if device else "virtual camera"
