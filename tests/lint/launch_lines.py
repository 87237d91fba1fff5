#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every launch line of the README, of the pages under docs/ and of the SECTION blocks; prints TAP.

A line must end by itself, on a quiet machine within seconds, and without a warning: a misspelt parameter or a value
out of range gives no more than that. Above a block may stand, with a reason that is printed,

    <!-- parse-only: REASON -->   the pipeline is made, with all its properties, but not run
    <!-- not-run: REASON -->      nothing is done

$CLIP is a real video; a line that uses it is skipped where that file is missing, as is one whose
plugin was not built. $TACTUS_PARSE_LINE is the program that makes a pipeline.
"""

import concurrent.futures
import itertools
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

from launch_sources import ASSIGNMENT, all_lines
from repo_files import root_argument

LIMIT_S = 60
AT_ONCE = 3  # most of them wait for a live source's clock
# Of GLib, of an element (except that the machine is too slow), and of the tracer.
WARNING = re.compile(r"""^(.*\b(WARNING|CRITICAL)\ \*\*:.*
                         |WARNING:\ (?!from\ element\ \S+:\ A\ lot\ of\ buffers\ are\ being\ dropped).*
                         |clockcalib:\ (?!report\ in\ |metrics\ at\ ).*)$""", re.VERBOSE | re.MULTILINE)
# gst-launch-1.0 prints warnings among all else, and a line may look for one thing there.
SHELL = 'set -o pipefail; grep() { tee /dev/stderr | command grep "$@"; }; '
NO_DRIVER = "No Vulkan device can be used: there is no Vulkan driver"


def preload():
    """A program of the system needs this to load a plugin with AddressSanitizer in it."""
    library = os.environ.get("TACTUS_PRELOAD")
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0"} if library else {}


def run_command(command, environment):
    """None, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        program = subprocess.Popen(command, text=True, env={**os.environ, **environment}, cwd=folder,
                                   stdin=subprocess.DEVNULL, start_new_session=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = program.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            output, _ = program.communicate()
            return f"did not end within {LIMIT_S} s\n{output}"
    if program.returncode != 0:
        return f"ended with {program.returncode}\n{output}"
    warning = WARNING.search(output)
    return f"warned: {warning.group()}\n{output}" if warning else None


def pipeline_words(text):
    """The words of a launch line that describe the pipeline."""
    words = shlex.split(text)
    while ASSIGNMENT.match(words[0]):
        words.pop(0)
    return [word for word in words[1:] if not word.startswith("-")]


def factory_exists(name):
    # Without a version it would ask for GStreamer's own, and our plugins count from 0.1.
    command = ["gst-inspect-1.0", "--exists", "--atleast-version=0.0", name]
    return subprocess.run(command, env={**os.environ, **preload()}, check=False).returncode == 0


def missing_plugins(root):
    """Names of ours that this build does not have; of a tracer there is a probe to ask for."""
    factories = {page.stem: page.stem for page in root.glob("docs/elements/*.md")}
    if "clockcalib" in factories:
        factories["clockcalib"] = "clockcalib-probe"
    return [name for name, factory in factories.items() if not factory_exists(factory)]


class Checker:
    def __init__(self, root):
        self.clip = pathlib.Path(os.environ.get("TACTUS_CLIP", "no-clip"))
        self.parser = os.environ.get("TACTUS_PARSE_LINE")
        self.missing = missing_plugins(root)

    def reason_to_skip(self, line):
        if line.mark == "not-run":
            return line.reason
        for name in self.missing:
            if re.search(rf"(?<![\w-]){name}(?!\w)", line.text):
                return f"{name} was not built"
        if line.mark == "parse-only" and self.parser is None:
            return "$TACTUS_PARSE_LINE is not set"
        if line.mark is None and re.search(r"\$\{?CLIP\b", line.text) and not self.clip.is_file():
            return f"the clip {self.clip} is not there; tools/test fetches it"
        return None

    def check(self, line):
        """(fine, what to print behind the place, what went wrong)"""
        if line.trouble:
            return False, "", line.trouble
        if skip := self.reason_to_skip(line):
            return True, f" # SKIP {skip}", ""
        if line.mark == "parse-only":
            trouble = run_command([self.parser, *pipeline_words(line.text)],
                                  {"ASAN_OPTIONS": "detect_leaks=0"})
            return trouble is None, f" (made, not run: {line.reason})", trouble
        trouble = run_command(["bash", "-c", SHELL + line.text],
                              {**preload(), "CLIP": str(self.clip)})
        if trouble and NO_DRIVER in trouble:
            return True, " # SKIP there is no Vulkan driver", ""
        return trouble is None, "", trouble

    def check_page(self, lines):
        """One after the other, as the reader does: a line may need what the one before has made."""
        return [(line, *self.check(line)) for line in lines]


def main():
    root = root_argument(__doc__.splitlines()[0]).parse_args().root
    if shutil.which("gst-launch-1.0") is None:
        print("1..0 # SKIP gst-launch-1.0 is not installed")
        sys.exit(0)
    lines = list(all_lines(root))
    print(f"1..{len(lines)}" if lines else "1..0 # SKIP no page has a launch line")
    factory_exists("fakesink")  # fills the registry before several read it
    checker, failed = Checker(root), False
    pages = [list(group) for _, group in itertools.groupby(lines, lambda line: line.page)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = itertools.chain.from_iterable(pool.map(checker.check_page, pages))
        for number, (line, fine, remark, trouble) in enumerate(results, 1):
            print(f"{'ok' if fine else 'not ok'} {number} - {line.place}{remark}", flush=True)
            if not fine:
                failed = True
                print(f"{line.place}: {line.text}\n{trouble}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
