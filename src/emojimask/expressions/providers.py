"""Where ONNX Runtime runs a network: on the processor, or on what else the installed build of it can use."""

from __future__ import annotations

import onnxruntime

from emojimask.errors import UsageError

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""The setting ``provider`` -> ONNX Runtime's name; in the order in which "auto" takes them."""


def available() -> list[str]:
    """The keys of :data:`PROVIDERS` that the installed ONNX Runtime reports, the best first."""
    reported = onnxruntime.get_available_providers()
    return [key for key, name in PROVIDERS.items() if name in reported]


def candidates(provider: str) -> list[str]:
    """What to try, one after another: the one asked for; or for "auto" the best that is there, then the processor.

    Raises:
        UsageError: the installed ONNX Runtime does not have the one asked for.
    """
    there = available()
    if provider == "auto":
        return list(dict.fromkeys([*there[:1], "cpu"]))
    if provider not in there:
        raise UsageError(
            f"provider {provider}: the installed ONNX Runtime has only {', '.join(there)}; "
            "install the build of it that has the one you want, or leave the choice to auto"
        )
    return [provider]
