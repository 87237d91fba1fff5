#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opens reports in headless Chromium and compares what they show with the JSON beside them; TAP.

usage: report_page_test.py MAKE_REPORT
"""

import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT_S = 90
CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"]
UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}
VOID = {"meta", "link", "br", "img", "input", "hr", "base"}


class Page(html.parser.HTMLParser):
    """The parts of a rendered page that hold figures."""

    def __init__(self, text):
        super().__init__()
        self.cells = {}      # (table, row, field): text
        self.facts = {}      # fact: text
        self.boxes = {}      # element id: words in its box of the graph
        self.texts = {"script-error": "", "summary": "", "sections": ""}
        self.rendered = False
        self.stack = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "body":
            self.rendered = attrs.get("data-rendered") == "true"
        if tag not in VOID:
            self.stack.append((tag, attrs))
        if "data-element" in attrs:
            self.boxes[attrs["data-element"]] = []
        if "data-field" in attrs:
            self.cells[self.cell_key()] = ""

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def nearest(self, name):
        return next((attrs[name] for _, attrs in reversed(self.stack) if name in attrs), None)

    def cell_key(self):
        return self.nearest("data-table"), self.nearest("data-row"), self.nearest("data-field")

    def handle_data(self, data):
        if not self.stack or self.stack[-1][0] in ("script", "style", "title"):
            return
        if self.nearest("data-field"):
            self.cells[self.cell_key()] += data
        if self.nearest("data-fact"):
            self.facts[self.nearest("data-fact")] = data
        if self.nearest("data-element"):
            self.boxes[self.nearest("data-element")].append(data)
        for _, attrs in self.stack:
            if attrs.get("id") in self.texts:
                self.texts[attrs["id"]] += data


def open_page(path):
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run(
            ["chromium", *CHROMIUM, f"--user-data-dir={profile}", "--window-size=1600,1200",
             "--dump-dom", path.as_uri()],
            capture_output=True, timeout=LIMIT_S, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"chromium ended with {run.returncode}: {run.stderr.decode()[-2000:]}")
    return Page(run.stdout.decode("utf-8"))


def at(row, field):
    for key in field.split("."):
        row = row[key]
    return row


def number_of(text):
    """Nanoseconds, ppm or a count, from "1.25 ms", "−3.100 ppm", "1,800"."""
    match = re.fullmatch(r"(?:± )?(−?)([\d,.]+)(?: (ns|µs|ms|s|ppm))?", text)
    if not match:
        raise AssertionError(f"'{text}' is no number")
    value = float(match[2].replace(",", "")) * UNITS.get(match[3], 1)
    return -value if match[1] else value


def is_shown_as(value, text):
    """Durations have three significant digits, ppm three decimals, counts are exact."""
    if value is None:
        return text == "–"
    if isinstance(value, str):
        return text == value
    shown = number_of(text)
    if text.endswith("ppm"):
        return abs(shown - value) <= 0.0005001
    if re.search(r"[nµm ]s$", text):
        return abs(shown - value) <= abs(value) * 0.00501
    return shown == value


def expected_rows(data):
    """(table, row's id, the JSON it must show)."""
    for element in data["elements"]:
        yield "elements", str(element["id"]), element
    for path in data["paths"]:
        sink = next((e for e in data["elements"] if e["id"] == path["sink_element_id"]),
                    {"buffers_in": path["buffers"]})
        yield ("paths", f"{path['source_element_id']}-{path['sink_element_id']}",
               {**path, "sink": sink})
    for queue in data["gpu_queues"]:
        yield "gpu_queues", f"{queue['device']}/{queue['queue']}", queue
    for clock in data["clock_health"]["clocks"]:
        yield "clocks", clock["name"], clock
    for timer in data["clock_health"]["timers"]:
        yield "timers", timer["scheduling_class"], timer


def is_unmeasured(row, field):
    """What was never measured is shown as a dash and not as 0."""
    group = row.get(field.split(".")[0])
    if isinstance(group, dict) and group.get("count") == 0:
        return True
    return bool(row.get("unavailable")) and field in ("stalls", "lateness.count") or (
        field == "last_jump_ns" and row["jumps"] == 0)


def compare_tables(page, data):
    compared = 0
    for table, row_id, row in expected_rows(data):
        fields = [key[2] for key in page.cells if key[:2] == (table, row_id)]
        assert fields, f"table {table} has no row {row_id}"
        for field in fields:
            if field == "path" and table == "paths":
                continue
            value = None if is_unmeasured(row, field) else at(row, field)
            text = page.cells[table, row_id, field]
            assert is_shown_as(value, text), f"{table} {row_id} {field}: {value} shown as '{text}'"
            compared += 1
    return compared


def compare_graph(page, data):
    linked = {edge[end] for edge in data["edges"] for end in ("src_element_id", "dst_element_id")}
    for element in data["elements"]:
        if element["id"] not in linked:
            continue
        words = page.boxes[str(element["id"])]
        for group in ("residence", "self"):
            if element[group]["count"] == 0:
                continue
            label = words.index(group)
            p50, p99 = words[label + 1:label + 3]
            assert is_shown_as(element[group]["p50_ns"], p50), f"{element['name']}: {group} {p50}"
            assert is_shown_as(element[group]["p99_ns"], p99), f"{element['name']}: {group} {p99}"


def compare(page, data):
    assert page.texts["script-error"] == "", page.texts["script-error"]
    assert page.rendered, "the script did not reach its end"
    compare_graph(page, data)
    for fact, value in data["totals"].items():
        assert is_shown_as(value, page.facts[fact]), f"{fact}: {page.facts[fact]}"
    if data["paths"]:
        worst = max(data["paths"], key=lambda path: path["oldest"]["p99_ns"])
        shown, _, basis = page.texts["summary"].rpartition("P99 ")[2].partition(" (")
        assert is_shown_as(worst["oldest"]["p99_ns"], shown), page.texts["summary"]
        assert is_shown_as(worst["buffers"], basis.partition(" of ")[0]), page.texts["summary"]
    return compare_tables(page, data)


def check_sample(page, data):
    assert compare(page, data) > 350
    assert page.texts["summary"].startswith("2 pipelines, 19 elements, worst path camera → screen")
    incidents = [key for key in page.cells if key[0] == "incidents" and key[2] == "kind"]
    assert len(incidents) == len(data["incidents"]["list"])


def check_large(page, data):
    assert compare(page, data) > 500
    assert len(page.boxes) == 60


def check_empty(page, data):
    compare(page, data)
    text = page.texts["sections"]
    for words in ("No element has been seen.", "No buffer has gone all the way",
                  "Nothing has arrived", "No element published GPU work",
                  "The clocks have not been sampled."):
        assert words in text, f"'{words}' is not said"


def check_hostile(page, data):
    compare(page, data)
    assert page.cells["elements", "1", "name"] == data["elements"][0]["name"]
    assert page.cells["elements", "2", "name"] == "<!--<script>"
    assert page.cells["elements", "3", "name"] == "not UTF-8: \ufffd\ufffd"


def check_can_fail(page, data):
    """A page that shows other figures than the JSON is noticed."""
    data["elements"][2]["residence"]["p99_ns"] *= 1.02
    try:
        compare(page, data)
    except AssertionError:
        return
    raise AssertionError("a difference of 2 % was not noticed")


CASES = [("a usual report shows what is in its JSON", "sample", check_sample),
         ("a difference would be noticed", "sample", check_can_fail),
         ("60 elements are all there", "large", check_large),
         ("a report without data says so", "empty", check_empty),
         ("no name can break the page", "hostile", check_hostile)]


def main():
    if shutil.which("chromium") is None:
        print("1..0 # SKIP chromium is not installed")
        return 0
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, kind, check) in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "report.html"
            subprocess.run([sys.argv[1], kind, str(path)], check=True)
            try:
                check(open_page(path), json.loads(path.with_suffix(".json").read_text("utf-8")))
                why = None
            except (AssertionError, RuntimeError, KeyError, ValueError) as error:
                why = f"{type(error).__name__}: {error}"
        failed += why is not None
        print(f"{'not ok' if why else 'ok'} {number} - {name}", flush=True)
        if why:
            print(f"# {why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
