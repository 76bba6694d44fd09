"""Reads expressions with a small network: an ONNX file and its card, run by ONNX Runtime on one thread."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from emojimask.errors import ModelError, UsageError
from emojimask.expressions.card import ModelCard, read_card
from emojimask.expressions.key_points import draw_face
from emojimask.expressions.preprocess import SIDE, crop_face, normalise
from emojimask.expressions.providers import PROVIDERS, candidates
from emojimask.threads.parallel import parallel_map, shares
from emojimask.types import EXPRESSIONS, Face, Picture

onnxruntime.disable_telemetry_events()  # those for Windows itself, which the variable set in emojimask does not stop

_log = logging.getLogger(__name__)

MODELS = Path(__file__).parent / "models"
"""The folder of the models that come with emojimask."""


class OnnxClassifier:
    """An ``ExpressionClassifier``. One may serve many streams and threads; it keeps nothing between calls.

    Attributes:
        card: the model's card.
        provider: where the network runs, a key of :data:`emojimask.expressions.providers.PROVIDERS`.
    """

    card: ModelCard
    provider: str

    def __init__(self, model: str | Path = "default", provider: str = "auto") -> None:
        """Load ``model``: the name of one that comes with emojimask, or the path of an ONNX file beside its card.

        Raises:
            ModelError: the model's card is missing, either is damaged, or the two do not belong together.
            UsageError: there is no such model, or the installed ONNX Runtime does not have ``provider``.
        """
        path = find_model(model)
        content, self.card = read_model(path)
        self._network, self.provider = open_on(candidates(provider), content, self.card, str(path))
        self._columns = [EXPRESSIONS.index(label) for label in self.card.labels]

    def classify(self, image: Picture, faces: Sequence[Face]) -> NDArray[np.float32]:
        """Read all of ``faces``, in one run of the network for each core there is.

        Args:
            image: the whole picture.
            faces: with landmarks in the picture's pixels.

        Returns:
            (N, 8) float32 probabilities in the order of ``EXPRESSIONS``, rows summing to 1; 0 for what the model does
            not know. A face that cannot be read, its points not finite or all in one spot, is neutral.
        """
        return np.concatenate(parallel_map(lambda share: self._read(image, share), shares(faces)))

    def _read(self, image: Picture, faces: Sequence[Face]) -> NDArray[np.float32]:
        probabilities = np.zeros((len(faces), len(EXPRESSIONS)), np.float32)
        probabilities[:, EXPRESSIONS.index("neutral")] = 1
        crops, rows = [], []
        for row, face in enumerate(faces):
            try:
                crop = crop_face(image, face.anchors(), self.card.key_points)
            except ValueError:  # no face to frame: the row stays neutral, the emoji that claims least
                continue
            if self.card.key_points_drawn:
                draw_face(crop, face, self.card.key_points)
            crops.append(crop)
            rows.append(row)
        if rows:
            logits = self._network.logits(np.stack(crops))
            finite = np.isfinite(logits).all(1)
            known = np.zeros((int(finite.sum()), len(EXPRESSIONS)), np.float32)
            known[:, self._columns] = softmax(logits[finite])
            probabilities[np.array(rows)[finite]] = known
        return probabilities


class Network:
    """A session and the card that says what goes in and what comes out."""

    def __init__(self, session: onnxruntime.InferenceSession, card: ModelCard) -> None:
        self._session, self._card = session, card
        self._input = session.get_inputs()[0].name

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, 48, 48) gray crops -> (N, len(labels)) float32."""
        batch = normalise(crops, self._card.mean, self._card.std)
        logits: NDArray[np.float32] = self._session.run([self._card.output], {self._input: batch})[0]
        return logits

    def try_out(self, name: str, provider: str) -> None:
        """Two flat crops go through, so that what does not fit or run says so now and not in the first frame.

        Raises:
            ModelError: it does not take them, or gives something else than the card says; begins with ``name``.
        """
        outputs = [output.name for output in self._session.get_outputs()]
        if self._card.output not in outputs:
            raise ModelError(f"{name}: its card names output {self._card.output!r}; it has {', '.join(outputs)}")
        expected = (2, len(self._card.labels))
        try:
            logits = self.logits(np.full((2, SIDE, SIDE), 128, np.uint8))
        except Exception as error:  # the runtime has a dozen kinds of its own, none of them documented
            wanted = f"(N, 1, {SIDE}, {SIDE}) float32"
            raise ModelError(f"{name}: does not run on {provider} with {wanted}: {_first_line(error)}") from error
        if logits.shape != expected or not np.isfinite(logits).all():
            raise ModelError(f"{name}: expected finite logits of shape {expected}, found shape {logits.shape}")


def find_model(model: str | Path) -> Path:
    """The ONNX file behind a name or a path.

    Raises:
        UsageError: there is none.
    """
    path = Path(model)
    if path.suffix != ".onnx":
        path = MODELS / f"{model}.onnx"
    try:
        there = path.is_file()
    except OSError:  # a name that is too long for the system
        there = False
    if not there:
        known = ", ".join(sorted(file.stem for file in MODELS.glob("*.onnx")))
        raise UsageError(f"no model {str(model)!r}: give the path of an .onnx file or one of: {known}")
    return path


def read_model(path: Path) -> tuple[bytes, ModelCard]:
    """An ONNX file's content and its card.

    Raises:
        ModelError: the card is missing or damaged, or the two do not belong together.
    """
    card = read_card(path.with_suffix(".json"))
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"{path}: is damaged, or not the file that {path.stem}.json was written for (sha256)")
    return content, card


def open_on(providers: Sequence[str], content: bytes, card: ModelCard, name: str) -> tuple[Network, str]:
    """The network on the first of ``providers`` that runs it, and which that is. Raises ModelError of the last."""

    def tried_out(provider: str) -> Network:
        network = Network(open_session(content, name, provider), card)
        network.try_out(name, provider)
        return network

    for provider in providers[:-1]:
        try:
            return tried_out(provider), provider
        except ModelError as error:  # reported, but its driver or libraries are not there: some are missed only in use
            _log.warning("provider %s: %s", provider, error)
    return tried_out(providers[-1]), providers[-1]


def open_session(content: bytes, name: str, provider: str = "cpu") -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on one thread: a face takes about a millisecond, and the cores have other work.

    Raises:
        ModelError: ``content`` is not a model that ONNX Runtime can run; the message begins with ``name``.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    asked = PROVIDERS[provider]
    try:
        session = onnxruntime.InferenceSession(content, options, providers=[asked], enable_fallback=False)
    except Exception as error:  # the runtime has a dozen kinds of its own, none of them documented
        raise ModelError(f"{name}: ONNX Runtime cannot load it: {_first_line(error)}") from error
    if asked not in session.get_providers():  # it went to the processor without an error
        raise ModelError(f"{name}: {asked} is there but does not start; check its driver and libraries")
    return session


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, C) logits, however large -> (N, C) float32 probabilities, rows summing to 1."""
    powers: NDArray[np.float64] = np.exp((logits - logits.max(1, keepdims=True)).astype(np.float64))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
