#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the parts of the demonstration one after the other; ends with a table and an HTML page.

tools/demo calls it after the build. The status is 0 if every part ran or was skipped for a reason, 1 if
one failed, missed its goal or none ran, 2 for wrong input.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import textwrap
import time

import call_parts
import live_parts
import page
from stage import Failed, Skipped, Stage

WRONG_INPUT = 2
INTERRUPTED = 130
TABLE_WIDTHS = (80, 120)    # from, to

# (group, id, name, what is seen, the function that plays it)
PARTS = [
    ("live", "queues", "Live analysis",
     "A camera gives 120 frames per second, the analysis manages 35. How old is a frame when its "
     "analysis starts? That depends on the queue between them.", live_parts.compare_queues),
    ("live", "edges", "Edges on the GPU",
     "The same video through a pinned thread, a leaky ring and a compute shader that finds edges. "
     "Without a GPU, Mesa's lavapipe runs the shader on the CPU.", live_parts.find_edges),
    ("call", "call", "A voice call over a bad network",
     "Real voice, a network with a queue that fills and drains, and the same packets through three "
     "jitter buffers.", call_parts.simulate_call),
    ("call", "live-call", "The call, live",
     "Two receivers in real time, over UDP on this machine.", call_parts.call_live),
    ("call", "sound", "Sound as a picture",
     "What the callers say, as simdspectrogram draws it.", call_parts.draw_sound),
]


def play(stage, part):
    """What the page shows of a part (see page.py), and the status that it asks for."""
    _, part_id, name, what, function = part
    shown = {"id": part_id, "name": name, "what": what, "state": "done", "reason": "",
             "result": "", "blocks": []}
    start, status = time.monotonic(), 0
    try:
        shown["result"], shown["blocks"], status = function(stage)
    except Skipped as reason:
        shown.update(state="skipped", reason=str(reason))
    except (Failed, OSError) as reason:
        shown.update(state="failed", reason=str(reason))
        status = getattr(reason, "status", 1)
    shown["seconds"] = round(time.monotonic() - start, 1)
    return shown, status


def outcome(part):
    return part["result"] if part["state"] == "done" else f"{part['state']}: {part['reason']}"


def print_table(parts):
    """Name and time, and what came out; words wrap at the width of a terminal."""
    indent = max(len(part["name"]) for part in parts) + 10
    width = min(max(shutil.get_terminal_size().columns, TABLE_WIDTHS[0]), TABLE_WIDTHS[1])
    print()
    for part in parts:
        head = f"{part['name']:<{indent - 10}} {part['seconds']:5.0f} s  "
        print(textwrap.fill(outcome(part), width, initial_indent=head,
                            subsequent_indent=" " * indent))


def cpu_model():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines
                 if line.startswith("model name")), "unknown CPU")


def facts():
    try:
        version = subprocess.run(["gst-inspect-1.0", "--version"], capture_output=True, text=True,
                                 check=False).stdout.splitlines()[1]
    except (OSError, IndexError):
        version = "no GStreamer tools"
    return [["machine", f"{cpu_model()}, {len(os.sched_getaffinity(0))} CPUs for us"],
            ["with", version], ["made", time.strftime("%Y-%m-%d %H:%M %z")]]


def overall(statuses, parts):
    if all(part["state"] == "skipped" for part in parts):
        print("\nNothing could be run on this machine; the reasons are above.")
        return 1
    return max(statuses)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--page", type=pathlib.Path, required=True)
    parser.add_argument("--only", choices=["live", "call"])
    parser.add_argument("--video", type=pathlib.Path)
    parser.add_argument("--no-video", default="", help="why there is no video")
    parser.add_argument("--json", type=pathlib.Path, help="a copy of the first part's result")
    for name in ("streams", "seconds", "network", "wav-dir"):
        parser.add_argument(f"--{name}")
    return parser.parse_args(arguments)


def make_stage(options):
    out = options.build.resolve() / "demo-parts"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)

    def passed_on(*names):
        return [word for name in names if getattr(options, name.replace("-", "_"))
                for word in (f"--{name}", getattr(options, name.replace("-", "_")))]

    return Stage(options.build.resolve(), out, options.video, options.no_video,
                 live_arguments=passed_on("streams", "seconds"),
                 call_arguments=passed_on("network", "wav-dir",
                                          *(["seconds"] if options.only == "call" else [])))


def tell(options):
    stage = make_stage(options)
    chosen = [part for part in PARTS if options.only in (None, part[0])]
    shown, statuses = [], []
    for number, part in enumerate(chosen, 1):
        print(f"==> {number} of {len(chosen)}: {part[2]}", flush=True)
        one, status = play(stage, part)
        print(f"    ({one['seconds']:.0f} s)  {outcome(one)}" if one["state"] != "done" else
              f"    ({one['seconds']:.0f} s)", flush=True)
        shown.append(one)
        statuses.append(status)
    story = {"title": "gst-tactus: what it does on this machine", "facts": facts(), "parts": shown}
    (stage.out / "story.json").write_text(json.dumps(story, indent=1), encoding="utf-8")
    print_table(shown)
    status = overall(statuses, shown)
    if options.json and (stage.out / live_parts.RESULT).exists():
        shutil.copyfile(stage.out / live_parts.RESULT, options.json)
    options.page.write_text(page.make_page(story), encoding="utf-8")
    print(f"\nAll of it, as a page for your browser: {options.page.resolve()}")
    return status


def main():
    try:
        return tell(parse(sys.argv[1:]))
    except OSError as error:
        print(f"demo: '{error.filename}' cannot be written: {error.strerror}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
