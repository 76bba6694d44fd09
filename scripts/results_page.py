"""Makes docs/results.md, its plots, and the figures of docs/model-card.md from the evaluations in docs/results/models.

    uv run scripts/results_page.py

An evaluation is stored by scripts/train_zoo.py, or by: emojimask evaluate MODEL --data DIR --labels PROTOCOL --split
SPLIT --json > docs/results/models/MODEL_PROTOCOL_SPLIT.json. The figures of earlier works are in
docs/results/references.toml.
"""

import json
import statistics
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from scatter_plot import scatter

from emojimask.evaluation import sheet
from emojimask.evaluation.plots import bars, encoded
from emojimask.evaluation.sheet import VIEW_NAMES, percent, table
from emojimask.training.zoo import SEED

DOCS = Path(__file__).parents[1] / "docs"
SHIPPED = "default"
SPLITS = ("PublicTest", "PrivateTest")
SPREAD = "mean ± standard deviation"
CARD_PROTOCOLS = {"ferplus": "FER+ by majority", "fer2013": "FER2013"}
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"

Results = dict[tuple[str, str, str], dict[str, Any]]
"""Evaluations by model, labels and split."""


def main() -> None:
    results = read(DOCS / "results/models")
    (DOCS / "results.md").write_text(page(results, references()), encoding="utf-8")
    card = DOCS / "model-card.md"
    card.write_text(with_figures(card.read_text(encoding="utf-8"), results), encoding="utf-8")
    for name, figure in plots(results, references()).items():
        (DOCS / "results" / f"{name}.png").write_bytes(encoded(figure, ".png"))


def read(folder: Path) -> Results:
    """The evaluations in a folder."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            one = json.loads(path.read_text(encoding="utf-8"))
            found[one["model"], one["labels"], one["split"]] = one
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"{path}: not what emojimask evaluate --json prints") from error
    return found


def references() -> list[dict[str, Any]]:
    """Earlier works as docs/results/references.toml tells of them, all their sizes in MB."""
    works: list[dict[str, Any]] = tomllib.loads((DOCS / "results/references.toml").read_text(encoding="utf-8"))["work"]
    for network in (network for work in works for network in work["networks"] if "mib" in network):
        network["mb"] = round(network.pop("mib") * 2**20 / 1e6, 2)
    return works


# The page


def page(results: Results, works: list[dict[str, Any]]) -> str:
    """docs/results.md."""
    parts = [
        "# Results",
        "Made by `scripts/results_page.py` from the evaluations in `docs/results/models`; each of those by `emojimask "
        "evaluate` ([how](training.md#evaluating)). PublicTest chose everything; PrivateTest chose nothing. One "
        "standard error at 72 % on 3,589 rows is 0.75 points: figures that differ by less do not differ.",
        "## The default model",
        shipped(results),
        *real_faces(),
        "## All trained models",
        "PrivateTest, single view; the network's file and its time on one thread as they were measured at its "
        f"evaluation. Of a recipe that was trained in several seeds: the {SPREAD} of these runs.",
        models(results),
        *times_of_others(results),
        "![Accuracy against size](results/accuracy-size.png)",
        "![Accuracy against time](results/accuracy-time.png)",
        "## Beside earlier works",
        "*Theirs* is the figure that its authors give; *same network* ours by the same recipe, three ways: one view, "
        f"the mean with its mirrored view, the mean of ten crops; *{SHIPPED}* emojimask's model, single view, on "
        "the same rows.",
        *(section for work in works for section in beside(work, results)),
    ]
    return "\n\n".join(parts) + "\n"


def real_faces() -> list[str]:
    """What `emojimask bench expressions` found on real faces, where that is stored."""
    stored = DOCS / "results/real_faces.json"
    if not stored.is_file():
        return []
    told = json.loads(stored.read_text(encoding="utf-8"))[SHIPPED]
    shares = ("accuracy", "balanced_accuracy", "missed", "opposite")
    rows = [[name, *(percent(score[share]) for share in shares)] for name, score in told.items()]
    seconds = next(iter(told.values()))["face_seconds"]
    return [
        "## Real faces, end to end",
        f"Pictures and clips of real people, {seconds:g} seconds of faces, from the file through detector, crop and "
        "smoothing to the emoji (`emojimask bench expressions`, labels in `benchmarks/real_faces.toml`), as they are "
        "and made harder in twelve ways. A face that is not found counts as wrong. Few people and plain expressions: "
        "it shows that the whole works, not how it ranks.",
        table(["faces", "right emoji", "mean over expressions", "no face found", "smile for frown or reverse"], rows),
    ]


def shipped(results: Results) -> str:
    """Every protocol of the shipped model, all columns, and its plots."""
    rows = []
    for (model, labels, split), result in sorted(results.items()):
        if model == SHIPPED:
            views, rest = result["views"], result["duplicate_free"]
            rows.append(
                [
                    f"{labels}, {split}",
                    f"{result['rows']:,}",
                    *(percent(views[view]["accuracy"]) if view in views else "-" for view in VIEW_NAMES),
                    *(percent(views["single"][key]) for key in ("top2_accuracy", "macro_f1", "weighted_f1")),
                    percent(views["single"]["calibration_error"]),
                    f"{percent(rest['accuracy']['single'])} of {rest['rows']:,}" if rest else "-",
                ]
            )
    head = ["protocol", "rows", *VIEW_NAMES.values(), "top-2", "macro F1", "weighted F1", "calibration error"]
    shown = [
        f"![{text}](results/{SHIPPED}-{labels}-{name}.png)"
        for labels in ("fer2013", "ferplus")
        for name, text in {"confusion": "Confusions", "reliability": "Reliability"}.items()
        if (SHIPPED, labels, "PrivateTest") in results
    ]
    recall = [f"![Recall of each class](results/{SHIPPED}-recall.png)"] if shown else []
    return "\n\n".join([table([*head, "without copies of Training"], rows), *shown, *recall])


def models(results: Results) -> str:
    """A row for each model that has been evaluated on PrivateTest; runs that differ in their seed alone share one."""
    rows = []
    first = {model: result for (model, _, split), result in reversed(results.items()) if split == "PrivateTest"}
    for title, names in groups(results).items():
        runs = [first[name] for name in names]
        figures = [runs[0]["bytes"] / 1e6, *(mean_ms(runs, batch) for batch in ("1", "8"))]
        accuracies = [
            spread(accuracies_of(results, names, labels))
            for labels in ("fer2013", "ferplus", "ferplus-argmax", "six-classes")
        ]
        rows.append([title, f"{runs[0]['parameters']:,}", *(f"{figure:.2f}" for figure in figures), *accuracies])
    head = ["model", "parameters", "MB", "ms a face", "ms in batches of 8"]
    return table([*head, "FER2013", "FER+ majority", "FER+ argmax", "six classes"], rows)


def times_of_others(results: Results) -> list[str]:
    """A line for each model whose time is not its own, and for each processor that is not the shipped one's."""
    latencies = {model: result["latency"] for (model, _, _), result in results.items()}
    usual = latencies.get(SHIPPED, {}).get("processor")
    elsewhere = defaultdict(list)
    for model, told in latencies.items():
        if told.get("processor") != usual:
            elsewhere[told.get("processor")].append(model)
    return [
        *(f"The times of {model} are those of {told['of']}." for model, told in latencies.items() if "of" in told),
        *(
            f"The times of {', '.join(models)} are of another processor ({other}) than {SHIPPED}'s ({usual})."
            for other, models in elsewhere.items()
        ),
    ]


