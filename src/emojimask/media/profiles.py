"""Colour profiles of pictures."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

_SAME_COLOUR = 2  # of 255: profiles that mean sRGB differ by so much


def in_srgb(picture: Pillow.Image) -> Pillow.Image:
    """The picture in sRGB's colours, where its profile says that it is in others.

    Outputs carry no profile, so they are shown in sRGB. A profile that is damaged, or of another kind of pixels, counts
    for none.
    """
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    cube = Pillow.fromarray((np.indices((6, 6, 6)) * 51).astype(np.uint8).reshape(3, 1, -1).transpose(1, 2, 0))
    target = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        change = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), picture.mode, target)
        changed = change.apply(cube.convert(picture.mode)).convert("RGB")
        # Most profiles are sRGB's own; a few colours tell that in less time than all of the picture would take.
        if np.abs(np.asarray(changed).astype(int) - np.asarray(cube)).max() <= _SAME_COLOUR:
            return picture
        return change.apply(picture)
    except (ImageCms.PyCMSError, OSError):
        return picture
