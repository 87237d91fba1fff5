#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the example call-over-udp; prints TAP.

    call_test.py PROGRAM
"""

import re
import subprocess
import sys

OURS = {"jitterbuffer"}
FRAMES = 5 * 1000 // 20  # of 20 ms in a call of 5 s


def missing_element(text):
    """The name of an element of others that the machine lacks, or None."""
    found = re.search(r"There is no element (\w+)", text)
    return found[1] if found and found[1] not in OURS else None


def results(run):
    """(what, whether it holds, the figure)"""
    yield "it ends well", run.returncode == 0, f"status {run.returncode}"
    counts = re.search(r"jitterbuffer: (\d+) packets played, (\d+) lost, delay in the end ([\d.]+) ms",
                       run.stdout)
    played, lost, delay_ms = map(float, counts.groups()) if counts else (0, 0, 0)
    yield "packets are played", played > 0, f"{played:.0f}"
    # The first packet may be any of them, and the last ones are still on their way.
    yield "no more packets than were sent", played + lost <= FRAMES + 10, f"{played + lost:.0f}"
    # The network delays by 60 ms at most; what this machine adds under load is on top.
    yield "the delay is within rtpbin's latency", 0 < delay_ms <= 1000, f"{delay_ms} ms"
    held = re.search(r"clockcalib: call/rtpbin0/jitterbuffer\d* holds each buffer for ([\d.]+) ms",
                     run.stdout)
    yield "clockcalib sees the jitterbuffer hold them", bool(held), held[1] if held else run.stdout


def main():
    run = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=False)
    element = missing_element(run.stderr)
    if element:
        print(f"1..0 # SKIP there is no element {element}")
        return 0
    found = list(results(run))
    print(f"1..{len(found)}")
    for number, (what, holds, figure) in enumerate(found, 1):
        print(f"{'ok' if holds else 'not ok'} {number} - {what}: {figure}")
    if not all(holds for _, holds, _ in found):
        print(run.stderr, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
