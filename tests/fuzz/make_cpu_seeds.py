#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes texts about CPUs, good and bad, as seeds into a folder."""

import sys

from seed_files import write_seeds

SEEDS = ["", "0", "0-3,8", "0-15:2/4", "node:1", "l3:0", "package:0", "core:3", "auto", "auto,1",
         "near:eth0", "near:0000:61:00.0", "near:61:00.0,0", "node:9", "3-1", "8191", "8192", "0-8191",
         "1,", ",", "-", "0-7:0/0", "node:", "near:../../x", " 0 , 1 ", "99999999999999999999"]


def main():
    write_seeds(sys.argv[1], ((f"{number:02}", text.encode()) for number, text in enumerate(SEEDS)))


if __name__ == "__main__":
    main()
