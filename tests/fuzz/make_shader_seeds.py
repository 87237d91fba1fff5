#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes inputs for shader_fuzz.cpp into a folder: a header, an empty cache, and edits of a module.

usage: make_shader_seeds.py FOLDER
"""

import random
import struct
import sys

from seed_files import write_seeds


def edits(dice, count):
    return b"\2" + b"".join(struct.pack("<HI", dice.randrange(65536), dice.randrange(1 << 31))
                            for _ in range(count))


def seeds():
    dice = random.Random(1)
    yield "header", b"\0" + struct.pack("<5I", 0x07230203, 0x00010500, 0, 8, 0)
    yield "cache", b"\1" + struct.pack("<3I", 0x54535056, 1, 6) + b"12.0.0" + struct.pack("<I", 0)
    for index in range(24):
        yield f"edits-{index}", edits(dice, 1 + index % 3)


def main():
    write_seeds(sys.argv[1], seeds())


if __name__ == "__main__":
    main()
