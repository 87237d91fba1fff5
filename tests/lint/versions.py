#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What differs between versions is met in gst/glue: who asks for GStreamer's, and who uses deprecated API."""

import re

from repo_files import cpp_files, report, root_argument

CHECK = re.compile(r"\b(GST_CHECK_VERSION|GST_VERSION_(MAJOR|MINOR|MICRO|NANO)"
                   r"|GST_DISABLE_DEPRECATED|gst_version\s*\()")
DEPRECATED = re.compile(r"\b(GLIB_DISABLE_DEPRECATION_WARNINGS|G_GNUC_BEGIN_IGNORE_DEPRECATIONS)\b"
                        r"|\"-Wdeprecated")
# How each plugin says what it was built with.
PLUGIN = re.compile(r"\bGST_PLUGIN_DEFINE\(GST_VERSION_MAJOR, GST_VERSION_MINOR,")

# The one file that may, what it looks like, and what all others do.
RULES = [("gst/glue/gst_version.h", CHECK, "ask runs_gst() of"),
         ("gst/glue/value_array.cpp", DEPRECATED, "deprecated API is wrapped in")]


def problems(root):
    for path in cpp_files(root):
        text = (root / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            for place, pattern, advice in RULES:
                if str(path) != place and pattern.search(PLUGIN.sub("", line)):
                    yield f"{path}:{number}: {advice} {place}: {line.strip()}"


if __name__ == "__main__":
    report(list(problems(root_argument(__doc__).parse_args().root)), "versions")
