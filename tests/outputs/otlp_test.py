#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends spans to a real HTTP collector on loopback and decodes them with protoc."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import unittest

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
SENDER = sys.argv.pop(1)
# A buffer makes a root and a child; the microphone's share of a mixed one a root alone.
BUFFERS = 300
SPANS = 2 * BUFFERS + BUFFERS // 3


class Collector(http.server.ThreadingHTTPServer):
    """Answers with the statuses given, then with 200; `hang` keeps it from answering."""

    daemon_threads = True

    def __init__(self, statuses=(), port=0, hang=False, answer=b""):
        super().__init__(("127.0.0.1", port), Handler)
        self.statuses = list(statuses)
        self.answer = answer
        self.bodies = []
        self.requests = []
        self.asked = threading.Event()
        self.released = threading.Event()
        if not hang:
            self.released.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_):
        """A sender that stopped waiting for an answer is part of the test."""

    def close(self):
        self.released.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, self.headers["Content-Type"]))
        self.server.asked.set()
        self.server.released.wait()
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.bodies.append(body)
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "1")
        answer = self.server.answer if status == 200 else b""
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def sender(url, queue=4096, stop_ms=20000):
    environment = {**os.environ, "no_proxy": "127.0.0.1"}
    with subprocess.Popen([SENDER, url, str(BUFFERS), str(queue), str(stop_ms)], env=environment,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.wait(timeout=60)


def finish(process):
    """Stops the exporter: its counts and the last trouble, and what it complained of meanwhile."""
    out, _ = process.communicate(timeout=60)
    lines = out.splitlines()
    trouble = lines[-2].removeprefix("trouble: ")
    return {**json.loads(lines[-1]), "trouble": trouble}, [line for line in lines if line.startswith("error: ")]


def unescape(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def text_format(lines):
    """protoc's text form as {field: [values]}."""
    message = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith("{"):
            message.setdefault(line[:-2], []).append(text_format(lines))
        else:
            key, value = line.split(": ", 1)
            value = unescape(value[1:-1]) if value.startswith('"') else value
            message.setdefault(key, []).append(value)
    return message


def decode(body):
    run = subprocess.run(["protoc", f"--proto_path={SUPPORT}", "--decode=otlp_subset.Request",
                          "otlp_subset.proto"], input=body, capture_output=True, check=True)
    text = run.stdout.decode()
    unknown = re.findall(r"^\s*\d+[: ].*", text, re.MULTILINE)
    assert not unknown, unknown
    return text_format(iter(text.splitlines()))


def spans_of(bodies):
    return [span for body in bodies for resource in decode(body)["resource_spans"]
            for scope in resource["scope_spans"] for span in scope["spans"]]


class Export(unittest.TestCase):
    def collector(self, **options):
        collector = Collector(**options)
        self.addCleanup(collector.close)
        return collector

    def send_all(self, collector, **options):
        with sender(collector.url, **options) as process:
            return finish(process)

    @unittest.skipUnless(shutil.which("protoc"), "protoc is not installed")
    def test_spans_parse_and_hang_together(self):
        collector = self.collector()
        stats, errors = self.send_all(collector)
        self.assertEqual((stats["sent"], errors), (SPANS, []))
        self.assertEqual(stats["trouble"], "")
        self.assertEqual(set(collector.requests), {("/v1/traces", "application/x-protobuf")})
        spans = spans_of(collector.bodies)
        self.assertEqual(len(spans), SPANS)
        known = {(span["trace_id"][0], span["span_id"][0]) for span in spans}
        self.assertEqual(len(known), SPANS)
        for span in spans:
            self.assertEqual((len(span["trace_id"][0]), len(span["span_id"][0])), (16, 8))
            start, end = int(span["start_time_unix_nano"][0]), int(span["end_time_unix_nano"][0])
            self.assertLessEqual(start, end)
            self.assertGreater(start, 1_700_000_000_000_000_000)
            if "parent_span_id" in span:
                self.assertIn((span["trace_id"][0], span["parent_span_id"][0]), known)
            for link in span.get("links", []):
                self.assertIn((link["trace_id"][0], link["span_id"][0]), known)
                self.assertNotEqual(link["trace_id"], span["trace_id"])
        self.assertEqual(sum(len(span.get("links", [])) for span in spans), 2 * BUFFERS // 3)
        children = [span for span in spans if "parent_span_id" in span]
        self.assertEqual({span["name"][0] for span in children}, {b"queue0"})
        self.assertEqual(len(children), BUFFERS)

    def test_a_collector_that_comes_up_late_gets_everything(self):
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        with sender(f"http://127.0.0.1:{port}") as process:
            said = {process.stdout.readline().split(":")[0].strip() for _ in range(2)}
            self.assertEqual(said, {"error", "fed"})
            self.collector(port=port)
            stats, _ = finish(process)
        self.assertEqual((stats["sent"], stats["dropped"], stats["unsent"]), (SPANS, 0, 0))
        self.assertGreater(stats["tries"], 1)

    def test_what_does_not_fit_into_the_queue_is_counted(self):
        collector = self.collector(hang=True)
        with sender(collector.url, queue=100) as process:
            self.assertEqual(process.stdout.readline(), "fed\n")
            collector.released.set()
            stats, _ = finish(process)
        self.assertGreater(stats["dropped"], 0)
        self.assertEqual(stats["sent"] + stats["dropped"], SPANS)

    def test_503_with_retry_after_is_tried_again(self):
        collector = self.collector(statuses=[503])
        with sender(collector.url) as process:
            said = {process.stdout.readline().split(":")[0].strip() for _ in range(2)}
            self.assertEqual(said, {"error", "fed"})
            stats, _ = finish(process)
        self.assertEqual((stats["sent"], stats["refused"]), (SPANS, 0))

    def test_400_gives_the_batch_up_and_says_so_once(self):
        collector = self.collector(statuses=[400] * 1000)
        stats, errors = self.send_all(collector)
        self.assertEqual((stats["sent"], stats["refused"]), (0, SPANS))
        self.assertEqual(stats["tries"], len(collector.requests))
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("400", errors[0])
        self.assertEqual(stats["trouble"], "HTTP status 400")

    def test_a_partial_success_is_counted(self):
        # partial_success { rejected_spans: 2 error_message: "no" }
        collector = self.collector(answer=b"\x0a\x06\x08\x02\x12\x02no")
        stats, errors = self.send_all(collector)
        self.assertEqual(stats["refused"], 2 * len(collector.bodies))
        self.assertEqual(stats["sent"] + stats["refused"], SPANS)
        self.assertIn("no", errors[0])
        self.assertEqual(stats["trouble"], "no")

    def test_a_collector_that_hangs_does_not_hold_up_the_end(self):
        collector = self.collector(hang=True)
        with sender(collector.url, stop_ms=50) as process:
            collector.asked.wait()
            stats, _ = finish(process)
        self.assertEqual((stats["sent"], stats["unsent"]), (0, SPANS))
        self.assertEqual(stats["trouble"], "no answer in time")

    def test_a_refused_connection_is_called_that(self):
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        with sender(f"http://127.0.0.1:{port}") as process:
            stats, _ = finish(process)
        self.assertEqual(stats["unsent"], SPANS)
        self.assertIn("Connection refused", stats["trouble"])

    def test_a_url_that_is_none_is_an_error_that_names_it(self):
        for url in ("ftp://host", "http://", "http://host:port", "no url", ""):
            run = subprocess.run([SENDER, url, "1", "1", "1"], stdin=subprocess.DEVNULL, text=True,
                                 capture_output=True, check=False, timeout=60)
            self.assertEqual(run.returncode, 1, url)
            self.assertIn(f'"{url}"', run.stderr)
            self.assertIn("http://127.0.0.1:4318", run.stderr)


if __name__ == "__main__":
    unittest.main()
