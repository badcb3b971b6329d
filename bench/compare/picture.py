"""The same figures as bars: one small chart for each kind, drawn as SVG without any library.

  picture(figures, caption, references=["zstd -3"])    # a text; of figures see report.py

A bar is the median, the thin line over its end reaches from the least to the most. A bar that would make all others
short is cut, with a gap that says so and its value beside it.
"""
from xml.sax.saxutils import escape

import report

WIDTH = 860       # of the picture; all sizes are CSS pixels
MARGIN = 24
GAP = 36          # between the two columns of charts
LABEL = 118       # room for a name
VALUE = 66        # room for a value behind the longest bar
ROW, BAR = 24, 14
HEAD = 50         # a chart's title
CUT_AT = 3        # a reference longer than so many times the longest daemon's bar is cut

INK, FAINT, PAPER = "#1f2933", "#616e7c", "#ffffff"
OURS, OTHERS, REFERENCE = "#0b7285", "#9aa5b1", "#d9cbb0"

CHARTS = [("cpu", "CPU seconds per million lines"), ("rate", "Lines per second"),
          ("bytes", "Bytes a line on disk"), ("rss", "Peak memory, MiB"),
          ("udp_flat_out", "UDP lines lost, sent flat out"), ("killed", "Received lines lost by kill -9")]


def text(x, y, words, size=12, colour=INK, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def bar(x, y, length, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(length, 1):.1f}" height="{BAR}" fill="{colour}"/>'


def line(x1, x2, y):
    return f'<path d="M{x1:.1f} {y:.1f}H{x2:.1f}M{x1:.1f} {y - 3:.1f}v6M{x2:.1f} {y - 3:.1f}v6" stroke="{INK}" fill="none"/>'


def scale(rows, references):
    """The value of the longest bar: a reference counts only while it leaves the daemons' bars readable."""
    most = {name: max(report.counted(values)) for name, values in rows}
    daemons = max((value for name, value in most.items() if name not in references), default=0)
    fitting = [value for name, value in most.items() if name not in references or value <= CUT_AT * daemons]
    return max(fitting, default=0) or max(most.values(), default=0) or 1


def chart(x, y, width, metric, title, rows, references):
    """Rows of (name, values of all rounds) with at least one value each."""
    left, room = x + LABEL, width - LABEL - VALUE
    longest = scale(rows, references)
    parts = [text(x, y + 16, title, 14, weight="bold"), text(x, y + 33, f"{metric.better} is better", 11, FAINT)]
    for number, (name, values) in enumerate(rows):
        top = y + HEAD + number * ROW
        values = report.counted(values)
        value = report.median(values)
        length = min(value / longest, 1) * room
        ours = name == "Sluice"
        colour = REFERENCE if name in references else OURS if ours else OTHERS
        parts.append(text(left - 8, top + 11, name, anchor="end", weight="bold" if ours else "normal"))
        parts.append(bar(left, top, length, colour))
        end = left + length
        if value > longest:
            parts.append(f'<path d="M{end - 22:.1f} {top + BAR + 2}l6 -{BAR + 4}" stroke="{PAPER}" stroke-width="5"/>')
        elif metric.text(min(values)) != metric.text(max(values)):
            tip = left + min(max(values) / longest, 1) * room
            parts.append(line(left + min(values) / longest * room, tip, top + BAR / 2))
            end = max(end, tip)
        parts.append(text(end + 6, top + 11, metric.text(value), weight="bold" if ours else "normal"))
    return parts


def picture(figures, caption, references=()):
    metrics = {metric.key: metric for metric in report.METRICS}
    drawn = []
    for key, title in CHARTS:
        rows = [(name, values[key]) for name, values in figures.items() if report.counted(values.get(key))]
        if rows:
            drawn.append((metrics[key], title, rows))
    width = (WIDTH - 2 * MARGIN - GAP) / 2
    parts, y = [], MARGIN
    for pair in (drawn[i:i + 2] for i in range(0, len(drawn), 2)):
        for column, (metric, title, rows) in enumerate(pair):
            parts += chart(MARGIN + column * (width + GAP), y, width, metric, title, rows, references)
        y += HEAD + ROW * max(len(rows) for _, _, rows in pair) + 20
    for words in caption:
        parts.append(text(MARGIN, y + 10, words, 11, FAINT))
        y += 16
    height = y + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        'font-family="system-ui, -apple-system, \'Segoe UI\', \'DejaVu Sans\', sans-serif">',
        "<title>Sluice beside other log daemons</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="{PAPER}"/>', *parts, "</svg>", ""])
