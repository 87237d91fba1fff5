#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the launch lines of tools/demo on a video of two seconds, with sound and without; prints TAP.

usage: demo_parts_test.py BUILD_DIR
"""

import functools
import pathlib
import subprocess
import sys
import unittest

from tap_cases import run_cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "story"))

import call_parts  # noqa: E402 (found by the line above)
import live_parts  # noqa: E402
import stage  # noqa: E402

PICTURES = ("videotestsrc num-buffers=20 pattern=ball ! video/x-raw,width=320,height=240,"
            "framerate=10/1 ! theoraenc ! queue ! mux. ")
SOUND = "audiotestsrc num-buffers=86 wave=ticks ! audioconvert ! vorbisenc ! queue ! mux. "


def make_video(path, sources):
    subprocess.run(["gst-launch-1.0", "-q", *(sources + "oggmux name=mux ! filesink").split(),
                    f"location={path}"], check=True, timeout=60)


def made_stage(build, folder, sources=None, variables=None):
    out = folder / "out"
    out.mkdir()
    if sources:
        make_video(folder / "a.ogv", sources)
    return stage.Stage(build, out, folder / "a.ogv" if sources else None, variables=variables or {})


def played(function, made):
    """Result and blocks; a machine without what the part needs skips the case, as it skips the part."""
    try:
        result, blocks, status = function(made)
    except stage.Skipped as reason:
        raise unittest.SkipTest(reason) from None
    assert status == 0
    return result, blocks


def images(blocks):
    return [entry for block in blocks if block["kind"] == "pictures" for entry in block["pictures"]]


def check_images(blocks, count):
    found = images(blocks)
    assert len(found) == count, found
    for entry in found:
        assert pathlib.Path(entry["path"]).stat().st_size > 1000, entry


def rows(blocks):
    return {row[0]: row for block in blocks if block["kind"] == "table" for row in block["rows"]}


def check_silent(build, folder):
    made = made_stage(build, folder, PICTURES)
    assert live_parts.frame_rate(made) == 10
    assert not live_parts.has_sound(made)
    result, blocks = played(live_parts.find_edges, made)
    check_images(blocks, 2)
    assert "rate=12" in next(block["line"] for block in blocks if block.get("caption") == "The live run")
    if made.plugin("clockcalib").exists():
        assert rows(blocks)["ringqueue"][1] == "20", rows(blocks)
        assert "of 20 frames" in result, result


def check_sounding(build, folder):
    made = made_stage(build, folder, PICTURES + SOUND)
    assert live_parts.has_sound(made)
    _, blocks = played(live_parts.find_edges, made)
    check_images(blocks, 3)
    if made.plugin("clockcalib").exists():
        assert int(rows(blocks)["simdspectrogram"][2]) > 10, rows(blocks)


def grey_rows(path, folder):
    """The rows of a PNG picture of 1120 by 360 pixels as brightnesses."""
    raw = folder / "raw"
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={path}",
                    *"! pngdec ! videoconvert ! video/x-raw,format=GRAY8 ! filesink".split(),
                    f"location={raw}"], check=True, timeout=60)
    data = raw.read_bytes()
    assert len(data) == 1120 * 360, len(data)
    return [data[at:at + 1120] for at in range(0, len(data), 1120)]


def check_spectrogram(build, folder):
    """All recordings are in the picture, not the last alone: each eighth has something bright."""
    _, blocks = played(call_parts.draw_sound, made_stage(build, folder))
    check_images(blocks, 1)
    rows_shown = grey_rows(images(blocks)[0]["path"], folder)
    for part in range(8):
        bright = sum(value > 100 for row in rows_shown[10:330]
                     for value in row[60 + part * 120:60 + (part + 1) * 120])
        assert bright > 200, f"eighth {part}: {bright} bright pixels"


def check_no_driver(build, folder):
    """Without a Vulkan driver the part is skipped, and the reason is vkcompute's own."""
    made = made_stage(build, folder, PICTURES, dict.fromkeys(
        ("VK_DRIVER_FILES", "VK_ICD_FILENAMES"), "/nonexistent"))
    if not made.plugin("vkcompute").exists():
        raise unittest.SkipTest("vkcompute is not built")
    try:
        live_parts.find_edges(made)
    except stage.Skipped as reason:
        assert "there is no Vulkan driver" in str(reason), reason
    else:
        raise AssertionError("it was not skipped")


CASES = [("edges of a video without sound are drawn and measured", check_silent),
         ("edges of a video with sound have its spectrogram beside them", check_sounding),
         ("the recordings are drawn", check_spectrogram),
         ("without a Vulkan driver the edges are skipped", check_no_driver)]


if __name__ == "__main__":
    build_dir = pathlib.Path(sys.argv[1])
    sys.exit(run_cases([(name, functools.partial(check, build_dir)) for name, check in CASES]))