def groups(results: Results) -> dict[str, list[str]]:
    """The models that were evaluated on PrivateTest, by title: one by itself, or a recipe's in several seeds."""
    runs = defaultdict(list)
    for name in sorted({model for model, _, split in results if split == "PrivateTest"}):
        runs[SEED.sub("-", name)].append(name)
    return {f"{stem[:-1]}, {len(of)} seeds" if len(of) > 1 else of[0]: of for stem, of in runs.items()}


def accuracies_of(results: Results, names: Sequence[str], labels: str) -> list[float]:
    """Each model's accuracy on PrivateTest; empty where one is missing, so that a mean is always that of all."""
    shares = [share_of(results, name, labels, "PrivateTest", "single") for name in names]
    found = [share for share in shares if share is not None]
    return found if len(found) == len(shares) else []


def spread(shares: Sequence[float]) -> str:
    """The one figure, or mean and standard deviation of several."""
    if len(shares) < 2:
        return percent(shares[0]) if shares else "-"
    return f"{100 * statistics.mean(shares):.2f} ± {100 * statistics.stdev(shares):.2f} %"


def mean_ms(runs: Sequence[dict[str, Any]], batch: str) -> float:
    return float(statistics.mean(run["latency"]["ms_per_face"][batch] for run in runs))


def beside(work: dict[str, Any], results: Results) -> list[str]:
    """One work: its networks, its scores by class, and what differs."""
    labels = work.get("labels", "fer2013")
    rows = []
    for network in work["networks"]:
        for split in (*SPLITS, "both"):
            if split in network:
                theirs = network.get("note", f"{network[split]:.2f} %")
                ours = [share_of(results, network["recipe"], labels, split, view) for view in VIEW_NAMES]
                own = " / ".join(percent(share) if share is not None else "-" for share in ours)
                own = own if any(ours) else "not trained yet"
                best = share_of(results, SHIPPED, labels, split, "single")
                rows.append(
                    [
                        network["name"],
                        split,
                        theirs,
                        own,
                        percent(best) if best is not None else "-",
                        f"{network['mb']:g}" if "mb" in network else "-",
                        size(results, network["recipe"]),
                    ]
                )
                rows += further(network, labels, split, results)
    head = ["network", "split", "theirs", "same network: single / flip / ten-crop", SHIPPED, "their MB", "our MB"]
    by_class = [class_figures(work, key, results) for key in ("f1", "recall") if key in work]
    return [f"### {work['key']}. {work['title']}", table(head, rows), *by_class, f"What differs: {work['differs']}"]


