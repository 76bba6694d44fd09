"""Networks, each under its own name."""

from emojimask.training.models.compact_resnet import CompactResNet

MODELS = {"compact-resnet": CompactResNet}

__all__ = ["MODELS", "CompactResNet"]
