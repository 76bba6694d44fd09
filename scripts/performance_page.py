"""Writes docs/performance.md and its plots from what the speed bench measured.

    uv run emojimask bench speed --out speed.json
    python benchmarks/speed_comparison.py --deface ENV/bin/deface --out comparison.json
    uv run scripts/performance_page.py speed.json [--comparison comparison.json]

The figures are kept in docs/results, so that the page can be written anew from them.
"""

import argparse
import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

from emojimask.benchmark.speed.bench import PARTS
from emojimask.benchmark.speed.plot import save_plot
from emojimask.benchmark.speed.table import span, tables
from emojimask.evaluation.tables import markdown
from emojimask.settings import MaskSettings

DOCS = Path(__file__).parents[1] / "docs"
PLOTS = {"time": ("stages", "file"), "growth": ("faces", "sizes"), "course": ("live", "memory")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="from emojimask bench speed --out")
    parser.add_argument("--comparison", type=Path, metavar="FILE", help="from benchmarks/speed_comparison.py --out")
    parser.add_argument("--docs", type=Path, default=DOCS, metavar="DIR", help="where the page goes")
    args = parser.parse_args()
    record = json.loads(args.result.read_text(encoding="utf-8"))
    missing = [part for part in PARTS if part not in record]
    if missing:
        raise SystemExit(f"{args.result}: {missing[0]} was not measured; the page wants a run without --only")
    comparison = json.loads(args.comparison.read_text(encoding="utf-8")) if args.comparison else None
    for name in ("images", "results"):
        (args.docs / name).mkdir(parents=True, exist_ok=True)
    for name, parts in PLOTS.items():
        save_plot(record, args.docs / "images" / f"performance-{name}.svg", parts)
    for kept, given in (("speed.json", args.result), ("speed_comparison.json", args.comparison)):
        if given is not None and given.resolve() != (args.docs / "results" / kept).resolve():
            shutil.copyfile(given, args.docs / "results" / kept)
    page = args.docs / "performance.md"
    page.write_text(written(record, comparison), encoding="utf-8")
    print(page)


def written(record: dict[str, Any], comparison: dict[str, Any] | None) -> str:
    """The page."""
    made = tables(record)
    parts = [
        "# Performance",
        "What masking costs, measured by `emojimask bench speed` and written by `scripts/performance_page.py`. "
        "Milliseconds are this machine's; ratios are taken within one run, and are what to compare.",
        *caution(record["machine"]),
        "## Result",
        made.pop("Result"),
        "The aims for eight faces and for crops were set when `compact-resnet`, which takes half as long, was the "
        "default.",
        *without_vnni(record["machine"]),
    ]
    if comparison is not None:
        parts += ["## Against other ways", against_others(comparison)]
    parts += ["## Where the time goes", where(record), plot("time", "Milliseconds by stage; a whole file")]
    parts += [made.pop("Milliseconds a frame, by stage"), stages_told()]
    parts += ["## How it grows", plot("growth", "Milliseconds by faces and by size")]
    parts += [f"{title}:\n\n{rows}" for title, rows in made.items()]
    parts += ["## Over time", plot("course", "Live latency and memory over time")]
    parts += ["## Distance to the limit", limit(record), "## Method", method(record), "## Machine", machine(record)]
    return "\n\n".join(wrapped(part) for part in parts) + "\n"


def caution(machine: dict[str, Any]) -> list[str]:
    """A warning where other work was going on."""
    load, cores = machine["load"], machine["cores"]
    if load is None or load <= cores / 2:
        return []
    return [
        f"**The machine was busy with other work** (a load of {load:g} on {cores} cores before the run): the figures "
        "show that all is measured, not how fast it is."
    ]


def without_vnni(machine: dict[str, Any]) -> list[str]:
    """A line where the expression model takes long for want of these instructions."""
    if not machine["processor"].endswith("without VNNI"):
        return []
    return [
        "This processor has no VNNI, the instructions for sums of products in 8 bits, which the expression model is "
        "stored in and its aims were set with: it takes two to three times as long as on one that has them (0.83 ms "
        "for one face and 6.3 for eight, measured on another AMD EPYC)."
    ]


def wrapped(part: str) -> str:
    """Paragraphs broken at 120 columns; tables, lists, headings and pictures as they are."""
    paragraphs = part.split("\n\n")
    return "\n\n".join(text if text[0] in "|#!-" else filled(text) for text in paragraphs)


