"""What a run of the benchmarks leaves: tables for people, a CSV for machines, and a chart (SVG) for the README."""

import csv
import datetime
import os
import pathlib
import platform
import xml.sax.saxutils

PEER = "curl command"
INK, SOFT, GRID, OURS, THEIRS, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#0969da", "#9aa4b0", "#ffffff"
FONT = "font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\""


def machine():
    """Where it ran, in one line."""
    model = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    system = next((line.partition("=")[2].strip().strip('"') for line in
                   pathlib.Path("/etc/os-release").read_text().splitlines() if line.startswith("PRETTY_NAME=")), "Linux")
    return f"{os.cpu_count()} × {model}, {system}"


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cases(results, part):
    seen = []
    for row in results.rows:
        if row[0] == part and row[1] not in seen:
            seen.append(row[1])
    return seen


def people(results, part, case):
    seen = []
    for row in results.rows:
        if row[:2] == (part, case) and row[2] not in seen:
            seen.append(row[2])
    return seen


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))))


def print_timed(results, part, case):
    """A table of who took how long, each beside the curl command."""
    rows = [("", "wall ms", "min", "× curl", "cpu ms", "× curl", "memory MB")]
    notes = []
    curl = {figure: results.value(part, case, PEER, figure) for figure in ("wall median", "cpu")}
    for who in people(results, part, case):
        get = {figure: results.value(part, case, who, figure) for figure in ("wall median", "wall min", "cpu", "memory")}
        if get["wall median"] is None:
            continue
        ratio = {figure: f"{get[figure] / curl[figure]:.2f}" if curl[figure] else "" for figure in curl}
        rows.append((who, number(get["wall median"]), number(get["wall min"]), ratio["wall median"], number(get["cpu"]),
                     ratio["cpu"], number(get["memory"])))
        for row in results.rows:
            if row[:3] == (part, case, who) and row[3] not in get:
                notes.append(f"  {who}: {row[3]} {number(row[4])} {row[5]}")
    print(f"\n{part}, {case}")
    aligned(rows)
    for note in notes:
        print(note)


def print_told(results, part, case):
    print(f"\n{part}, {case}")
    for who in people(results, part, case):
        words = [f"{row[3]} {number(row[4])} {row[5]}".strip() for row in results.rows if row[:3] == (part, case, who)]
        print(f"  {who}: " + ", ".join(words))


def print_all(results, load):
    for part in dict.fromkeys(row[0] for row in results.rows):
        for case in cases(results, part):
            timed = any(row[0] == part and row[1] == case and row[3] == "wall median" for row in results.rows)
            (print_timed if timed else print_told)(results, part, case)
    print()
    for who, words in results.notes.items():
        print(f"{who}: {words}")
    for who, hint in results.skipped.items():
        print(f"SKIPPED: {who} is not here ({hint})")
    print(f"\n{datetime.date.today().isoformat()}, {machine()}, load {load[0]:.1f} before and {os.getloadavg()[0]:.1f} after; "
          f"a segment at USD {results.price:g}")


def write_csv(results, path, load):
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(("part", "case", "who", "figure", "value", "unit"))
        out.writerow(("run", "date", "", "", datetime.date.today().isoformat(), ""))
        out.writerow(("run", "machine", "", "", machine(), ""))
        out.writerow(("run", "load before", "", "", f"{load[0]:.2f}", ""))
        out.writerow(("run", "load after", "", "", f"{os.getloadavg()[0]:.2f}", ""))
        out.writerow(("run", "price of a segment", "", "", results.price, "USD"))
        for row in results.rows:
            out.writerow((*row[:4], f"{row[4]:.3f}", row[5]))
        for who, hint in results.skipped.items():
            out.writerow(("run", "skipped", who, "", hint, ""))


def text(x, y, words, size=13, anchor="start", colour=INK, weight="normal"):
    return (f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">'
            f"{xml.sax.saxutils.escape(words)}</text>")


def panel(y, title, note, bars, unit):
    """Horizontal bars on one linear scale; (SVG text, the y below it)."""
    left, right, step = 190, 650, 24
    most = max(value for _, value, _ in bars)
    out = [text(20, y + 16, title, 15, weight="600"), text(20, y + 34, note, 12, colour=SOFT)]
    y += 46
    out.append(f'<line x1="{left}" y1="{y - 2}" x2="{left}" y2="{y + step * len(bars) - 4}" stroke="{GRID}"/>')
    for name, value, ours in bars:
        width = max(1.5, (right - left) * value / most)
        out.append(text(left - 8, y + 14, name, anchor="end", colour=INK if ours else SOFT, weight="600" if ours else "normal"))
        out.append(f'<rect x="{left}" y="{y + 2}" width="{width:.1f}" height="16" rx="2" fill="{OURS if ours else THEIRS}"/>')
        out.append(text(left + width + 6, y + 14, f"{number(value)} {unit}".strip() if unit != "USD" else f"USD {number(value)}",
                        12, colour=INK if ours else SOFT))
        y += step
    return out, y + 20


def write_svg(results, path, load):
    """The chart: one page, a hundred, a storm. Nothing when none of them was measured."""
    out, y, shown = [], 16, set()
    for part, title in (("page", "One page"), ("fan-out to 100", "The same page to 100 phones")):
        case = next(iter(cases(results, part)), "")
        bars = [(who, results.value(part, case, who, "wall median"), who.startswith("notify_twilio"))
                for who in people(results, part, case) if results.value(part, case, who, "wall median") is not None]
        bars = [bar for bar in bars if not bar[0].startswith("smstools")]  # it sends nothing
        shown.update(bar[0] for bar in bars)
        if bars:
            more, y = panel(y, title, f"time until the monitor's command ends, over {case}, median; less is better", bars, "ms")
            out += more
    for case in cases(results, "storm"):
        bars = [("notify_twilio" if who == "notify_twilio" else "a command for each",
                 results.value("storm", case, who, "price"), who == "notify_twilio")
                for who in people(results, "storm", case)]
        more, y = panel(y, "A storm", f"{case}: the price of its messages at USD {results.price:g} a segment",
                        sorted(bars, key=lambda bar: not bar[2]), "USD")
        out += more
    if not out:
        return False
    for line in (f"{datetime.date.today().isoformat()}, {machine()}, load {load[0]:.1f}; against a simulated Twilio beside it",
                 "; ".join(f"{who} {words}" for who, words in results.notes.items() if who in shown)):
        if line:
            out.append(text(20, y + 2, line, 11, colour=SOFT))
            y += 16
    y += 4
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{y}" viewBox="0 0 760 {y}" {FONT} role="img">\n'
                    f'<title>What a page costs</title>\n<rect width="760" height="{y}" rx="8" fill="{PAPER}"/>\n'
                    + "\n".join(out) + "\n</svg>\n", encoding="utf-8")
    return True