def further(network: dict[str, Any], labels: str, split: str, results: Results) -> list[list[str]]:
    """Rows of a network's other figures: top-2 accuracy and F1."""
    rows = []
    for key, figure in {"top2": "top2_accuracy", "macro": "macro_f1", "weighted": "weighted_f1"}.items():
        if f"{key}_{split}" in network:
            models = (network["recipe"], SHIPPED)
            own, best = (share_of(results, model, labels, split, "single", figure) for model in models)
            name = f"{network['name']}, {sheet.FIGURES[figure]}"
            theirs = f"{network[f'{key}_{split}']:.2f} %"
            told = [percent(own) if own else "not trained yet", percent(best) if best else "-"]
            rows.append([name, split, theirs, *told, "-", "-"])
    return rows


def class_figures(work: dict[str, Any], key: str, results: Results) -> str:
    """Each class: theirs, then the same network's, then the shipped model's, on the split that the work tested on."""
    labels = work.get("labels", "fer2013")
    name = {"f1": "F1", "recall": "recall"}[key]
    classes = [entry for entry in work[key][0] if entry not in ("name", "recipe")]
    rows = []
    for network in work[key]:
        rows.append([f"{network['name']}, theirs", *(f"{network[c]} %" if c in network else "-" for c in classes)])
        rows.append(
            [
                f"{network['name']}, ours",
                *class_row(results.get((network["recipe"], labels, "PrivateTest")), key, classes),
            ]
        )
    if (SHIPPED, labels, "PrivateTest") in results:
        rows.append([SHIPPED, *class_row(results[SHIPPED, labels, "PrivateTest"], key, classes)])
    return table([f"{name} (ours: PrivateTest)", *classes], rows)


def class_row(result: dict[str, Any] | None, key: str, classes: list[str]) -> list[str]:
    if result is None:
        return ["not trained yet", *("" for _ in classes[1:])]
    return [percent(result["per_class"][name][key]) if name in result["per_class"] else "-" for name in classes]


def share_of(
    results: Results, model: str, labels: str, split: str, view: str, figure: str = "accuracy"
) -> float | None:
    """None where it has not been measured; of both splits together, which are of one size, the mean."""
    found = [results.get((model, labels, one)) for one in (SPLITS if split == "both" else (split,))]
    shares = [result["views"][view][figure] for result in found if result and view in result["views"]]
    return sum(shares) / len(shares) if len(shares) == len(found) else None


def size(results: Results, model: str) -> str:
    found = [result["bytes"] for (name, _, _), result in results.items() if name == model]
    return f"{found[0] / 1e6:.2f}" if found else "-"


# The model card's figures


def with_figures(card: str, results: Results) -> str:
    """The card with what stands between its two marks made anew."""
    before, rest = card.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{card_figures(results)}\n\n{END}{after}"


def card_figures(results: Results) -> str:
    parts = [seeds(results)]
    for labels, title in CARD_PROTOCOLS.items():
        result = results.get((SHIPPED, labels, "PrivateTest"))
        if result is None:
            continue
        views = result["views"]["single"]
        parts += [
            f"### {title}, PrivateTest, single view: {percent(views['accuracy'])} of {result['rows']:,} rows",
            sheet.class_table(result),
            confusions(result),
            f"Happy or surprise shown as a negative expression: {percent(result['positive_shown_as_negative'])}; "
            f"a negative one shown as happy or surprise: {percent(result['negative_shown_as_positive'])}.",
            "Accuracy in fifths of the rows:",
            sheet.slice_table(result),
        ]
    told = DOCS / "results/conditions" / f"{SHIPPED}.json"
    if told.is_file():
        parts.append(conditions(json.loads(told.read_text(encoding="utf-8"))))
    return "\n\n".join(parts)


