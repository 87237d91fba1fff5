#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hears a tone and sees motion: for each tenth of a second the strongest band of the sound (simdfft),
and how much of the picture differs from the frame before, counted on the GPU (vkcompute).

    tone_and_motion.py [FREQUENCY [PATTERN]]     440 ball; or what else audiotestsrc, videotestsrc have
"""

import struct
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

RATE, BANDS = 48000, 2401  # a band is RATE / 2 / (BANDS - 1) = 10 Hz wide
SOUND = """audiotestsrc samplesperbuffer=480 num-buffers=100 freq={} ! audio/x-raw,rate={} !
    simdfft bands={} message-format=bytes ! fakesink"""
PICTURE = """videotestsrc num-buffers=10 pattern={} ! video/x-raw,format=GRAY8,framerate=10/1 !
    vkcompute shader=motion post-results=true ! fakesink"""


def show_sound(spectrum):
    # With message-format=bytes a field is one block of float32, a number for each band.
    block = spectrum.get_value("magnitude").get_data()
    magnitudes = struct.unpack(f"{len(block) // 4}f", block)
    strongest = max(range(BANDS), key=magnitudes.__getitem__)
    frequency = strongest * RATE / 2 / (BANDS - 1)
    print(f"{seconds(spectrum)} sound: {frequency:7.1f} Hz at {magnitudes[strongest]:.1f} dB")


def show_motion(results):
    # The fields are the members of the block `Result` in gst/vkcompute/shaders/motion.comp.
    compared = results.get_value("bytes")  # 0 in the first frame, which has none before it
    if compared > 0:
        print(f"{seconds(results)} picture: {100 * results.get_value('moved') / compared:.1f} % moved")


def seconds(structure):
    return f"{structure.get_value('timestamp') / Gst.SECOND:4.1f} s"


def run(description, name, show):
    """Plays it to its end; hands the element messages of that name to `show`. Returns an error."""
    pipeline = Gst.parse_launch(description)
    bus, error = pipeline.get_bus(), None
    pipeline.set_state(Gst.State.PLAYING)
    while True:
        message = bus.timed_pop(Gst.CLOCK_TIME_NONE)
        structure = message.get_structure()
        if message.type == Gst.MessageType.ELEMENT and structure.has_name(name):
            show(structure)
        elif message.type == Gst.MessageType.ERROR:
            error = message.parse_error().gerror.message
            break
        elif message.type == Gst.MessageType.EOS:
            break
    pipeline.set_state(Gst.State.NULL)
    return error


def main():
    frequency, pattern = (sys.argv[1:] + ["440", "ball"][len(sys.argv) - 1:])[:2]
    Gst.init(None)
    errors = [run(SOUND.format(frequency, RATE, BANDS), "spectrum", show_sound),
              run(PICTURE.format(pattern), "vkcompute-results", show_motion)]
    for error in filter(None, errors):
        print(error, file=sys.stderr)
    return 1 if any(errors) else 0


if __name__ == "__main__":
    sys.exit(main())
