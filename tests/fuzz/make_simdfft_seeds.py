#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes inputs for simdfft_fuzz.cpp into a folder: each element, whole and with events.

usage: make_simdfft_seeds.py FOLDER
"""

import random
import sys

from seed_files import write_seeds

DISCONT, GAP, FLUSH, CHANGE = 220, 232, 240, 250


def header(form=0, layout=1, rate=0, face=0, settings=(60, 0, 33, 2, 90, 0, 16, 1, 0)):
    return bytes([form, layout, rate, face, *settings])


def pieces(count, dice):
    return bytes(b for _ in range(count) for b in (dice.randrange(8), dice.randrange(256)))


def seeds():
    dice = random.Random(3)
    for face in range(11):
        yield f"face_{face}", header(form=face % 2, face=face) + pieces(20, dice)
    for form in range(14):
        yield f"format_{form}", header(form=form, face=form % 2) + pieces(10, dice)
    yield "planar", header(layout=0x82) + pieces(20, dice)
    yield "multi_channel", header(form=1, layout=3, settings=(60, 0, 33, 7, 90, 0, 0, 0, 0)) + pieces(20, dice)
    yield "rare_rates", header(rate=6) + pieces(20, dice)
    for form in range(3):
        yield f"filter_{form}", header(form=form, face=128) + pieces(20, dice)
        yield f"pictures_{form}", header(form=form, face=129 + 2 * form) + pieces(20, dice)
    for event in (DISCONT, GAP, FLUSH, CHANGE):
        for face in (0, 1, 7, 128, 129):
            yield (f"event_{event}_{face}",
                   header(form=1, face=face) + pieces(8, dice) + bytes([event, 40]) + pieces(8, dice))


def main():
    write_seeds(sys.argv[1], seeds())


if __name__ == "__main__":
    main()