def seeds(results: Results) -> str:
    """How far the figures move with the seed."""
    names = next((of for of in groups(results).values() if len(of) > 1 and SEED.sub("", of[0]) == SHIPPED), [])
    measured = {title: accuracies_of(results, names, labels) for labels, title in CARD_PROTOCOLS.items()}
    told = ", ".join(f"{title} {spread(accuracies)}" for title, accuracies in measured.items() if accuracies)
    if not told:
        return (
            "One seed was trained the whole way. In three seeds of its last step, in 8 bits, it is right in 71.7 ± 0.4 "
            "% of PrivateTest by FER2013 and in 87.6 ± 0.03 % by FER+ (70.9 ± 0.2 and 89.0 ± 0.2 % of PublicTest; mean "
            "± standard deviation), where chance in the choice of the rows alone makes a standard error of 0.7 and 0.6 "
            "([each seed](shipped-model.md#the-default)). Of `compact-resnet`, three of a short run from weights by "
            "chance on, and three of a last step, end within a point of each other "
            "([how far chance moves it](shipped-model.md#how-far-chance-moves-it))."
        )
    return (
        f"The recipe was trained in {len(names)} seeds: {told} (PrivateTest, single view, {SPREAD}). What follows is "
        "of the shipped model."
    )


def conditions(told: dict[str, Any]) -> str:
    """What benchmarks/expression_conditions.py found: the same faces changed, and faces by pose."""
    changed = table(["the same faces", "accuracy"], [[name, percent(share)] for name, share in told["changed"].items()])
    pose = [
        [f"{name}: {part['what']}", f"{part['rows']:,}", percent(part["accuracy"])]
        for name, parts in told["pose"].items()
        for part in parts
    ]
    by_pose = table(["by pose (turned: 0 is frontal, 1 is profile; tilted: degrees)", "rows", "accuracy"], pose)
    what = f"{CARD_PROTOCOLS[told['labels']]}, {told['split']}, single view"
    return f"### Other light, cover and pose: {what}\n\n{changed}\n\n{by_pose}"


def confusions(result: dict[str, Any]) -> str:
    """The commonest mistakes in words."""
    classes, shares = result["classes"], result["confusion"]["by_label"]
    pairs = [(shares[i][j], a, b) for i, a in enumerate(classes) for j, b in enumerate(classes) if i != j]
    worst = sorted(pairs, reverse=True)[:5]
    return (
        "Commonest confusions: "
        + "; ".join(f"{a} shown as {b} ({percent(share)} of {a})" for share, a, b in worst)
        + "."
    )


# The plots


def plots(results: Results, works: list[dict[str, Any]]) -> dict[str, Figure]:
    """By the names of their files, without the suffix."""
    drawn = {}
    times, sizes = {}, {}
    for title, names in groups(results).items():
        accuracies = accuracies_of(results, names, "fer2013")
        if accuracies:
            runs = [results[name, "fer2013", "PrivateTest"] for name in names]
            times[title] = mean_ms(runs, "1"), 100 * statistics.mean(accuracies)
            sizes[title] = runs[0]["bytes"] / 1e6, times[title][1]
    theirs = {
        f"{network['name']} ({work['key']})": (network["mb"], network["PrivateTest"])
        for work in works
        for network in work["networks"]
        if "mb" in network and "PrivateTest" in network and work.get("labels", "fer2013") == "fer2013"
    }
    accuracy = "FER2013 PrivateTest, %"
    title = "Accuracy against size (gray: figures of others)"
    drawn["accuracy-size"] = scatter(sizes | theirs, title=title, x_label="MB", y_label=accuracy, strong=list(sizes))
    title = "Accuracy against time, one thread"
    drawn["accuracy-time"] = scatter(times, title=title, x_label="ms a face", y_label=accuracy, strong=list(times))
    recall: dict[str, dict[str, float]] = {}
    for labels in ("fer2013", "ferplus"):
        result = results.get((SHIPPED, labels, "PrivateTest"))
        if result is None:
            continue
        own = sheet.figures(result)
        drawn[f"{SHIPPED}-{labels}-confusion"] = own["confusion_by_label"]
        drawn[f"{SHIPPED}-{labels}-reliability"] = own["reliability"]
        for name, values in result["per_class"].items():
            recall.setdefault(name, {})[labels] = values["recall"]
    if recall:
        drawn[f"{SHIPPED}-recall"] = bars(recall, title=f"Recall of {SHIPPED}, PrivateTest, single view")
    return drawn


if __name__ == "__main__":
    main()
