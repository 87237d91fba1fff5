#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every C++ file is as clang-format 14 would write it."""

import shutil
import subprocess
import sys

from repo_files import cpp_files, report, root_argument

# Other versions disagree in small things, so only this one counts.
TOOL = "clang-format-14"


def problems(root):
    files = [str(path) for path in cpp_files(root)]
    if not files:
        return []
    command = [TOOL, f"--style=file:{root / '.clang-format'}", "--dry-run", "-Werror", *files]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return []
    complaints = [line for line in run.stderr.splitlines() if "[-Wclang-format-violations]" in line]
    return complaints or [run.stderr.strip() or f"{TOOL} ended with {run.returncode}"]


def main():
    options = root_argument(__doc__).parse_args()
    if shutil.which(TOOL) is None:
        print(f"{TOOL} is not installed")
        sys.exit(77)
    found = problems(options.root)
    if found:
        print(f"To mend it: {TOOL} -i FILE")
    report(found, "formatting")


if __name__ == "__main__":
    main()
