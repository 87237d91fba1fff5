#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every gst-launch-1.0 line of the README and of the pages under docs/; prints TAP.

Lines are taken from ```sh and ```console blocks. They must end by themselves within 20 s. A block whose
fence says "parse-only" is not run: then each element it names must exist. $CLIP is a real video; a line
that uses it is skipped where that file is missing.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass

from doc_blocks import all_blocks
from repo_files import root_argument

LIMIT_S = 20
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
FACTORY = re.compile(r"^[a-z][a-z0-9_-]*$", re.IGNORECASE)


@dataclass
class LaunchLine:
    place: str
    text: str
    parse_only: bool


def strip_prompt(line):
    return re.sub(r"^\s*\$ ", "", line).strip()


def is_launch(line):
    words = line.split()
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    return bool(words) and words[0] == "gst-launch-1.0"


def join_continued(lines):
    """(number, text) of each logical line; a backslash at the end carries on."""
    start, parts = None, []
    for number, line in lines:
        start = number if start is None else start
        carries_on = line.endswith("\\")
        parts.append(strip_prompt(line.removesuffix("\\")))
        if not carries_on:
            yield start, " ".join(parts)
            start, parts = None, []
    if parts:
        yield start, " ".join(parts)


def all_lines(root):
    for block in all_blocks(root):
        if not block.is_in("sh", "console"):
            continue
        for at, joined in join_continued(block.lines):
            if is_launch(joined):
                yield LaunchLine(f"{block.page}:{at}", joined, "parse-only" in block.words)


def factories(text):
    """The element names of a launch line: the words that are no property, option, pad or caps."""
    words = shlex.split(text)
    words = words[words.index("gst-launch-1.0") + 1:]
    return [word for word in words if FACTORY.match(word)]


def preload():
    """A program of the system needs this to load a plugin with AddressSanitizer in it."""
    library = os.environ.get("TACTUS_PRELOAD")
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0"} if library else {}


def exists(factory):
    # Without a version it would ask for GStreamer's own, and our plugins count from 0.1.
    command = ["gst-inspect-1.0", "--exists", "--atleast-version=0.0", factory]
    return subprocess.run(command, env={**os.environ, **preload()}, check=False).returncode == 0


def check_names(line):
    missing = [name for name in factories(line.text) if not exists(name)]
    return f"no such element: {', '.join(missing)}" if missing else None


def run_line(line, clip):
    """None, or what went wrong."""
    environment = {**os.environ, "CLIP": str(clip), **preload()}
    program = subprocess.Popen(["bash", "-c", f"set -o pipefail; {line.text}"], text=True,
                               env=environment, stdin=subprocess.DEVNULL, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = program.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        output, _ = program.communicate()
        return f"did not end within {LIMIT_S} s\n{output}"
    return None if program.returncode == 0 else f"ended with {program.returncode}\n{output}"


def check(number, line, clip):
    """Prints the TAP result of one line; True if it is fine."""
    what = f"{number} - {line.place}"
    if not line.parse_only and re.search(r"\$\{?CLIP\b", line.text) and not clip.is_file():
        print(f"ok {what} # SKIP the clip {clip} is not there; tools/test fetches it")
        return True
    trouble = check_names(line) if line.parse_only else run_line(line, clip)
    print(f"{'not ok' if trouble else 'ok'} {what}", flush=True)
    if trouble:
        print(f"{line.place}: {line.text}\n{trouble}", file=sys.stderr)
    return not trouble


def main():
    root = root_argument(__doc__.splitlines()[0]).parse_args().root
    if shutil.which("gst-launch-1.0") is None:
        print("1..0 # SKIP gst-launch-1.0 is not installed")
        sys.exit(0)
    clip = pathlib.Path(os.environ.get("TACTUS_CLIP", "no-clip"))
    lines = list(all_lines(root))
    print(f"1..{len(lines)}" if lines else "1..0 # SKIP no page has a launch line")
    results = [check(number, line, clip) for number, line in enumerate(lines, 1)]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
