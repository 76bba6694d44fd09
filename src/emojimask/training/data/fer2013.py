"""FER2013 with FER+ votes: the value that every reader of data gives, its classes, and the rules of its labels.

FER2013: Goodfellow et al. 2013, "Challenges in Representation Learning", 35,887 gray faces of 48x48, seven labels.
FER+: Barsoum et al. 2016, "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution", ten taggers' votes for each of the same rows. FER2013's label is :data:`FER2013_CLASSES`; the votes
are counted over :data:`FERPLUS_VOTES`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAME = "FER2013 (Goodfellow et al. 2013)"
WITH_VOTES = f"{NAME} with FER+ votes (Barsoum et al. 2016)"
FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FERPLUS_CLASSES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
FERPLUS_VOTES = (*FERPLUS_CLASSES, "unknown", "not a face")
SPLITS = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
SIDE = 48


@dataclass(frozen=True, slots=True)
class FerSplit:
    """One split, rows in the order of its files.

    Attributes:
        images: (N, 48, 48) uint8, gray.
        labels: (N,) int64, index into ``classes``.
        votes: (N, 10) float32, counts over :data:`FERPLUS_VOTES`; all zero where FER+ was not given.
        classes: the labels' names; FER2013's seven unless a variant has made others of them.
        source: what it was read from and what was left out, in words.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32]
    classes: tuple[str, ...] = FER2013_CLASSES
    source: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    def told(self) -> dict[str, str]:
        """Which rows these are: in words, and the sha256 of their pictures, labels and votes."""
        digest = hashlib.sha256()
        for part in (self.images, self.labels, self.votes):
            digest.update(part.tobytes())
        return {"source": f"{self.source}, {len(self):,} faces", "sha256": digest.hexdigest()}


def ferplus_distribution(votes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Vote counts as training targets.

    Votes of one or less count as noise and become 0 (Microsoft's rule).

    Args:
        votes: (N, 10) counts.

    Returns:
        (N, 8) float32, each row summing to 1 (or all zero), and (N,) bool, true where the row can be learned from:
        it keeps a vote for an expression, and neither "unknown" nor "not a face" wins.
    """
    counts = np.where(votes > 1, votes, 0.0).astype(np.float32)
    emotions = counts[:, :8]
    total = emotions.sum(1, keepdims=True)
    usable = (total[:, 0] > 0) & (counts.argmax(1) < 8)
    return np.divide(emotions, total, out=np.zeros_like(emotions), where=total > 0), usable


def ferplus_majority(votes: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The label by majority (N = 3,153 rows of PrivateTest): the protocol of the FER+ paper's headline figure.

    Args:
        votes: (N, 10) counts.

    Returns:
        (N,) int64 index into :data:`FERPLUS_CLASSES`, and (N,) bool, true where the row counts: the winner holds more
        than half of the votes left after votes of one or less became 0, and is an expression.
    """
    counts = np.where(votes > 1, votes, 0.0)
    winner = counts.argmax(1)
    counts_for = counts.max(1) > 0.5 * counts.sum(1)
    return np.minimum(winner, 7), counts_for & (winner < 8)


def ferplus_argmax(votes: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The label by most votes, however few: about 3.7 points lower than the majority protocol on the same model.

    Args:
        votes: (N, 10) counts.

    Returns:
        (N,) int64 index into :data:`FERPLUS_CLASSES`, and (N,) bool, true where the row counts: its winner of the ten
        is an expression.
    """
    winner = votes.argmax(1)
    return np.minimum(winner, 7), (winner < 8) & (votes.max(1) > 0)


def copies(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N,) bool: which of (N, 48, 48) ``images`` occur among ``others``, exactly or mirrored."""
    known = {image.tobytes() for image in others} | {image.tobytes() for image in others[:, :, ::-1]}
    return np.array([image.tobytes() in known for image in images], bool)
