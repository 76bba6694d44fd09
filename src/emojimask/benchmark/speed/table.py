"""The speed bench's record as tables for people, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emojimask.evaluation.tables import markdown

Row = tuple[str, str, str]
"""What was measured, the value, and what is aimed at."""


def tables(record: Mapping[str, Any]) -> dict[str, str]:
    """Every table that the record has numbers for, by its title."""
    made = {"Result": markdown(("what", "measured", "aim"), summary(record))}
    if "stages" in record:
        rows = [
            (name, *(f"{spread[key]:.2f}" for key in ("median_ms", "p95_ms", "mean_ms")))
            for name, spread in record["stages"]["stages"].items()
        ]
        made["Milliseconds a frame, by stage"] = markdown(("stage", "median", "p95", "mean"), rows)
    if "faces" in record:
        rows = [(f"{row['faces']}", f"{row['covered']:g}", *_growth(row)) for row in record["faces"]]
        head = ("faces", "covered", "median", "p95", "mean", "ratio")
        made["Milliseconds a frame, by number of faces"] = markdown(head, rows)
    if "sizes" in record:
        rows = [(f"{row['width']}x{row['height']}", f"{row['covered']:g}", *_growth(row)) for row in record["sizes"]]
        head = ("picture", "covered", "median", "p95", "mean", "ratio")
        made["Milliseconds a frame, by size of the picture"] = markdown(head, rows)
    return made


def table(record: Mapping[str, Any]) -> str:
    """All of them, one below the other."""
    return "\n\n".join(f"{title}\n\n{rows}" for title, rows in tables(record).items())


def summary(record: Mapping[str, Any]) -> list[Row]:
    """A row for each thing that has an aim, and for each that explains one."""
    rows: list[Row] = []
    for part, told in (
        ("stages", _stages), ("limits", _limits), ("faces", _faces), ("sizes", _sizes), ("file", _file),
        ("live", _live), ("model", _model), ("start", _start), ("memory", _memory),
    ):  # fmt: skip
        if part in record:
            rows += told(record[part])
    return rows


def _stages(part: Mapping[str, Any]) -> list[Row]:
    masking = part["stages"]["masking"]
    rows = [
        ("masking, a frame", f"{masking['mean_ms']:.2f} ms (median {masking['median_ms']:.2f})", ""),
        ("frames a second, masking alone", f"{part['frames_a_second']:.0f}", ""),
    ]
    if part["shielded"]:
        rows.append(("of these frames shielded", f"{part['shielded']} of {part['frames']}", "0"))
    return rows


def _limits(part: Mapping[str, Any]) -> list[Row]:
    return [
        ("memory copied, one core", f"{part['memory_gb_s']:.1f} GB/s read and written", ""),
        ("a frame copied once at that rate", f"{part['frame_copy_ms']:.2f} ms", ""),
        ("H.264 alone, a frame", f"{part['decode_ms']:.2f} ms in, {part['encode_ms']:.2f} ms out", ""),
    ]


def _faces(part: Sequence[Mapping[str, Any]]) -> list[Row]:
    aims = {4: "at most 2"}
    return [
        (f"{row['faces']} faces against {part[0]['faces']}", f"{row['ratio']:.2f} times", aims[row["faces"]])
        for row in part
        if row["faces"] in aims
    ]


def _sizes(part: Sequence[Mapping[str, Any]]) -> list[Row]:
    aims = {1080: "at most 1.5", 2160: "at most 3"}
    return [
        (f"{row['height']} lines against 720", f"{row['ratio']:.2f} times", aims[row["height"]])
        for row in part
        if row["height"] in aims
    ]


def _file(part: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [row for file in part for row in (_against(file, "", "at most 1.25"), _against(file, "our_", ""))]


def _against(file: Mapping[str, Any], whose: str, aim: str) -> Row:
    masked, codecs = (file["frames"] / file[key] for key in ("masked_s", f"{whose}codecs_s"))
    return (
        f"whole file of {file['mbit_s']:.1f} Mbit/s, masked against codecs alone{whose and ', with our threads'}",
        f"{file[f'{whose}ratio']:.2f}{span(file, whose)} times; {masked:.0f} and {codecs:.0f} frames a second",
        aim,
    )


def span(file: Mapping[str, Any], whose: str, shown: Callable[[float], str] = "{:.2f}".format) -> str:
    """The least and the most of the turns' ratios, to stand behind their median; nothing where there was one turn.

    Args:
        file: what ``measure_file`` tells.
        whose: "our_" for the ratio to the codecs with our threads, "" for that to the codecs alone.
        shown: how a ratio is written.
    """
    ratios = [masked / (our_codecs if whose else codecs) for codecs, our_codecs, masked in file["turns"]]
    return f" ({shown(min(ratios))} to {shown(max(ratios))})" if len(ratios) > 1 else ""


def _live(part: Mapping[str, Any]) -> list[Row]:
    return [
        (
            f"live, captured to delivered, {part['fps']:g} fps",
            f"p95 {part['p95_ms']:.1f} ms (median {part['median_ms']:.1f}, worst {part['worst_ms']:.1f})",
            "p95 at most 33",
        ),
        (f"live, drift over {part['seconds']:.0f} s", f"{part['drift_ms']:+.1f} ms", "none"),
        ("live, frames dropped", f"{part['captured'] - part['delivered']} of {part['captured']}", ""),
        ("live, processor", f"{part['cores']:.2f} cores", "at most 1"),
    ]


def _model(part: Mapping[str, Any]) -> list[Row]:
    return [
        ("expression model, one face, one core", f"{part['alone_1_ms']:.2f} ms", "at most 1"),
        ("expression model, eight faces, one core", f"{part['alone_8_ms']:.2f} ms", "at most 4"),
        ("expression model and crop, one face, one core", f"{part['faces_1']['median_ms']:.2f} ms", "at most 1"),
        ("expression model and crops, eight faces, one core", f"{part['faces_8']['median_ms']:.2f} ms", "at most 4"),
    ]


def _start(part: Mapping[str, Any]) -> list[Row]:
    return [
        ("`emojimask --help`", f"{part['help_s']:.2f} s", "at most 0.3"),
        ("first masked frame of a new process", f"{part['first_frame_s']:.2f} s", "at most 2"),
    ]


def _memory(part: Mapping[str, Any]) -> list[Row]:
    most, grown = part["most_mb"], part["grown_mb"]
    over = f"{part['minutes']:.1f} minutes of video"
    return [
        (f"memory, {over}", "not told by this system" if most is None else f"{most:.0f} MB at most", "at most 400"),
        (f"memory grown over {over}", "not known" if grown is None else f"{grown:+.0f} MB", "none"),
    ]


def _growth(row: Mapping[str, Any]) -> list[str]:
    return [f"{row[key]:.2f}" for key in ("median_ms", "p95_ms", "mean_ms", "ratio")]
