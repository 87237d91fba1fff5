#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks each command of the tree for help, and gives it what it cannot take; prints TAP.

    commands.py [PROGRAM...]

Those are every executable file in tools/ and .ci/, and the programs that are named. Help goes to the
standard output and the status is 0. What is wrong is named on the standard error, the status is 2, and
nothing is begun. The manual pages have the options that the help has.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 60
WRONG_INPUT = 2
NONSENSE = "--no-such-option"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# argparse asks for what it needs before it looks at what it does not know.
NEEDED = {"plot-playout-delay": ["."], "report-screenshots": ["a.html"], "summarize_junit.py": ["."],
          "update-docs": ["."]}
# Command, arguments, and what of those is wrong.
WRONG_VALUES = [
    ("demo", ["--only", "nosuch"], "nosuch"),
    ("demo", ["--network", "nosuch"], "nosuch"),
    ("demo", ["--streams", "65"], "65"),
    ("demo", ["--seconds", "3601"], "3601"),
    ("demo", ["--only", "call", "--seconds", "301"], "301"),
    ("demo", ["--seconds", "301", "--call"], "301"),
    ("demo", ["--seconds"], "--seconds"),
    ("demo", ["--video", "/nosuch.avi"], "/nosuch.avi"),
    ("demo", ["--json", "/nosuch/a.json"], "/nosuch/a.json"),
    ("demo", ["--page", "/nosuch/a.html"], "/nosuch/a.html"),
    ("demo", ["--only", "call", "--wav-dir", "/dev/null/a"], "/dev/null/a"),
    ("demo", ["--only", "live", "--network", "wifi"], "--network"),
    ("test", ["--build-dir"], "--build-dir"),
    ("test-on-debian", ["Trixie!"], "Trixie!"),
    ("test-on-debian", ["--mirror"], "--mirror"),
    ("build-packages", ["--out", "/dev/null/a"], "/dev/null/a"),
    ("shader-gallery", ["/nosuch"], "/nosuch"),
    ("spectrogram-gallery", [".", "a", "much"], "much"),
    ("plot-playout-delay", ["/nosuch"], "/nosuch"),
    ("report-screenshots", ["/nosuch.html"], "/nosuch.html"),
    ("update-docs", ["/nosuch"], "/nosuch"),
    ("numapin-lab", ["--rounds", "0"], "0"),
    ("clockcalib-top", ["--interval", "0"], "0"),
    ("clockcalib-top", ["localhost:often"], "localhost:often"),
    ("clockcalib-top", ["localhost:65536"], "localhost:65536"),
    ("clockcalib-top", ["http://"], "http://"),
    ("numapin-doctor", ["--interval", "often", "1"], "often"),
    ("numapin-doctor", ["--interval"], "--interval"),
    ("numapin-doctor", ["init"], "init"),
    ("numapin-doctor", ["1", "2"], "'2'"),
    ("numapin-doctor", [], "which process"),
    ("live-analysis", ["--streams", "65"], "65"),
    ("voice-call", ["--seconds", "301"], "301"),
]


def scripts():
    return [path for folder in ("tools", ".ci") for path in sorted((ROOT / folder).iterdir())
            if path.is_file() and os.access(path, os.X_OK)]


def run(command, arguments, folder):
    return subprocess.run([command, *arguments], cwd=folder, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=LIMIT_S, check=False)


def no_help(command, folder):
    """What is wrong with the help, or None."""
    done = run(command, ["--help"], folder)
    if done.returncode != 0 or done.stderr:
        return f"status {done.returncode}, and on the standard error {done.stderr!r}"
    return None if command.name in done.stdout else f"help that does not name it: {done.stdout!r}"


def not_refused(command, arguments, named, folder):
    """What is wrong with the answer to wrong arguments, or None."""
    done = run(command, arguments, folder)
    if done.returncode != WRONG_INPUT:
        return f"status {done.returncode}, {done.stdout!r}, {done.stderr!r}"
    if named not in done.stderr or command.name not in done.stderr:
        return f"the error does not name {named!r}: {done.stderr!r}"
    return f"more than the error: {done.stdout!r}" if done.stdout else None


def stale_manual(command, page, folder):
    """Which options the help and the manual page do not both have, or None."""
    in_help = set(OPTION.findall(run(command, ["--help"], folder).stdout))
    in_page = set(OPTION.findall(page.read_text(encoding="utf-8").replace("\\-", "-")))
    return f"only one of help and manual page has {in_help ^ in_page}" if in_help ^ in_page else None


def cases(commands):
    for name, command in commands.items():
        yield f"{name} --help", no_help, (command,)
        yield f"{name} {NONSENSE}", not_refused, (command, [NONSENSE, *NEEDED.get(name, [])], NONSENSE)
    for name, arguments, named in WRONG_VALUES:
        if name in commands:
            yield f"{name} {' '.join(arguments)}", not_refused, (commands[name], arguments, named)
    for page in sorted((ROOT / "docs" / "man").glob("*.1")):
        if page.stem in commands:
            yield f"{page.name} and {page.stem} --help", stale_manual, (commands[page.stem], page)


def main():
    commands = {path.name: path for path in
                [*scripts(), *(pathlib.Path(name).resolve() for name in sys.argv[1:])]}
    tried = list(cases(commands))
    print(f"1..{len(tried)}")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, check, arguments) in enumerate(tried, 1):
            wrong = check(*arguments, folder)
            failed = failed or bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
            if wrong:
                print(f"{name}: {wrong}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
