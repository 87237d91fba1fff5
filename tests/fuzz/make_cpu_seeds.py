#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes texts about CPUs, good and bad, as seeds into a folder."""

import pathlib
import sys

SEEDS = ["", "0", "0-3,8", "0-15:2/4", "node:1", "l3:0", "package:0", "core:3", "auto", "auto,1",
         "near:eth0", "near:0000:61:00.0", "near:61:00.0,0", "node:9", "3-1", "8191", "8192", "0-8191",
         "1,", ",", "-", "0-7:0/0", "node:", "near:../../x", " 0 , 1 ", "99999999999999999999"]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(SEEDS):
        (folder / f"{number:02}").write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
