"""Your face stays private, your expression gets through.

    import cv2, emojimask
    masked = emojimask.mask_image(cv2.imread("me.jpg"))
    cv2.imwrite("me_masked.jpg", masked.image)

Importing the package loads nothing; what is used first loads what it needs.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emojimask.errors import (
        DataError,
        EmojimaskError,
        EmojiSetError,
        MissingExtraError,
        ModelError,
        NoVideoError,
        OutputExistsError,
        SinkError,
        SourceError,
        UsageError,
    )
    from emojimask.public import build_pipeline, mask_file, mask_image
    from emojimask.settings import MaskSettings
    from emojimask.types import (
        EXPRESSIONS,
        KEY_POINTS,
        Box,
        Face,
        Frame,
        MaskedFace,
        MaskedFrame,
        Measures,
        StreamInfo,
        Track,
        TrackState,
    )

    __version__: str

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime sends its makers word of its use, from its import on

__all__ = [
    "EXPRESSIONS",
    "KEY_POINTS",
    "Box",
    "DataError",
    "EmojiSetError",
    "EmojimaskError",
    "Face",
    "Frame",
    "MaskSettings",
    "MaskedFace",
    "MaskedFrame",
    "Measures",
    "MissingExtraError",
    "ModelError",
    "NoVideoError",
    "OutputExistsError",
    "SinkError",
    "SourceError",
    "StreamInfo",
    "Track",
    "TrackState",
    "UsageError",
    "build_pipeline",
    "mask_file",
    "mask_image",
]

_MODULES = ("errors", "settings", "types", "public")
"""Those without numpy first: the command line answers in an instant."""


if not TYPE_CHECKING:  # to which it would say that every name is there

    def __getattr__(name: str) -> Any:
        if name in __all__:
            for module in map(import_module, (f"emojimask.{module}" for module in _MODULES)):
                if hasattr(module, name):
                    return getattr(module, name)
        if name == "__version__":
            return import_module("importlib.metadata").version("emojimask")
        raise AttributeError(f"module 'emojimask' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
