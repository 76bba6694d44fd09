"""A manifest as a page: one HTML file that asks nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape

from emojimask.batch import plots
from emojimask.batch.record import BEGUN, DONE, FAILED, Record
from emojimask.batch.tally import LETTERS, NOBODY, SHIELDED, UNREAD
from emojimask.types import EXPRESSIONS

_COLOURS = ("#d1495b", "#7a9e3a", "#7b5ea7", "#f2b134", "#3d7fc1", "#e8804a", "#9aa5b1", "#2f9c95")
COLOURS = dict(zip(EXPRESSIONS, _COLOURS, strict=True))
_STRIP = {LETTERS[name]: colour for name, colour in COLOURS.items()}
_STRIP |= {SHIELDED: "#2b2f36", NOBODY: "var(--nobody)", UNREAD: "#b9a38c"}
_NAMES = {letter: name for name, letter in LETTERS.items()}
_NAMES |= {SHIELDED: "shielded", NOBODY: "no face", UNREAD: "expression not read"}

_STYLE = """
:root { color-scheme: light dark; --text: #1d2329; --soft: #5b6671; --back: #f6f7f9; --card: #fff; --rule: #dde2e7;
  --nobody: #e6eaee; --accent: #2f6fb2; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --text: #e6eaee; --soft: #9aa5b1; --back: #14181c; --card: #1d2329;
  --rule: #333b44; --nobody: #333b44; --accent: #6fb0ef; --bad: #ff8a80 } }
body { margin: 0 auto; max-width: 1080px; padding: 24px; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 24px; margin: 0 } h2 { font-size: 17px; margin: 32px 0 8px } p { color: var(--soft); margin: 4px 0 }
.tiles, .plots { display: flex; flex-wrap: wrap; gap: 12px; margin-top: 16px }
.tile, .plots figure { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 10px 16px;
  margin: 0 }
.tile b { display: block; font-size: 22px } .tile span, figcaption { color: var(--soft); font-size: 13px }
.tile.bad b { color: var(--bad) } .plots svg { max-width: 100% }
svg text { font-size: 12px; fill: var(--text) } svg .axis { fill: var(--soft) }
svg .end { text-anchor: end } svg .middle { text-anchor: middle } svg .grid { stroke: var(--rule) }
svg .line { fill: none; stroke: var(--accent); stroke-width: 2 } svg .dot { fill: var(--accent); opacity: .7 }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; background: var(--card); font-size: 14px }
th, td { border-bottom: 1px solid var(--rule); padding: 5px 10px; text-align: left; vertical-align: middle }
th { color: var(--soft); font-weight: 600; white-space: nowrap } .n { text-align: right; white-space: nowrap }
.name { overflow-wrap: anywhere; min-width: 220px } .strip { display: block; width: 240px; height: 14px }
.legend span { display: inline-block; margin-right: 14px; font-size: 13px; color: var(--soft) }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 5px;
  vertical-align: -1px }
