"""Your face stays private, your expression gets through.

    import cv2, emojimask
    masked = emojimask.mask_image(cv2.imread("me.jpg"))
    cv2.imwrite("me_masked.jpg", masked.image)

Importing the package loads no heavy library; the first call does.
"""

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
