#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles every ```c block of the README and of the pages under docs/; prints TAP.

The blocks of a page are one file, in their order: so one may use what another defines. They must be
complete, with their includes, and without a warning. Complaints name the line of the page.
"""

import itertools
import shutil
import subprocess
import sys

from doc_blocks import all_blocks
from repo_files import root_argument

# An example shows functions that an application would call.
COMPILE = ["-x", "c", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
           "-Wno-unused-function", "-Wno-unused-parameter", "-"]


def source_of(blocks):
    lines = []
    for block in blocks:
        lines += [f'#line {number} "{block.page}"\n{text}' for number, text in block.lines]
    return "\n".join(lines) + "\n"


def main():
    root = root_argument(__doc__.splitlines()[0]).parse_args().root
    flags = subprocess.run(["pkg-config", "--cflags", "gstreamer-1.0"], capture_output=True,
                           text=True, check=False)
    compiler = shutil.which("cc")
    if compiler is None or flags.returncode != 0:
        print("1..0 # SKIP there is no cc, or no pkg-config that knows gstreamer-1.0")
        sys.exit(0)
    blocks = [block for block in all_blocks(root) if block.is_in("c")]
    pages = [(page, list(group)) for page, group in itertools.groupby(blocks, lambda b: b.page)]
    print(f"1..{len(pages)}" if pages else "1..0 # SKIP no page has a C example")
    failed = False
    for number, (page, group) in enumerate(pages, 1):
        run = subprocess.run([compiler, *flags.stdout.split(), *COMPILE], input=source_of(group),
                             capture_output=True, text=True, check=False)
        failed |= run.returncode != 0
        print(f"{'not ok' if run.returncode else 'ok'} {number} - {page}", flush=True)
        sys.stderr.write(run.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
