#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the example noise-gate on a recording of speech with noise added; prints TAP.

    noise_gate_test.py PROGRAM RECORDING
"""

import array
import math
import pathlib
import random
import subprocess
import sys
import tempfile
import wave

NOISE = 600  # of 32768: some 20 dB below the speech
LEAD_S = 0.5  # of nothing but noise, before and behind the speech


def read(path):
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1, file.getparams()
        return file.getframerate(), list(array.array("h", file.readframes(file.getnframes())))


def write(path, rate, samples):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(array.array("h", samples).tobytes())


def power(samples):
    return sum(s * s for s in samples) / len(samples)


def decibels(ratio):
    return 10 * math.log10(ratio)


def error_db(samples, clean):
    return decibels(power([a - b for a, b in zip(samples, clean)]) / power(clean))


def gated(program, folder, rate, samples):
    write(folder / "in.wav", rate, samples)
    subprocess.run([program, folder / "in.wav", folder / "out.wav"], check=True, timeout=60)
    return read(folder / "out.wav")[1]


def results(program, recording):
    """(what, whether it holds, the figure)"""
    rate, speech = read(recording)
    lead = int(LEAD_S * rate)
    clean = [0] * lead + speech + [0] * lead
    noise = random.Random(1)
    noisy = [max(-32768, min(32767, round(s + noise.gauss(0, NOISE)))) for s in clean]
    with tempfile.TemporaryDirectory() as folder:
        out = gated(program, pathlib.Path(folder), rate, noisy)
        kept = gated(program, pathlib.Path(folder), rate, clean)
    yield "the length stays", len(out) == len(clean), f"{len(out)} of {len(clean)} samples"
    quiet = decibels(power(noisy[-lead:]) / power(out[-lead:]))
    yield "noise behind the speech goes", quiet > 15, f"{quiet:.1f} dB quieter"
    before, after = error_db(noisy, clean), error_db(out, clean)
    yield "the whole comes nearer to the speech", before - after > 3, f"{before - after:.1f} dB"
    change = error_db(kept, clean)
    yield "speech without noise stays", change < -15, f"{change:.1f} dB differ"


def main():
    failed = 0
    found = list(results(sys.argv[1], pathlib.Path(sys.argv[2])))
    print(f"1..{len(found)}")
    for number, (what, holds, figure) in enumerate(found, 1):
        print(f"{'ok' if holds else 'not ok'} {number} - {what}: {figure}")
        failed += not holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
