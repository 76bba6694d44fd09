"""Networks that can begin with weights from elsewhere."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

import torch
from torch import Tensor, nn

from emojimask.errors import DataError

IMAGENET = "imagenet"


class Pretrained(nn.Module):
    """A network, or a part of one, of which weights learned from ImageNet exist."""

    @abstractmethod
    def load(self, weights: str) -> None:
        """Take weights on: "imagenet" for those that it is known by, or the path of a file of them.

        Raises:
            DataError: they cannot be had, or are not this network's.
        """


def read_weights(path: Path) -> dict[str, Tensor]:
    """A file of weights by the names of their layers. Raises DataError where it is none."""
    if not path.is_file():
        raise DataError(f"{path}: no such file of weights")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, none of them documented
        raise DataError(f"{path}: is damaged or no file of weights ({type(error).__name__})") from error
    if not isinstance(state, dict):
        raise DataError(f"{path}: no file of weights")
    return state
