#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums the single cases of one or more Meson test runs into one line.

Meson counts programs; people count cases. The cases come from Meson's JUnit file, the verdict on each
program from its JSON log. Both are needed: the JUnit file of Meson 1.0 shows a plain program that
timed out as passed, and a GoogleTest program that crashed leaves no cases behind at all. Such a program
counts as one failed case.

Exit status: 0 if something ran and nothing failed, 1 otherwise.
"""

import argparse
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

BAD_RESULTS = {"FAIL", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS", "ERROR"}

# The last line of a libcheck (gst-check) program.
CHECK_LINE = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.MULTILINE)

# XML 1.0 has no such characters (section 2.2), but what a failed test prints may, colours for instance,
# and Meson 1.0 writes them as they are.
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Summary:
    passed: int = 0
    failures: list = field(default_factory=list)  # names
    skips: list = field(default_factory=list)  # (name, reason)

    def line(self):
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped"

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips


def short_name(record):
    """The name a test has in its meson.build; the log writes 'project:suite / name'."""
    return record["name"].split(" / ", 1)[-1]


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def plain_reason(text):
    """The last line said, without the plan of a TAP program that skips as a whole."""
    return re.sub(r"^1\.\.0\s*#\s*SKIP\s*", "", last_line(text)) or "no reason given"


def load_records(log):
    """One record per program. A repeated test leaves several."""
    with log.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream if line.strip()]


def owner_of(suite_name, names):
    """The test that a JUnit suite belongs to. It is named project.test or project.test.suite, where the
    test may come with or without 'project:suite / ' in front, as the version of Meson likes it."""
    rest = suite_name.partition(".")[2]
    fits = [(len(form), name) for name in names for form in (name, name.split(" / ", 1)[-1])
            if rest == form or rest.startswith(form + ".")]
    return max(fits)[1] if fits else None


def load_suites(junit, names):
    """Test name -> those JUnit suites that have one element per case."""
    suites = {}
    if junit.is_file():
        text = NOT_IN_XML.sub("\ufffd", junit.read_text(encoding="utf-8", errors="replace"))
        for suite in ElementTree.fromstring(text).iter("testsuite"):
            owner = owner_of(suite.get("name", ""), names)
            if owner:
                suites.setdefault(owner, []).append(suite)
    return suites


def skip_reason(case, skipped):
    """What the case said when it skipped; GoogleTest puts file and line in front."""
    said = skipped.get("message") or skipped.text or case.findtext("system-out") or ""
    return plain_reason(said)


def case_label(name, case):
    group, what = case.get("classname", ""), case.get("name", "")
    # For TAP Meson writes the test's own name there once more.
    return f"{name}: {what}" if name in group or not group else f"{name}: {group}.{what}"


def count_cases(name, suites):
    summary = Summary()
    for suite in suites:
        for case in suite.iter("testcase"):
            label = case_label(name, case)
            skipped = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                summary.failures.append(label)
            elif skipped is not None:
                summary.skips.append((label, skip_reason(case, skipped)))
            elif case.get("status") == "notrun":
                summary.skips.append((label, "disabled"))
            else:
                summary.passed += 1
    return summary


def count_check_lines(name, output):
    """libcheck programs print totals, not single cases."""
    summary = Summary()
    for checks, failures, errors in CHECK_LINE.findall(output):
        bad = int(failures) + int(errors)
        summary.passed += int(checks) - bad
        summary.failures += [name] * bad
    return summary


def count_program(record, suites):
    name = short_name(record)
    output = record.get("stdout") or ""
    result = record["result"]
    if result == "SKIP" and not suites:
        return Summary(skips=[(name, plain_reason(output or record.get("stderr")))])
    if suites:
        summary = count_cases(name, suites)
    elif CHECK_LINE.search(output):
        summary = count_check_lines(name, output)
    else:
        summary = Summary(passed=0 if result in BAD_RESULTS else 1)
    if result in BAD_RESULTS and not summary.failures:
        summary.failures.append(f"{name} ({result.lower()})")
    return summary


def summarize(build, logbase):
    logs = build / "meson-logs"
    total = Summary()
    log = logs / f"{logbase}.json"
    if not log.is_file():
        return total
    records = load_records(log)
    suites = load_suites(logs / f"{logbase}.junit.xml", {record["name"] for record in records})
    seen = set()
    for record in records:
        name = record["name"]
        # The cases of a repeated test are all in its suites: count those once.
        total.add(count_program(record, [] if name in seen else suites.get(name, [])))
        seen.add(name)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="+", help="build directory, or DIRECTORY:LOGBASE")
    parser.add_argument("--gates-passed", type=int, default=0, help="further checks that passed")
    parser.add_argument("--step-failed", metavar="NAME",
                        help="what ended badly; counts unless a failed case already tells why")
    options = parser.parse_args()

    total = Summary(passed=options.gates_passed)
    for build in options.build:
        directory, _, logbase = build.partition(":")
        total.add(summarize(pathlib.Path(directory), logbase or "testlog"))
    if options.step_failed and not total.failures:
        total.failures.append(options.step_failed)
    for name, reason in total.skips:
        print(f"skipped: {name}: {reason}")
    for name in total.failures:
        print(f"failed: {name}")
    print(total.line())
    ran = total.passed + len(total.failures) + len(total.skips)
    return 1 if total.failures or ran == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
