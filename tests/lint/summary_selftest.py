# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives tools/summarize_junit.py the logs of small test runs, and looks at its last line; prints TAP."""

import json
import pathlib
import subprocess
import sys
import tempfile

SUMMARIZE = pathlib.Path(__file__).resolve().parents[2] / "tools" / "summarize_junit.py"


def record(name, result, stdout=""):
    return {"name": "tactus:core / " + name, "result": result, "stdout": stdout}


def suite(name, cases):
    return f'<testsuite name="tactus.{name}">{cases}</testsuite>'


PASSED = '<testcase classname="Ring" name="holds"/>'
FAILED = '<testcase classname="Ring" name="drops"><failure>{}</failure></testcase>'
SKIPPED = '<testcase classname="Ring" name="waits"><skipped message="no clock"/></testcase>'

# What it is, the records, the suites, and what is said at the end.
CASES = [
    ("cases are counted, not programs", [record("ring", "OK")], [suite("ring", PASSED + PASSED)],
     "2 passed, 0 failed, 0 skipped"),
    ("a failed and a skipped case", [record("ring", "FAIL")],
     [suite("ring", PASSED + FAILED.format("no") + SKIPPED)], "1 passed, 1 failed, 1 skipped"),
    ("colours in what a failed case printed", [record("ring", "FAIL")],
     [suite("ring", PASSED + FAILED.format("\x1b[31mCRITICAL\x1b[0m \x00"))],
     "1 passed, 1 failed, 0 skipped"),
    ("a program that crashed leaves no cases", [record("ring", "ERROR")], [],
     "0 passed, 1 failed, 0 skipped"),
    ("a program that timed out after a case", [record("ring", "TIMEOUT")], [suite("ring", PASSED)],
     "1 passed, 1 failed, 0 skipped"),
    ("a program of gst-check", [record("pads", "OK", "100%: Checks: 3, Failures: 0, Errors: 0")], [],
     "3 passed, 0 failed, 0 skipped"),
    ("a program that skips as a whole", [record("vm", "SKIP", "1..0 # SKIP no kernel")], [],
     "0 passed, 0 failed, 1 skipped"),
    ("nothing ran", [], [], "0 passed, 0 failed, 0 skipped"),
]


def summary(records, suites):
    with tempfile.TemporaryDirectory() as folder:
        logs = pathlib.Path(folder) / "meson-logs"
        logs.mkdir()
        (logs / "testlog.json").write_text("".join(json.dumps(one) + "\n" for one in records))
        (logs / "testlog.junit.xml").write_text(f"<testsuites>{''.join(suites)}</testsuites>")
        return subprocess.run([sys.executable, SUMMARIZE, folder], text=True, capture_output=True,
                              check=False)


def main():
    status = 0
    for number, (what, records, suites, wanted) in enumerate(CASES, 1):
        done = summary(records, suites)
        said = (done.stdout.splitlines() or [""])[-1]
        should_fail = ", 0 failed" not in wanted or not records
        good = said == wanted and (done.returncode != 0) == should_fail
        if not good:
            status = 1
            print(f"# wanted {wanted!r}, got {said!r}, status {done.returncode}: {done.stderr}")
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
    print(f"1..{len(CASES)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
