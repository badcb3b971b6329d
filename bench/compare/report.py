"""Figures of all rounds into one table: medians, and in brackets the least and the most.

  figures = {"Sluice": {"cpu": [0.7, 0.8], …}, …}      # in the order of the rows; None is a run that does not count
  print(table(figures, METRICS))
"""
import collections
import statistics

# key: of the figures; title: with the unit; better: "less" or "more"; text: a value as it is read
Metric = collections.namedtuple("Metric", "key title better text")


def grouped(value):
    return f"{value:,.0f}"


def three_digits(value):
    """0.781, 12.3, 456, 1,230: what is beyond the third digit is noise."""
    for limit, places in ((0.9995, 3), (9.995, 2), (99.95, 1)):
        if value < limit:
            return f"{value:.{places}f}"
    digits = len(str(int(value)))
    return grouped(round(value, 3 - digits))


def mebibytes(value):
    return grouped(value / 2**20)


def percent(value):
    """A loss that is not zero does not read as zero."""
    if 0 < value < 0.0005:
        return "under 0.1 %"
    return "0" if value == 0 else f"{100 * value:.1f} %"


METRICS = [
    Metric("cpu", "CPU-s per million lines", "less", three_digits),
    Metric("rate", "lines/s", "more", three_digits),
    Metric("rss", "peak RSS, MiB", "less", mebibytes),
    Metric("bytes", "bytes a line on disk", "less", three_digits),
    Metric("lost_tcp", "lines lost over TCP", "less", grouped),
    Metric("udp_100k", "UDP lost at 100,000/s", "less", percent),
    Metric("udp_200k", "UDP lost at 200,000/s", "less", percent),
    Metric("udp_flat_out", "UDP lost flat out", "less", percent),
    Metric("killed", "received lines lost by `kill -9`", "less", grouped),
]


def counted(values):
    return [value for value in values or [] if value is not None]


def median(values):
    """None if no run counts."""
    return statistics.median(counted(values)) if counted(values) else None


def cell(values, text):
    values = counted(values)
    if not values:
        return "–"
    least, middle, most = (text(value) for value in (min(values), statistics.median(values), max(values)))
    return middle if least == most else f"{middle} ({least} to {most})"


def table(figures, metrics=METRICS):
    rows = ["| | " + " | ".join(metric.title for metric in metrics) + " |", "|---" * (len(metrics) + 1) + "|"]
    for name, values in figures.items():
        rows.append(f"| {name} | " + " | ".join(cell(values.get(metric.key), metric.text) for metric in metrics) + " |")
    return "\n".join(rows)


def collect(rounds):
    """[{"Sluice": {"cpu": 0.7}}, …], one for each round, into {"Sluice": {"cpu": [0.7, …]}}."""
    figures = {}
    for measured in rounds:
        for name, values in measured.items():
            for key, value in values.items():
                figures.setdefault(name, {}).setdefault(key, []).append(value)
    return figures
