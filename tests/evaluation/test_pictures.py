from __future__ import annotations

import pytest

from emojimask.evaluation.pictures import lines


@pytest.mark.parametrize("value", [0.0, 1e-9, -3.5, 1e17, 1e33])
def test_a_single_value_of_any_size_is_drawn(value: float) -> None:
    picture = lines({"loss": [(1, value)]}, title="Training", x_label="epoch", y_label="loss")
    assert picture.size > (0, 0)
