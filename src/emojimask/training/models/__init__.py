"""Networks, each under its own name."""

from collections.abc import Callable

from emojimask.training.models import from_torchvision, plain, vgg, xception
from emojimask.training.models.compact_resnet import compact_resnet
from emojimask.training.models.efficientnet_lite import efficientnet_lite0
from emojimask.training.models.face_resnet import face_resnet
from emojimask.training.models.gray_face_resnet import gray_face_resnet
from emojimask.training.models.network import Backbone, Network
from emojimask.training.recipe import Recipe

MODELS: dict[str, Callable[[Recipe], Backbone]] = {
    "compact-resnet": compact_resnet,
    "mlp": plain.mlp,
    "cnn-32-64": plain.cnn_32_64,
    "emonet-baseline": plain.emonet_baseline,
    "fernet": plain.fernet,
    "vgg-compact": vgg.vgg_compact,
    "vgg-ba-small": vgg.vgg_ba_small,
    "vgg11": vgg.vgg11,
    "vgg13": vgg.vgg13,
    "vgg16": vgg.vgg16,
    "vgg19": vgg.vgg19,
    "mini-xception": xception.mini_xception,
    "xception-gap": xception.xception_gap,
    "xception-fc": xception.xception_fc,
    "xception": xception.xception,
    "squeezenet": from_torchvision.squeezenet,
    "shufflenet": from_torchvision.shufflenet,
    "resnet18": from_torchvision.resnet18,
    "googlenet": from_torchvision.googlenet,
    "alexnet": from_torchvision.alexnet,
    "efficientnet-lite0": efficientnet_lite0,
    "face-resnet": face_resnet,
    "gray-face-resnet": gray_face_resnet,
    "emonet-resnet50": from_torchvision.emonet_resnet50,
}

__all__ = ["MODELS", "Backbone", "Network"]
