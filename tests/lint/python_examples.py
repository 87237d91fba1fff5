#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every ```python block of the README and of the pages under docs/; prints TAP.

A block must be a whole program that ends by itself. It is run by the system's Python, which is the one
that has PyGObject in its packages; without what it imports it is compiled only, and skipped.
"""

import os
import re
import subprocess
import sys

from doc_blocks import all_blocks
from repo_files import root_argument

LIMIT_S = 30
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
IMPORT = re.compile(r"^(?:import|from) (\w+)", re.MULTILINE)


def run_python(program):
    """(exit status, what it printed)"""
    try:
        run = subprocess.run([PYTHON, "-"], input=program, timeout=LIMIT_S, text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return 1, f"did not end within {LIMIT_S} s"
    return run.returncode, run.stdout


def reason_to_skip(source):
    for module in IMPORT.findall(source):
        if run_python(f"import {module}")[0]:
            return f"{PYTHON} has no {module}"
    return "a sanitizer is in the plugins" if os.environ.get("TACTUS_PRELOAD") else None


def check(block):
    """(why it was not run, what went wrong)"""
    source = "\n".join(text for _, text in block.lines)
    try:
        compile(source, block.page, "exec")
    except SyntaxError as error:
        return None, str(error)
    if skip := reason_to_skip(source):
        return skip, None
    status, output = run_python(source)
    return None, f"ended with {status}\n{output}" if status else None


def main():
    root = root_argument(__doc__.splitlines()[0]).parse_args().root
    blocks = [block for block in all_blocks(root) if block.is_in("python")]
    print(f"1..{len(blocks)}" if blocks else "1..0 # SKIP no page has a Python example")
    failed = False
    for number, block in enumerate(blocks, 1):
        skip, trouble = check(block)
        print(f"{'not ok' if trouble else 'ok'} {number} - {block.page}:{block.lines[0][0]}"
              f"{f' # SKIP {skip}' if skip else ''}", flush=True)
        if trouble:
            failed = True
            print(trouble, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
