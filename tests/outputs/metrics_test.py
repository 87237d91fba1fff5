#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scrapes a real metrics endpoint; checks the format, the dashboard and clockcalib-top with it."""

import contextlib
import json
import pathlib
import re
import socket
import subprocess
import sys
import threading
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "docs" / "clockcalib-dashboard.json"
TOP = ROOT / "tools" / "clockcalib-top"
SERVER = sys.argv.pop(1)
LABELS = r'(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})?'
SAMPLE = re.compile(r"([a-z_:][a-z0-9_:]*)" + LABELS + r" (\S+)")


@contextlib.contextmanager
def server(address="127.0.0.1:0"):
    with subprocess.Popen([SERVER, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


@contextlib.contextmanager
def served_text(text, http=True):
    """Answers the first one who asks with this text; the address."""
    def answer(listener):
        with listener.accept()[0] as connection:
            connection.recv(4096)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n" if http else ""
            connection.sendall((head + text).encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def scrape(address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{address}/metrics", timeout=30) as answer:
        return answer.read().decode()


def parse(text):
    """{family: (type, [(name, labels, value)])}; a line that is not well-formed is an error."""
    families = {}
    family = None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in families, f"{family} comes twice"
            families[family] = [None, []]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family, f"TYPE {name} after HELP {family}"
            families[family][0] = kind
        elif line:
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line}"
            assert re.fullmatch(re.escape(family) + r"(_bucket|_sum|_count)?", match[1]), line
            families[family][1].append((match[1], match[2] or "", float(match[3])))
    return families


class Endpoint(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with server() as address:
            cls.text = scrape(address)
            cls.address = address
        cls.families = {name: family for name, family in parse(cls.text).items()
                        if not name.startswith("exposer_")}

    def value(self, name, *labels):
        family = self.families[re.sub("_(bucket|sum|count)$", "", name)]
        found = [value for sample, have, value in family[1]
                 if sample == name and all(label in have for label in labels)]
        self.assertEqual(len(found), 1, f"{name} {labels}")
        return found[0]

    def test_listens_on_loopback_and_tells_the_port(self):
        self.assertRegex(self.address, r"^127\.0\.0\.1:[1-9]\d*$")

    def test_names_follow_the_conventions(self):
        for name, (kind, samples) in self.families.items():
            self.assertTrue(name.startswith("tactus_"), name)
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
            keys = [(sample, labels) for sample, labels, _ in samples]
            self.assertEqual(len(keys), len(set(keys)), f"{name}: labels come twice")

    def test_histograms_are_cumulative_and_end_with_their_count(self):
        histograms = [name for name, (kind, _) in self.families.items() if kind == "histogram"]
        self.assertGreaterEqual(len(histograms), 6)
        for name in histograms:
            series = {}
            for sample, labels, value in self.families[name][1]:
                rest = re.sub(r',?le="[^"]*"', "", labels)
                series.setdefault(rest, {}).setdefault(sample, []).append((labels, value))
            for rest, samples in series.items():
                counts = [value for _, value in samples[name + "_bucket"]]
                self.assertEqual(counts, sorted(counts), f"{name} {rest}")
                self.assertIn('le="+Inf"', samples[name + "_bucket"][-1][0])
                self.assertEqual(counts[-1], samples[name + "_count"][0][1])

    def test_numbers_are_those_of_the_snapshot_in_base_units(self):
        queue = 'element="queue0"'
        self.assertEqual(self.value("tactus_element_dropped_buffers_total", queue), 3)
        self.assertEqual(self.value("tactus_element_residence_seconds_count", queue), 4)
        self.assertAlmostEqual(self.value("tactus_element_residence_seconds_sum", queue), 12.003034)
        residence = "tactus_element_residence_seconds_bucket"
        self.assertEqual(self.value(residence, queue, 'le="10"'), 3)
        self.assertEqual(self.value(residence, queue, 'le="+Inf"'), 4)
        self.assertEqual(self.value("tactus_cpu_frequency_max_hertz"), 3.6e9)
        self.assertAlmostEqual(self.value("tactus_clock_drift_ratio", 'clock="realtime"'), 12.5e-6)
        worst = self.value("tactus_path_latency_quantile_seconds", 'quantile="1"')
        self.assertAlmostEqual(worst, 0.09)

    def test_quotes_in_names_are_escaped(self):
        self.assertIn(r'source="camera\"0\""', self.text)

    def test_a_taken_port_is_an_error_that_says_so(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            run = subprocess.run([SERVER, address], stdin=subprocess.DEVNULL, text=True,
                                 capture_output=True, check=False, timeout=60)
        self.assertEqual(run.returncode, 1)
        self.assertIn(address, run.stderr)
        self.assertIn("Address already in use", run.stderr)

    def test_ipv6_works_or_is_an_error_that_names_it(self):
        run = subprocess.run([SERVER, "[::1]:0"], stdin=subprocess.DEVNULL, text=True,
                             capture_output=True, check=False, timeout=60)
        if run.returncode == 0:
            self.assertRegex(run.stdout, r"^\[::1\]:[1-9]")
        else:
            self.assertIn('"[::1]:0"', run.stderr)

    def test_each_query_of_the_dashboard_names_exported_metrics(self):
        exported = {sample for _, samples in self.families.values() for sample, _, _ in samples}
        dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        queries += [variable["query"]["query"] for variable in dashboard["templating"]["list"]
                    if variable["type"] == "query"]
        self.assertGreater(len(queries), 15)
        for query in queries:
            names = re.findall(r"\btactus_\w+", query)
            self.assertTrue(names, query)
            for name in names:
                self.assertIn(name, exported, query)
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))


class Top(unittest.TestCase):
    @staticmethod
    def run_top(*arguments, columns="100"):
        return subprocess.run([sys.executable, TOP, *arguments], capture_output=True, text=True,
                              check=False, timeout=60,
                              env={"COLUMNS": columns, "PYTHONIOENCODING": "utf-8", "PATH": "/usr/bin"})

    def test_once_prints_paths_elements_and_health(self):
        with server() as address:
            run = self.run_top(address, "--once")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r'camera"0" → screen +4\d\.\d ms +90\.\d ms +90\.0 ms')
        self.assertRegex(run.stdout, r"queue0 +3\d\.\d µs +12\.0 s +12\.0 s +1 +3 +1\.1\d µs")
        self.assertIn("realtime +12.50 ppm, 1 jumps", run.stdout)
        self.assertIn("2 records did not fit", run.stdout)
        self.assertNotIn("\033", run.stdout)

    def test_a_narrow_terminal_costs_columns_not_lines(self):
        with server() as address:
            run = self.run_top(address, "--once", columns="50")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertLessEqual(max(len(line) for line in run.stdout.splitlines()), 50)
        self.assertIn("queue0", run.stdout)
        self.assertNotIn("drops/s", run.stdout)

    def test_a_pipeline_is_no_line_of_its_own(self):
        elements = "".join(
            f'tactus_element_out_buffers_total{{element="{element}",pipeline="{pipeline}"}} 1\n'
            for element, pipeline in (("queue0", "one"), ("one", ""), ("loose", "")))
        with served_text(elements) as address:
            run = self.run_top(address, "--once")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(re.findall(r"^(\w+) +(?:-|0) ", run.stdout, re.MULTILINE), ["loose", "queue0"])

    def test_what_speaks_no_http_is_an_error_that_says_so(self):
        with served_text("220 mail\n", http=False) as address:
            run = self.run_top(address, "--once")
        self.assertEqual(run.returncode, 1)
        self.assertIn("does not speak HTTP", run.stderr)
        self.assertNotIn("Traceback", run.stderr)

    def test_nobody_listening_is_an_error_that_says_what_to_do(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = self.run_top(address, "--once")
        self.assertEqual(run.returncode, 1)
        self.assertIn(address, run.stderr)
        self.assertIn("clockcalib(metrics=", run.stderr)
        self.assertNotIn("Traceback", run.stderr)


if __name__ == "__main__":
    unittest.main()
