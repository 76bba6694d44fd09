"""Networks that can begin with weights from elsewhere."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

import torch
from torch import Tensor, nn

from emojimask.errors import DataError
from emojimask.training.recipe import IMAGENET


class Pretrained(nn.Module):
    """A network, or a part of one, of which weights exist that were learned elsewhere.

    Attributes:
        title: what it is called, in messages.
        source: what they were learned from, which is also what recipes call them.
    """

    title: str
    source = IMAGENET

    def load(self, weights: str) -> None:
        """Take weights on: by the name of their source for those that it is known by, or by the path of a file of them.

        Raises:
            DataError: they cannot be had, or are not this network's.
        """
        given = self.known() if weights == self.source else read_weights(Path(weights))
        try:
            self.take(given)
        except RuntimeError as error:
            raise DataError(f"{weights}: not weights of {self.title}") from error

    @abstractmethod
    def known(self) -> dict[str, Tensor]:
        """What it learned from its source. Raises DataError where that cannot be had."""

    @abstractmethod
    def take(self, given: dict[str, Tensor]) -> None:
        """Take on what is its own of ``given``, a whole network's. Raises RuntimeError where that does not fit."""


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
