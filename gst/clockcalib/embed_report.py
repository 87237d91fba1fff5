#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the C++ source of the report's page: embed_report.py TEMPLATE PART... OUTPUT.

In the template "@include NAME@" stands for the text of the part of that name, and "@data@", once, for
the place where the report puts its JSON.
"""

import pathlib
import re
import sys

HEAD = """// Made by embed_report.py; do not edit.
#include "clockcalib/report_page.h"

namespace tactus {

namespace {

"""
BYTES_A_LINE = 24


def page(template, parts):
    used = set()

    def text_of(match):
        used.add(match[1])
        return parts[match[1]]

    text = re.sub(r"@include (\S+)@", text_of, template)
    unused = sorted(set(parts) - used)
    if unused:
        raise ValueError(f"the template does not include {', '.join(unused)}")
    if text.count("@data@") != 1:
        raise ValueError(f"'@data@' stands {text.count('@data@')} times in the page, not once")
    return text.split("@data@")


def array(name, text):
    """As numbers: compilers limit how long a string literal may be."""
    data = text.encode("utf-8")
    lines = [",".join(str(byte) for byte in data[at:at + BYTES_A_LINE]) + ","
             for at in range(0, len(data), BYTES_A_LINE)]
    return f"constexpr unsigned char {name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def function(name, data):
    return (f"std::string_view {name}() {{\n"
            f"    return {{reinterpret_cast<const char*>({data}), sizeof({data})}};\n}}\n")


def main():
    template, *parts, output = map(pathlib.Path, sys.argv[1:])
    texts = {part.name: part.read_text(encoding="utf-8") for part in parts}
    try:
        head, tail = page(template.read_text(encoding="utf-8"), texts)
    except (KeyError, ValueError) as error:
        sys.exit(f"{template}: {error}")
    output.write_text(HEAD + array("kHead", head) + array("kTail", tail) + "\n} // namespace\n\n" +
                      function("report_page_head", "kHead") +
                      function("report_page_tail", "kTail") + "\n} // namespace tactus\n",
                      encoding="utf-8")


if __name__ == "__main__":
    main()
