"""The first published pipeline of this kind, for timing: Wang, Wu and Xia 2020 (arXiv:2012.13447).

dlib's HOG detector over the whole frame; the first face's 68 landmarks; a crop of 44x44 through VGG BA SMALL in
PyTorch; the emoji of the strongest class, moved by a homography of six key points in a warp of the whole frame, and
laid over the whole frame. Nothing is remembered from frame to frame; where no face is found, the frame passes.

The network has its size and layers, and random weights: it takes as long as a trained one. Needs the extra [dlib] and
PyTorch. Never for use.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import cv2
import dlib
import numpy as np
import torch
from torch import nn

from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.faces.hog import landmark_model
from emojimask.types import Box, Face, Image

LAYERS = (64, "M", 128, "M", 256, "M", 512, "M", 512, 512, "M")
PARAMETERS = 6_278_151  # as published
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SIDE = 44


def vgg_ba_small() -> nn.Sequential:
    """(N, 3, 44, 44) -> (N, 7)."""
    layers: list[nn.Module] = []
    channels = 3
    for width in LAYERS:
        if isinstance(width, int):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.5), nn.Linear(channels, len(CLASSES))).eval()


class ReferencePipeline:
    """Masks one frame after another.

    Attributes:
        steps: seconds by step, one entry a call.
    """

    def __init__(self) -> None:
        torch.manual_seed(0)
        self._detect = dlib.get_frontal_face_detector()
        self._landmarks = dlib.shape_predictor(str(landmark_model()))
        self._network = vgg_ba_small()
        emojis = load_emoji_set("classic")
        self._emojis = [emojis.emoji(name) for name in CLASSES]
        self.steps: defaultdict[str, list[float]] = defaultdict(list)

    def mask(self, image: Image) -> Image:
        """(H, W, 3) uint8 BGR -> the same with the first face covered."""
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        boxes = self._timed("detector", self._detect, rgb, 0)
        if not boxes:
            return image
        points = self._timed("landmarks", self._points, rgb, boxes[0])
        emoji = self._emojis[self._timed("network", self._expression, rgb, boxes[0])]
        homography, _ = cv2.findHomography(emoji.key_points.astype(np.float64), points.astype(np.float64))
        if homography is None:
            return image
        return self._timed("warp and blend", _superposed, image, emoji.image, homography)

    def _points(self, rgb: Image, box: Any) -> np.ndarray:
        points = np.array([[p.x, p.y] for p in self._landmarks(rgb, box).parts()], np.float32)
        return Face(Box.around(points), points, 1.0).anchors()

    def _expression(self, rgb: Image, box: Any) -> int:
        height, width = rgb.shape[:2]
        rows = slice(max(0, box.top()), min(height, box.bottom()))
        columns = slice(max(0, box.left()), min(width, box.right()))
        crop = cv2.resize(rgb[rows, columns], (SIDE, SIDE))
        batch = torch.from_numpy(crop.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        with torch.inference_mode():
            return int(self._network(batch).argmax())

    def _timed(self, step: str, function: Callable[..., Any], *args: Any) -> Any:
        started = time.perf_counter()
        result = function(*args)
        self.steps[step].append(time.perf_counter() - started)
        return result


def _superposed(image: Image, emoji: np.ndarray, homography: np.ndarray) -> Image:
    """Warp to the size of the frame, then mix the two frames by the warped opacity."""
    height, width = image.shape[:2]
    warped = cv2.warpPerspective(emoji, homography, (width, height))
    opacity = warped[..., 3:].astype(np.float32) / 255
    return (image * (1 - opacity) + warped[..., :3] * opacity).astype(np.uint8)
