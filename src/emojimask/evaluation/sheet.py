"""An evaluation as files that people read: a Markdown page and its plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emojimask.evaluation import plots, tables
from emojimask.evaluation.significance import interval
from emojimask.files.atomic import without_slashes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VIEW_NAMES = {"single": "single view", "flip": "flip", "ten_crop": "ten-crop"}
FIGURES = {
    "accuracy": "accuracy",
    "top2_accuracy": "top-2 accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
}


def stem(result: Mapping[str, Any]) -> str:
    """The name of the files of one evaluation; a model's may hold slashes, as in OWNER/MODEL."""
    return without_slashes(f"{result['model']}_{result['labels']}_{result['split']}")


def figures(result: Mapping[str, Any]) -> dict[str, Figure]:
    """Plots by name: three confusion matrices, reliability, scores of each class."""
    of = f"{result['model']}, {result['labels']}, {result['split']}"
    confusion, classes = result["confusion"], result["classes"]
    counts = [[f"{count}" for count in row] for row in confusion["counts"]]
    drawn = {"confusion_counts": plots.matrix(confusion["by_label"], counts, classes, title=f"Rows: {of}")}
    for axis, text in {"by_label": "Of each label", "by_prediction": "Of each shown"}.items():
        percent = [[f"{100 * share:.0f} %" for share in row] for row in confusion[axis]]
        drawn[f"confusion_{axis}"] = plots.matrix(confusion[axis], percent, classes, title=f"{text}: {of}")
    drawn["reliability"] = plots.reliability(result["reliability"], title=f"Reliability: {of}")
    scores = {
        name: {key: values[key] for key in ("precision", "recall", "f1")}
        for name, values in result["per_class"].items()
    }
    drawn["per_class"] = plots.bars(scores, title=f"Classes: {of}")
    return drawn


def markdown(result: Mapping[str, Any], shown: Sequence[str] = ()) -> str:
    """The page; ``shown`` are the file names of plots to put under it."""
    views = result["views"]
    parts = [
        f"# {result['model']} by {result['labels']} on {result['split']}",
        f"{_rows(result)} {_about(result)}",
        table(
            ["", *(VIEW_NAMES[view] for view in views)],
            [[name, *(percent(values[key]) for values in views.values())] for key, name in FIGURES.items()]
            + [["95 % interval of the accuracy", *(_between(values, result["rows"]) for values in views.values())]]
            + [["calibration error", *(percent(values["calibration_error"]) for values in views.values())]]
            + _duplicate_free(result),
        ),
        "## Classes (single view)",
        class_table(result),
        "## Confusions (rows: label, columns: shown)",
        confusion_table(result),
        f"Happy or surprise shown as a negative expression: {percent(result['positive_shown_as_negative'])}; "
        f"a negative one shown as happy or surprise: {percent(result['negative_shown_as_positive'])}.",
        "## By light and quality of the picture (fifths of the rows, low to high)",
        slice_table(result),
        *(f"![{name}]({quote(name)})" for name in shown),
    ]
    return "\n\n".join(parts) + "\n"


def class_table(result: Mapping[str, Any]) -> str:
    rows = [
        [name, *(percent(values[key]) for key in ("precision", "recall", "f1")), f"{values['support']:,}"]
        for name, values in result["per_class"].items()
    ]
    return table(["class", "precision", "recall", "F1", "rows"], rows)


def confusion_table(result: Mapping[str, Any]) -> str:
    counts = result["confusion"]["counts"]
    rows = [[name, *(str(count) for count in row)] for name, row in zip(result["classes"], counts, strict=True)]
    return table(["", *result["classes"]], rows)


def slice_table(result: Mapping[str, Any]) -> str:
    rows = [[name, *(percent(part["accuracy"]) for part in parts)] for name, parts in result["slices"].items()]
    return table(["accuracy by", "lowest", "2nd", "3rd", "4th", "highest"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is aligned to the right."""
    return tables.markdown(head, rows, "---:")


def percent(share: float) -> str:
    """A share as it is written in tables."""
    return f"{100 * share:.2f} %"


def _between(values: Mapping[str, float], rows: int) -> str:
    low, high = interval(round(values["accuracy"] * rows), rows)
    return f"{percent(low)} to {percent(high)}"


def _duplicate_free(result: Mapping[str, Any]) -> list[list[str]]:
    rest = result["duplicate_free"]
    if rest is None:
        return []
    name = f"accuracy without copies of Training ({rest['rows']:,} rows)"
    return [[name, *(percent(share) for share in rest["accuracy"].values())]]


def _rows(result: Mapping[str, Any]) -> str:
    """How many, and what was made of them: figures of another variant do not compare."""
    variant = "" if result["variant"] == "plain" else f" of the variant {result['variant']}"
    return f"{result['rows']:,} rows{variant}."


def _about(result: Mapping[str, Any]) -> str:
    ms = result["latency"]["ms_per_face"]
    return (
        f"{result['parameters']:,} parameters, {result['bytes'] / 1e6:.2f} MB ({result['precision']}); "
        f"{ms['1']:.2f} ms a face, {ms['8']:.2f} ms in batches of 8, one thread of {result['latency']['processor']}."
    )
