#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each source, script and meson.build names its authors and licence in its first three lines."""

import re

from repo_files import repo_files, report, root_argument

SUFFIXES = {".cpp", ".h", ".c", ".hpp", ".inc", ".py", ".sh", ".pml", ".comp", ".glsl"}
LINES = ("SPDX-FileCopyrightText: The gst-tactus authors",
         "SPDX-License-Identifier: LGPL-2.1-or-later")


def head(path):
    with path.open("rb") as stream:
        lines = [stream.readline(500) for _ in range(3)]
    return [line.decode("utf-8", "replace").rstrip() for line in lines]


def is_script(path):
    with path.open("rb") as stream:
        return stream.read(2) == b"#!"


def is_checked(root, path):
    if path.suffix in SUFFIXES or path.name == "meson.build":
        return True
    return path.suffix == "" and is_script(root / path)


def missing(lines):
    """The SPDX lines that are not there. A comment mark may stand before and after each."""
    return [wanted for wanted in LINES
            if not any(re.fullmatch(rf"[\s/*#;-]*{re.escape(wanted)}[\s*/]*", line)
                       for line in lines)]


def main():
    root = root_argument(__doc__).parse_args().root
    found = [f"{path}:1: no line '{wanted}' in the first three"
             for path in repo_files(root) if is_checked(root, path)
             for wanted in missing(head(root / path))]
    report(found, "SPDX lines")


if __name__ == "__main__":
    main()
