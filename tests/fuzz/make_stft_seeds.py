#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes programs for stft_fuzz.cpp to begin with: make_stft_seeds.py FOLDER."""

import random
import sys

from seed_files import write_seeds

WAY_BACK, STREAM, SPECTRA = 0, 1, 2  # kinds of pipelines
SETTINGS = 12  # bytes
PUSH, DISCONT, GAP, FLUSH, SEGMENT, CAPS, EOS = 0, 200, 210, 220, 225, 230, 240  # commands


def audio(kind, settings, commands):
    return bytes([kind, *settings, *[byte for command in commands for byte in command]])


def seeds():
    usual = [64, 0, 16, 1, 1, 0, 8, 1, 0, 0, 0, 1]
    push = [(PUSH, 100)] * 8
    yield "way-back", audio(WAY_BACK, usual, push + [(EOS, 0)])
    yield "stream", audio(STREAM, usual, push + [(EOS, 0)])
    yield "spectra", audio(SPECTRA, usual, push + [(EOS, 0)])
    yield "gaps", audio(WAY_BACK, usual, push + [(DISCONT, 9), (GAP, 5)] + push + [(EOS, 0)])
    yield "changes", audio(WAY_BACK, usual, push + [(CAPS, 3), (SEGMENT, 1)] + push + [(FLUSH, 0)] + push)
    source = random.Random(1)
    for number in range(8):
        settings = [source.randrange(256) for _ in range(SETTINGS)]
        commands = [(source.randrange(256), source.randrange(256)) for _ in range(30)]
        yield f"random-{number}", audio(number % 3, settings, commands)


def main():
    write_seeds(sys.argv[1], seeds())


if __name__ == "__main__":
    main()