"""


def make_page(records: Sequence[Record], title: str) -> str:
    """The whole page; every text of the records is escaped. ``records``: all lines of a manifest, in order."""
    last = sorted(_last_words(records), key=lambda record: record.input)
    done = [record for record in last if record.state == DONE]
    failed = [record for record in last if record.state == FAILED]
    begun = sum(record.state == BEGUN for record in last)
    body = [
        f"<h1>{_text(title)}</h1>",
        f"<p>{_text(_when(records))}</p>",
        _tiles(done, failed, begun),
        _failures(failed),
        _faults(done),
        _plots(done),
        _files(done),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>{''.join(body)}</body></html>\n"
    )


def _last_words(records: Iterable[Record]) -> Iterator[Record]:
    """On every input; of one name in two input folders, what was made from one stands though the other has failed."""
    last: dict[str, dict[str | None, Record]] = {}
    for record in records:
        if record.state == DONE:  # and lies in the one place that there is for the name
            last[record.input] = {}
        last.setdefault(record.input, {})[record.input_folder] = record
    for words in last.values():
        yield from words.values()


def _tiles(done: Sequence[Record], failed: Sequence[Record], begun: int) -> str:
    frames, took_s = sum(r.frames for r in done), sum(r.took_s for r in done)
    shielded = sum(r.shielded for r in done)
    values = [
        ("files masked", f"{len(done):,}", False),
        ("failed", f"{len(failed):,}", bool(failed)),
        ("frames", f"{frames:,}", False),
        ("of video", _clock(sum(r.seconds for r in done)), False),
        ("faces covered, over all frames", f"{sum(r.faces for r in done):,}", False),
        ("frames shielded", _percent(shielded, frames), False),
        ("frames a second of work", f"{frames / took_s:.1f}" if took_s else "-", False),
    ]
    if begun:
        values.insert(2, ("begun and not finished", f"{begun:,}", False))
    asked = [r.leak for r in done if r.leak]
    measured = [leak for leak in asked if "leaked_frames" in leak]
    if measured:
        leaked, looked = (sum(leak[key] for leak in measured) for key in ("leaked_frames", "frames_with_face"))
        what = f"of the frames with a face leaked, in {len(measured)} files"
        values.append((what, _percent(leaked, looked), leaked > 0))
    unlike = sum(leak.get("unlike_frames", 0) for leak in asked)
    if unlike:
        values.append(("frames that cannot be vouched for", f"{unlike:,.0f}", True))
    tiles = (
        f'<div class="tile{" bad" if bad else ""}"><b>{value}</b><span>{name}</span></div>'
        for name, value, bad in values
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _failures(failed: Sequence[Record]) -> str:
    if not failed:
        return ""
    rows = _rows(
        f'<td class="name">{_text(r.input)}</td><td class="name">{_text(r.error or "")}</td>'
        f'<td class="n">{r.attempts}</td>'
        for r in failed
    )
    return f"<h2>Failed</h2>{_table('<th>file</th><th>why</th><th class=n>attempts</th>', rows)}"


def _faults(done: Sequence[Record]) -> str:
    rows = _rows(
        f'<td class="name">{_text(r.input)}</td><td class="n">{count:,}</td><td>{_text(reason)}</td>'
        for r in done
        for reason, count in r.faults.items()
    )
    if not rows:
        return ""
    table = _table("<th>file</th><th class=n>frames</th><th>why</th>", rows)
    return f"<h2>Shielded for a fault</h2><p>The next run masks these files again.</p>{table}"


def _plots(done: Sequence[Record]) -> str:
    if not done:
        return ""
    read = [r for r in done if r.expressions]
    faces = sum(r.faces for r in read)
    shares = {e: sum(r.expressions.get(e, 0) * r.faces for r in read) / max(faces, 1) for e in EXPRESSIONS}
    speeds = [(r.seconds, r.frames / r.took_s) for r in done if r.seconds and r.took_s]
    figures = {"What the covered faces showed": plots.bars(shares, COLOURS)} if any(shares.values()) else {}
    figures["Frames done since the first file was"] = plots.plot(_course(done), "minutes", "frames", joined=True)
    if speeds:
        figures["Speed of each video"] = plots.plot(speeds, "length, seconds", "frames a second", joined=False)
    shown = "".join(f"<figure><figcaption>{name}</figcaption>{figure}</figure>" for name, figure in figures.items())
    return f'<h2>Plots</h2><div class="plots">{shown}</div>'


def _course(done: Iterable[Record]) -> list[tuple[float, float]]:
    """Minutes since the first file was finished, and frames that were done by then."""
    points, frames, began = [], 0, None
    for record in sorted(done, key=lambda r: r.finished):
        at = datetime.fromisoformat(record.finished)
        began = began or at
        frames += record.frames
        points.append(((at - began).total_seconds() / 60, float(frames)))
    return points


def _files(done: Sequence[Record]) -> str:
    if not done:
        return ""
    leaks = any(r.leak for r in done)
    head = "".join(
        f"<th class=n>{name}</th>" for name in ("frames", "length", "frames/s", "faces", "people", "shielded")
    )
    head = f"<th>file</th>{head}{'<th class=n>leaked</th>' if leaks else ''}<th>timeline</th>"
    legend = "".join(f'<span><i style="background:{_STRIP[x]}"></i>{_NAMES[x]}</span>' for x in _STRIP)
    rows = _rows(_file(record, leaks) for record in done)
    return f'<h2>Files</h2><p class="legend">{legend}</p>{_table(head, rows)}'


def _file(r: Record, leaks: bool) -> str:
    numbers = [
        f"{r.frames:,}",
        _clock(r.seconds) if r.seconds else "",
        f"{r.frames / r.took_s:.1f}" if r.took_s and r.seconds else "",
        f"{r.faces:,}",
        f"{r.people:,}",
        f"{r.shielded:,}",
    ]
    if leaks:
        numbers.append(_leaked(r.leak or {}))
    cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
    known = "".join(letter if letter in _STRIP else NOBODY for letter in r.timeline)
    strip = plots.strip(known, _STRIP, _NAMES) if known else ""
    return f'<td class="name">{_text(r.input)}</td>{cells}<td>{strip}</td>'


def _leaked(leak: Mapping[str, float]) -> str:
    """Of the frames with a face; "-" where nothing could be measured, so that nobody takes it for a good figure."""
    share = _percent(leak["leaked_frames"], leak["frames_with_face"]) if "leaked_frames" in leak else "-"
    unlike = leak.get("unlike_frames", 0)
    return f"{share}; {unlike:,.0f} not vouched for" if unlike else share


def _table(head: str, rows: str) -> str:
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _rows(cells: Iterable[str]) -> str:
    return "".join(f"<tr>{row}</tr>" for row in cells)


def _when(records: Sequence[Record]) -> str:
    times = sorted(record.finished for record in records if record.finished)
    versions = ", ".join(sorted({record.version for record in records if record.version}))
    if not times:
        return "nothing done yet"
    first, last = (datetime.fromisoformat(time).strftime("%Y-%m-%d %H:%M") for time in (times[0], times[-1]))
    return f"{first} to {last} UTC, emojimask {versions}"


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _text(text: str) -> str:
    """Escaped, and with bytes of a name that are no text shown as such."""
    return escape(text.encode("utf-8", "backslashreplace").decode())
