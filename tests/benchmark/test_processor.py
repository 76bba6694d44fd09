"""What a time was measured on."""

from pathlib import Path

import pytest

from emojimask.benchmark.processor import processor

CORE = "processor\t: {}\nmodel name\t: AMD EPYC 7B13\nflags\t\t: fpu {}\nbogomips\t: 4800.00\n\n"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("avx2 fma", "AMD EPYC 7B13 without VNNI"),
        ("avx512f avx512_vnni", "AMD EPYC 7B13 with VNNI"),
        ("avx2 avx_vnni", "AMD EPYC 7B13 with VNNI"),
    ],
)
def test_a_processor_is_told_with_what_decides_its_time_in_8_bits(tmp_path: Path, flags: str, told: str) -> None:
    table = tmp_path / "cpuinfo"
    table.write_text(CORE.format(0, flags) + CORE.format(1, flags))
    assert processor(table) == told


def test_of_a_processor_without_such_a_list_the_name_is_told(tmp_path: Path) -> None:
    arm = tmp_path / "cpuinfo"
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd\nCPU part\t: 0xd40\n")
    assert processor(arm) == processor(tmp_path / "none") != ""
    assert "VNNI" not in processor(arm)
