#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GStreamer's version is asked for in gst/glue/gst_version.h alone."""

import re

from repo_files import cpp_files, report, root_argument

PLACE = "gst/glue/gst_version.h"
CHECK = re.compile(r"\b(GST_CHECK_VERSION|GST_VERSION_(MAJOR|MINOR|MICRO|NANO)"
                   r"|GST_DISABLE_DEPRECATED|gst_version\s*\()")
# How each plugin says what it was built with.
PLUGIN = re.compile(r"\bGST_PLUGIN_DEFINE\(GST_VERSION_MAJOR, GST_VERSION_MINOR,")


def problems(root):
    for path in cpp_files(root):
        if str(path) == PLACE:
            continue
        text = (root / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if CHECK.search(PLUGIN.sub("", line)):
                yield f"{path}:{number}: ask runs_gst() of {PLACE}: {line.strip()}"


if __name__ == "__main__":
    report(list(problems(root_argument(__doc__).parse_args().root)), "versions")