def filled(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def plot(name: str, text: str) -> str:
    return f"![{text}](images/performance-{name}.svg)"


def where(record: dict[str, Any]) -> str:
    spent = {name: spread["mean_ms"] for name, spread in record["stages"]["stages"].items()}
    whole = spent["masking"]
    own = sorted((name for name in spent if name not in ("masking", "reading", "writing")), key=lambda n: -spent[n])
    shares = ", ".join(f"{name} {100 * spent[name] / whole:.0f} %" for name in own if spent[name] > 0.01 * whole)
    return f"Of the {whole:.2f} ms that masking takes a frame: {shares}."


def stages_told() -> str:
    return (
        "*Tracking* is what the tracker does besides running its two networks; *rest* is deciding whom to cover and "
        "the like. Reading and writing are as one thread sees them, with the codecs' own threads at work beside it."
    )


def limit(record: dict[str, Any]) -> str:
    limits = record["limits"]
    masking = record["stages"]["stages"]["masking"]["mean_ms"]
    floor = limits["frame_copy_ms"]
    what = "a video as smooth as a drawing" if record["clip"]["made"] else "this one"
    added = [
        f"{row['mbit_s']:.1f} Mbit/s: masking adds {_added(row['our_ratio'])} %{span(row, 'our_', _added)}"
        for row in record["file"]
    ]
    return (
        f"A masked frame is new memory, so it costs at least one copy of the frame: {floor:.2f} ms at "
        f"{limits['memory_gb_s']:.1f} GB/s read and written on one core. Masking takes {masking / floor:.0f} times "
        f"that; the rest is arithmetic in the networks. A file can be no faster than its codecs: "
        f"{limits['decode_ms']:.2f} ms a frame to decode and {limits['encode_ms']:.2f} ms to encode {what}, each alone "
        f"on all cores. The more there is to encode, the more of a file's time is theirs; against the codecs with our "
        f"threads: {'; '.join(added)}."
    )


def _added(ratio: float) -> str:
    return f"{100 * (ratio - 1):.0f}"


def against_others(comparison: dict[str, Any]) -> str:
    frame, file, clip = (comparison[part] for part in ("frame", "file", "clip"))
    rows = [
        (name, *(f"{frame[name][key]:.2f}" for key in ("median_ms", "mean_ms")), ratio)
        for name, ratio in (("ours", "1"), ("reference", f"{frame['reference_to_ours']:.1f}"))
    ]
    files = [
        (name, f"{seconds:.2f}", f"{file['to_codecs'][name]:.2f}", f"{file['to_ours'][name]:.2f}")
        for name, seconds in file["seconds"].items()
    ]
    steps = ", ".join(f"{step} {spread['mean_ms']:.1f}" for step, spread in frame["reference_steps"].items())
    return "\n\n".join(
        [
            "The reference is the first published pipeline of this kind (Wang, Wu and Xia 2020, arXiv:2012.13447) as "
            "`benchmarks/reference_pipeline.py` follows it: dlib's HOG detector over the whole frame, 68 landmarks, "
            f"VGG BA SMALL in PyTorch, a warp and blend of the whole frame. Its steps take, in ms: {steps}. deface is "
            "timed as a command with boxes, its start-up included. One face, "
            f"{clip['width']}x{clip['height']}, all by turns in one run of "
            f"`benchmarks/speed_comparison.py` (turns: {comparison['turns']}; {comparison['machine']['processor']}).",
            markdown(("detection to composed frame", "ms, median", "mean", "median against ours"), rows),
            markdown((f"a file of {clip['frames']} frames, with sound", "s", "against codecs", "against ours"), files),
        ]
    )


def method(record: dict[str, Any]) -> str:
    plan, clip = record["plan"], record["clip"]
    return "\n".join(
        filled(line, "  ")
        for line in (
            f"- The video: {clip['name']}, {clip['width']}x{clip['height']}, {clip['fps']:g} fps, {clip['frames']} "
            "frames. The growth curves use videos of a real face, as often as wanted, swaying before a wall with a "
            f"camera's grain; {plan['growth_s']:g} s each.",
            f"- Everything is repeated by turns (turns: {plan['turns']}), and the median counts; a ratio is the median "
            "of the ratios within each turn, with the least and the most of a file's in brackets. The first ten frames "
            "of a run do not count.",
            "- Stages and growth: frames are masked as in a live stream. They are read, masked and written in batches, "
            "so that the codecs do not disturb the masking; each stage is wrapped in a clock.",
            "- Whole file: H.264 in and out with sound, through `emojimask mask`'s own loop. *Codecs alone* is PyAV "
            "decoding and encoding with the same settings in the plainest loop, the sound copied; its threads are "
            "PyAV's own choice, several to a picture. We encode with as many threads as there are cores, each with a "
            f"picture of its own, which is quicker; *with our threads* that loop does so too. {_made(record)}",
            f"- Live: frames in memory, played as by a camera, and masked with what `emojimask live` takes by default "
            f"(emoji: {record['live_settings']['emojis']}); the clock runs from the moment the camera has a frame "
            "until a sink is given it masked. Frames that a newer one overtook count as dropped.",
            "- Start-up and memory are those of fresh processes; files lie in the system's cache.",
        )
    )


def _made(record: dict[str, Any]) -> str:
    if not record["clip"]["made"]:
        return "The video is the one that was given."
    grains = ", ".join(f"{grain:g}" for grain in record["plan"]["grains"])
    return (
        f"The video is made with several strengths of a camera's grain (standard deviation {grains} levels of 255), "
        "from smooth as a drawing to a telephone's in a dim room. The aim, a quarter more than the codecs take, was "
        "set where they do about 100 frames a second on two cores; the less they have to do, the harder it is to keep."
    )


def machine(record: dict[str, Any]) -> str:
    told = record["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in told["packages"].items())
    changed = [f"`{key} = {value}`" for key, value in record["settings"].items() if value != _default(key)]
    return (
        f"{told['processor']}, {told['cores']} cores; {told['system']}; Python {told['python']}; {packages}; "
        f"expression model on {told['provider']}. Settings: {', '.join(changed) or 'the defaults'}. Measured "
        f"{record['when'][:10]}."
    )


def _default(setting: str) -> object:
    return getattr(MaskSettings(), setting, None)


if __name__ == "__main__":
    main()
