# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs cases, each in an empty folder of its own, and prints TAP; what they print is no TAP."""

import contextlib
import pathlib
import sys
import tempfile
import traceback
import unittest


def run_case(check):
    """("ok" or "not ok", what follows the name, lines about a failure)"""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        try:
            check(pathlib.Path(folder))
        except unittest.SkipTest as reason:
            return "ok", f" # SKIP {reason}", []
        except Exception as error:  # whatever it is, the other cases still count
            return "not ok", "", traceback.format_exception(error)
    return "ok", "", []


def run_cases(cases):
    """`cases`: [(name, function of a folder)]. Returns the status for sys.exit."""
    failed = False
    print(f"1..{len(cases)}")
    for number, (name, check) in enumerate(cases, 1):
        verdict, directive, lines = run_case(check)
        failed = failed or verdict != "ok"
        print(f"{verdict} {number} - {name}{directive}", flush=True)
        for line in "".join(lines).splitlines():
            print(f"# {line}")
    return 1 if failed else 0
