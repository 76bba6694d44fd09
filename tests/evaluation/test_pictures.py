from __future__ import annotations

import pytest

from emojimask.evaluation.pictures import COLOURS, lines


@pytest.mark.parametrize("value", [0.0, 1e-9, -3.5, 1e17, 1e33])
def test_a_single_value_of_any_size_is_drawn(value: float) -> None:
    picture = lines({"loss": [(1, value)]}, title="Training", x_label="epoch", y_label="loss")
    assert COLOURS[0] in {colour for _, colour in picture.getcolors(1 << 20) or []}
