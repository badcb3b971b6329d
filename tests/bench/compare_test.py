"""The parts of bench/compare that run nothing: which daemons are chosen, medians, the table, the picture, what /proc says."""
import argparse
import os
import re
import signal
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "bench", "compare"))

import compare
import measure
import peers
import picture
import report

FIGURES = {
    "Sluice": {"cpu": [0.8, 0.7, 0.9], "rate": [400_000, 410_000, 390_000], "bytes": [15.0, 15.0, 15.0], "killed": [0, 0, 0],
               "udp_flat_out": [0.0, 0.0001, 0.0], "rss": [77 << 20] * 3, "lost_tcp": [0, 0, 0]},
    "a & <b>": {"cpu": [3.8, None, 4.2], "rate": [None, None, None], "bytes": [169.0, 169.0, 169.0], "killed": [50_000, 49_000]},
    "zstd -19": {"cpu": [228.0], "bytes": [21.2]},
}


def named(**changed):
    return argparse.Namespace(**({"bin": "/bin", "syslog_ng": None, "syslog_ng_root": None, "fluent_bit": None} | changed))


def finds(*programs):
    """A machine with these programs and sluiced."""
    return lambda name: name if name in programs or name == "/bin/sluiced" else None


class Choosing(unittest.TestCase):
    def test_sluice_comes_first_and_what_is_installed_follows(self):
        chosen, left_out = peers.choose(named(), finds("rsyslogd", "syslog-ng", "fluent-bit"))
        self.assertEqual([peer.name for peer in chosen], ["Sluice", "rsyslog", "syslog-ng", "Fluent Bit"])
        self.assertEqual(left_out, [])

    def test_each_that_is_not_installed_is_left_out_with_one_sentence(self):
        chosen, left_out = peers.choose(named(), finds("syslog-ng"))
        self.assertEqual([peer.name for peer in chosen], ["Sluice", "syslog-ng"])
        self.assertEqual(len(left_out), 2)
        for name, sentence in zip(("rsyslog", "Fluent Bit"), left_out):
            self.assertRegex(sentence, rf"^{name} is left out: [^.]*\.$")

    def test_a_program_that_was_named_and_is_not_there_is_an_error(self):
        for wrong in ({"syslog_ng": "/no/syslog-ng"}, {"syslog_ng_root": "/no"}, {"fluent_bit": "/no/fluent-bit"}):
            with self.subTest(wrong), self.assertRaisesRegex(FileNotFoundError, "/no.* is no program"):
                peers.choose(named(**wrong), finds("rsyslogd"))

    def test_an_unpacked_syslog_ng_finds_its_modules_and_libraries(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(f"{root}/usr/lib/syslog-ng/3.38")
            os.makedirs(f"{root}/usr/lib/x86_64-linux-gnu")
            chosen, _ = peers.choose(named(syslog_ng_root=root), finds(f"{root}/usr/sbin/syslog-ng"))
        self.assertIn(f"{root}/usr/lib/syslog-ng/3.38", chosen[1].command("/work"))
        self.assertIn(f"{root}/usr/lib/x86_64-linux-gnu", chosen[1].environment["LD_LIBRARY_PATH"].split(":"))

    def test_each_configuration_names_its_port_and_each_asks_for_the_same_udp_buffer(self):
        for peer in (peers.Sluice("/bin"), peers.Rsyslog("rsyslogd"), peers.FluentBit("fluent-bit")):
            for protocol in ("tcp", "udp"):
                with self.subTest(peer.name, protocol=protocol), tempfile.TemporaryDirectory() as work:
                    peer.configure(work, protocol, 5514)
                    config = peer.command(work)[-1] if peer.name != "rsyslog" else f"{work}/rsyslog.conf"
                    with open(config) as file:
                        text = file.read()
                    self.assertRegex(text, r"\b5514\b")
                    self.assertEqual(bool(re.search(r"4194304|4MiB", text)), protocol == "udp", text)


class Figures(unittest.TestCase):
    def test_the_median_leaves_out_runs_that_do_not_count(self):
        self.assertEqual(report.median([3, None, 1, 2]), 2)
        self.assertEqual(report.median([0]), 0)
        self.assertIsNone(report.median([None]))
        self.assertIsNone(report.median(None))

    def test_a_cell_has_the_median_and_the_spread_if_there_is_any(self):
        self.assertEqual(report.cell([0.8, 0.7, 0.9], report.three_digits), "0.800 (0.700 to 0.900)")
        self.assertEqual(report.cell([7, 7, 7], report.grouped), "7")
        self.assertEqual(report.cell([None], report.grouped), "–")

    def test_three_digits_are_kept_and_no_more(self):
        for value, words in ((0.78123, "0.781"), (0.9996, "1.00"), (9.996, "10.0"), (12.34, "12.3"), (99.96, "100"), (169.4, "169"),
                             (1234, "1,230"), (410_499, "410,000"), (0, "0.000")):
            self.assertEqual(report.three_digits(value), words)

    def test_a_loss_never_reads_as_none(self):
        self.assertEqual(report.percent(0), "0")
        self.assertEqual(report.percent(1e-6), "under 0.1 %")
        self.assertEqual(report.percent(0.4321), "43.2 %")

    def test_the_rounds_are_collected_by_daemon_and_figure(self):
        rounds = [{"a": {"cpu": 1}, "b": {"cpu": None}}, {"a": {"cpu": 2}}]
        self.assertEqual(report.collect(rounds), {"a": {"cpu": [1, 2]}, "b": {"cpu": [None]}})

    def test_the_table_has_a_row_for_each_and_as_many_cells_in_each_row(self):
        rows = report.table(FIGURES).splitlines()
        self.assertEqual(len(rows), 2 + len(FIGURES))
        self.assertEqual({row.count("|") for row in rows}, {len(report.METRICS) + 2})
        self.assertTrue(rows[2].startswith("| Sluice | 0.800 (0.700 to 0.900) | 400,000 (390,000 to 410,000) | 77 | 15.0 | 0 |"))
        self.assertIn("| – |", rows[4])

    def test_words_are_wrapped_and_none_is_lost(self):
        sentences = ["One is short.", "Another one is " + "long " * 40]
        lines = compare.wrapped(sentences, 50)
        self.assertEqual(" ".join(lines).split(), " ".join(sentences).split())
        self.assertLessEqual(max(map(len, lines)), 50)


class Picture(unittest.TestCase):
    SVG = "{http://www.w3.org/2000/svg}"

    def draw(self, figures, references=()):
        return ElementTree.fromstring(picture.picture(figures, ["Measured <today> & here."], references))

    def words(self, root):
        return [text.text for text in root.iter(f"{self.SVG}text")]

    def test_it_is_well_formed_whatever_the_names_are(self):
        words = self.words(self.draw(FIGURES))
        self.assertIn("a & <b>", words)
        self.assertIn("Measured <today> & here.", words)

    def test_each_bar_stands_for_a_median_and_a_figure_that_is_missing_has_none(self):
        words = self.words(self.draw(FIGURES, ["zstd -19"]))
        self.assertEqual(words.count("Sluice"), 6)
        self.assertEqual(words.count("a & <b>"), 3)  # cpu, bytes, killed
        self.assertIn("0.800", words)
        self.assertIn("49,500", words)

    def test_bars_are_as_long_as_their_values_and_a_far_longer_reference_is_cut(self):
        rows = [("Sluice", [1.0]), ("other", [4.0]), ("slow", [200.0])]
        self.assertEqual(picture.scale(rows, ["slow"]), 4.0)
        self.assertEqual(picture.scale(rows, []), 200.0)
        parts = "".join(picture.chart(0, 0, 400, report.METRICS[0], "CPU", rows, ["slow"]))
        lengths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', parts)]
        self.assertAlmostEqual(lengths[0] * 4, lengths[1], delta=0.5)
        self.assertEqual(lengths[1], lengths[2])
        self.assertEqual(parts.count(f'stroke="{picture.PAPER}"'), 1)

    def test_everything_lies_inside_the_picture(self):
        root = self.draw(FIGURES, ["zstd -19"])
        width, height = (float(root.get(side)) for side in ("width", "height"))
        for bar in root.iter(f"{self.SVG}rect"):
            x, y = float(bar.get("x", 0)), float(bar.get("y", 0))
            self.assertGreaterEqual(min(x, y), 0)
            self.assertLessEqual(x + float(bar.get("width")), width)
            self.assertLessEqual(y + float(bar.get("height")), height)

    def test_all_zero_is_drawn_too(self):
        self.assertEqual(picture.scale([("Sluice", [0, 0]), ("other", [0])], []), 1)


class Process(unittest.TestCase):
    def test_the_cpu_of_children_counts_while_they_run_and_after_they_were_waited_for(self):
        pid = os.fork()
        if pid == 0:
            while os.times().user < 0.05:
                pass
            signal.pause()
        before = measure.cpu_seconds(os.getpid())
        self.assertIn(pid, measure.family(os.getpid()))
        while measure.cpu_seconds(pid) < 0.05:
            pass
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.assertGreaterEqual(measure.cpu_seconds(os.getpid()) - before, 0.04)  # the child may have had a tick before
        self.assertNotIn(pid, measure.family(os.getpid()))


if __name__ == "__main__":
    unittest.main()
