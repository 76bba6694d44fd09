"""A model's card: the JSON file beside the ONNX file that says how to use the model and what it is worth.

::

    {"name": "default", "output": "ferplus", "labels": ["neutral", "happy", ...],
     "input": {"size": 48, "channels": 1, "mean": 0.5077, "std": 0.255},
     "crop": {"key_points": {"left_eye_outer": [10.9, 18.0], ...}},
     "parameters": 1230143, "sha256": "...", "training": {...}, "metrics": {...}, "licence": "...", "limits": "..."}
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emojimask.errors import ModelError
from emojimask.expressions.preprocess import FER2013_KEY_POINTS, MEAN, SIDE, STD
from emojimask.types import EXPRESSIONS, KEY_POINTS, Points


@dataclass(frozen=True, slots=True, eq=False)
class ModelCard:
    """What the runtime must know of a model, and what people should.

    Attributes:
        name: the model's name.
        output: the graph's output that is used: (N, len(labels)) logits.
        labels: names out of ``EXPRESSIONS``, in the output's order.
        sha256: of the ONNX file, lower-case hexadecimal.
        mean, std: normalisation of gray values 0 to 1.
        key_points: (6, 2) float32, where the crop puts the six key points, pixels of the 48x48 input.
        key_points_drawn: whether it wants the landmarks drawn on the face, see
            :mod:`emojimask.expressions.key_points`.
        parameters: how many the network has.
        training, metrics: free-form; data, protocol, recipe, seed, and what came of it.
        licence, limits: for people.
    """

    name: str
    output: str
    labels: tuple[str, ...]
    sha256: str
    mean: float = MEAN
    std: float = STD
    key_points: Points = field(default_factory=lambda: FER2013_KEY_POINTS.copy())
    key_points_drawn: bool = False
    parameters: int = 0
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    limits: str = ""

    def to_json(self) -> str:
        """The card as the file holds it; :func:`read_card` reads it back."""
        points = {name: [round(float(v), 3) for v in xy] for name, xy in zip(KEY_POINTS, self.key_points, strict=True)}
        content = {
            "name": self.name,
            "output": self.output,
            "labels": list(self.labels),
            "input": {"size": SIDE, "channels": 1, "mean": self.mean, "std": self.std}
            | ({"key_points_drawn": True} if self.key_points_drawn else {}),
            "crop": {"key_points": points},
            "parameters": self.parameters,
            "sha256": self.sha256,
            "training": dict(self.training),
            "metrics": dict(self.metrics),
            "licence": self.licence,
            "limits": self.limits,
        }
        return json.dumps(content, indent=2) + "\n"


def read_card(path: Path) -> ModelCard:
    """Read and check a card.

    Raises:
        ModelError: the file is missing, not JSON, or an entry that the runtime needs is missing or does not fit.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); every model needs its card beside it") from error
    except (ValueError, RecursionError) as error:  # RecursionError: nested without end
        raise ModelError(f"{path}: not valid JSON ({error})") from error
    return _Entries(path, content).card()


class _Entries:
    """Takes entries out of a card's content, and names the faulty one."""

    def __init__(self, path: Path, content: object) -> None:
        self._path = path
        self._content = content

    def card(self) -> ModelCard:
        if self._number("input", "size") != SIDE or self._number("input", "channels") != 1:
            raise self._fault("input", f"must have size {SIDE} and channels 1")
        std = self._number("input", "std")
        if std <= 0:
            raise self._fault("input.std", f"must be above 0, found {std}")
        return ModelCard(
            name=self._text("name"),
            output=self._text("output"),
            labels=self._labels(),
            sha256=self._text("sha256").lower(),
            mean=self._number("input", "mean"),
            std=std,
            key_points=self._key_points(),
            key_points_drawn=self._drawn(),
            parameters=int(self._number("parameters")),
            training=self._mapping("training"),
            metrics=self._mapping("metrics"),
            licence=self._text("licence"),
            limits=self._text("limits"),
        )

    def _labels(self) -> tuple[str, ...]:
        labels = self._get("labels")
        if not isinstance(labels, list) or not labels or any(label not in EXPRESSIONS for label in labels):
            raise self._fault("labels", f"must be a list of names out of {', '.join(EXPRESSIONS)}; found {labels}")
        if len(set(labels)) != len(labels):
            raise self._fault("labels", "names a label twice")
        return tuple(labels)

    def _key_points(self) -> Points:
        try:
            points = np.array([self._get("crop", "key_points", name) for name in KEY_POINTS], np.float32)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._fault("crop.key_points", "must hold two numbers a point") from error
        if points.shape != (len(KEY_POINTS), 2) or not np.isfinite(points).all() or np.ptp(points) == 0:
            raise self._fault(
                "crop.key_points", "must hold two finite numbers for each point, and not one spot for all"
            )
        return points

    def _drawn(self) -> bool:
        drawn = self._get("input").get("key_points_drawn", False)
        if not isinstance(drawn, bool):
            raise self._fault("input.key_points_drawn", f"must be true or false, found {drawn!r}")
        return drawn

    def _number(self, *keys: str) -> float:
        value = self._get(*keys)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
            raise self._fault(".".join(keys), f"must be a number, found {value!r}")
        return value

    def _text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str):
            raise self._fault(key, f"must be text, found {value!r}")
        return value

    def _mapping(self, key: str) -> Mapping[str, Any]:
        value = self._get(key)
        if not isinstance(value, dict):
            raise self._fault(key, f"must be an object, found {value!r}")
        return value

    def _get(self, *keys: str) -> Any:
        value: Any = self._content
        for depth, key in enumerate(keys):
            if not isinstance(value, dict) or key not in value:
                raise self._fault(".".join(keys[: depth + 1]), "is missing")
            value = value[key]
        return value

    def _fault(self, entry: str, what: str) -> ModelError:
        return ModelError(f"{self._path}: {entry} {what}")
