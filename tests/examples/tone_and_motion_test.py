#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the example tone_and_motion.py, with two tones and two pictures; prints TAP."""

import os
import pathlib
import re
import subprocess
import sys

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples" / "tone_and_motion.py"
BINDINGS = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst"
NO_VULKAN = "No Vulkan device can be used"


def interpreter():
    """A Python that has PyGObject and GStreamer's typelib: this one, or the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            if subprocess.run([python, "-c", BINDINGS], capture_output=True, check=False).returncode == 0:
                return python
        except OSError:
            continue
    return None


def run_example(python, tone, pattern):
    # A program of the system needs this to load a plugin with AddressSanitizer in it.
    library = os.environ.get("TACTUS_PRELOAD")
    preload = {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0"} if library else {}
    return subprocess.run([python, EXAMPLE, str(tone), pattern], env={**os.environ, **preload},
                          capture_output=True, text=True, timeout=100, check=False)


def figures(run, pattern):
    return [float(text) for text in re.findall(pattern, run.stdout)]


def results(runs):
    """(what, True, False or why it is skipped, the figure)"""
    for (tone, pattern), run in runs.items():
        tones = figures(run, r"sound: +([\d.]+) Hz")
        yield f"each of ten messages has {tone} Hz", tones == [float(tone)] * 10, tones
        if NO_VULKAN in run.stderr:
            yield f"motion in {pattern}", "there is no Vulkan driver", ""
            continue
        moved = figures(run, r"picture: ([\d.]+) % moved")
        yield f"nine frames of {pattern} follow another", len(moved) == 9, len(moved)
        right = all(part > 0 for part in moved) if pattern == "ball" else not any(moved)
        yield f"motion in {pattern}", right, f"{moved} %"
        yield "it ends well", run.returncode == 0, run.returncode


def main():
    python = interpreter()
    if python is None:
        print("1..0 # SKIP no python3 here has PyGObject and GStreamer's typelib "
              "(packages python3-gi, gir1.2-gstreamer-1.0)")
        return 0
    runs = {case: run_example(python, *case) for case in [(1000, "ball"), (440, "black")]}
    found = list(results(runs))
    print(f"1..{len(found)}")
    failed = False
    for number, (what, holds, figure) in enumerate(found, 1):
        skipped = isinstance(holds, str)
        failed |= not holds
        end = f" # SKIP {holds}" if skipped else f": {figure}"
        print(f"{'ok' if holds else 'not ok'} {number} - {what}{end}")
    if failed:
        print("\n".join(run.stderr for run in runs.values()), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
