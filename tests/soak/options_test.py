#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/soak refuses wrong input before it installs or builds anything; prints TAP."""

import functools
import pathlib
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "outputs"))

from tap_cases import run_cases  # noqa: E402 (found by the line above)

# What is passed, and what the answer must name.
WRONG = [
    (["--minutes", "0.4"], "0.5 to 10080, not '0.4'"),
    (["--minutes", "10081"], "not '10081'"),
    (["--minutes", "ten"], "not 'ten'"),
    (["--minutes", "nan"], "not 'nan'"),
    (["--seed", "-1"], "not '-1'"),
    (["--seed", "1.5"], "not '1.5'"),
    (["--seed"], "--seed needs a value"),
    (["--json", "no-such-folder/soak.json"], "no-such-folder/soak.json"),
    (["--speed", "2"], "--speed"),
]


def check_refusal(options, told, folder):
    build = folder / "build"
    answer = subprocess.run(
        [TESTS.parent / "tools" / "soak", "--no-install", "--build-dir", build, *options],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 2, answer
    assert told in answer.stderr, answer
    assert answer.stdout == "" and not build.exists(), answer


if __name__ == "__main__":
    sys.exit(run_cases([
        (" ".join(options) + " is refused with status 2, before the build",
         functools.partial(check_refusal, options, told)) for options, told in WRONG]))
