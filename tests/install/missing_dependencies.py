#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin whose dependency is missing is left out, and Meson's summary names what is missing; prints
TAP. Dependencies are hidden from pkg-config, and this tree is configured in a folder of its own.

    missing_dependencies.py          all of them at once: seconds
    missing_dependencies.py --each   one by one, tests and benchmarks included: a minute or two
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALL = {"ringqueue", "clockcalib", "jitterbuffer", "simdfft", "vkcompute", "numapin"}
# The plugins that cannot do without each. gstreamer-net is part of GStreamer's core.
LOST = {
    "nlohmann_json": {"clockcalib"},
    "gstreamer-rtp-1.0": {"jitterbuffer"},
    "libhwy": {"simdfft"},
    "gstreamer-audio-1.0": {"simdfft", "vkcompute"},
    "gstreamer-video-1.0": {"simdfft", "vkcompute", "numapin"},
    "gstreamer-allocators-1.0": {"vkcompute", "numapin"},
    "vulkan": {"vkcompute"},
    "glslang": {"vkcompute"},
    "SPIRV-Tools": {"vkcompute"},
    "spirv-cross-c-shared": {"vkcompute"},
    "hwloc": {"numapin"},
    "gio-2.0": {"numapin"},
}
# Lost with it, too, as the package of another dependency asks for it: gstreamer-rtp-1.0,
# gstreamer-net-1.0, gstreamer-video-1.0 ...
LOST_BY_OTHERS = {
    "gstreamer-audio-1.0": {"jitterbuffer"},
    "gio-2.0": {"jitterbuffer"},
    "orc-0.4": {"jitterbuffer", "simdfft", "vkcompute", "numapin"},
}
# Each costs a part of a plugin alone.
OPTIONAL = ["orc-0.4", "sndfile", "libpng", "prometheus-cpp-pull", "libcurl"]


def visible_packages(folder, hidden):
    """Fills the folder with what pkg-config knows, but for the hidden."""
    folder.mkdir()
    run = subprocess.run(["pkg-config", "--variable", "pc_path", "pkg-config"], text=True,
                         capture_output=True, check=True)
    searched = os.environ.get("PKG_CONFIG_PATH", "").split(":") + run.stdout.strip().split(":")
    for directory in filter(None, searched):
        for file in pathlib.Path(directory).glob("*.pc"):
            if file.stem not in hidden and not (folder / file.name).exists():
                (folder / file.name).symlink_to(file)


def configure(hidden, options):
    """(status, output) of Meson in a build folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        visible_packages(folder / "packages", hidden)
        # CMake would find some of them, too.
        (folder / "native.ini").write_text("[binaries]\ncmake = '/bin/false'\n", encoding="utf-8")
        environment = {**os.environ, "PKG_CONFIG_LIBDIR": str(folder / "packages")}
        environment.pop("PKG_CONFIG_PATH", None)
        run = subprocess.run(
            ["meson", "setup", "--wrap-mode=nofallback", "--native-file", folder / "native.ini",
             *options, folder / "build", ROOT], env=environment, text=True, capture_output=True,
            check=False)
        return run.returncode, run.stdout + run.stderr


def notes(output):
    """What the summary says of each plugin."""
    found = dict(re.findall(r"^ +(\w+) *: (yes|no: .*)$", output, re.MULTILINE))
    return {name: note for name, note in found.items() if name in ALL}


def trouble(hidden, options):
    """None, or what the summary lacks when these are hidden."""
    status, output = configure(hidden, options)
    if status != 0:
        return f"meson ended with {status}:\n{output[-3000:]}"
    found, wrong = notes(output), []
    for plugin in sorted(ALL):
        named = [name for name in hidden if plugin in LOST.get(name, ())]
        note = found.get(plugin, "nothing")
        if named and not all(note.startswith("no: missing") and name in note for name in named):
            wrong.append(f"{plugin} lacks {', '.join(named)}, but the summary says: {note}")
        elif not named and note != "yes" and not any(
                plugin in LOST_BY_OTHERS.get(name, ()) for name in hidden):
            wrong.append(f"{plugin} lacks nothing, but the summary says: {note}")
    return "\n".join(wrong) or None


def refused():
    """None if a plugin that was asked for is an error without its dependency."""
    bare = ["-Dauto_features=disabled", "-Dclockcalib=enabled"]
    status, output = configure(["nlohmann_json"], bare)
    said = "it needs what is missing: nlohmann_json" in output
    return None if status != 0 and said else f"meson ended with {status}:\n{output[-2000:]}"


def cases(each):
    quick = ["-Dtests=disabled", "-Dbenchmarks=disabled"]
    yield "without all that is optional", lambda: trouble([*LOST, *OPTIONAL], quick)
    yield "a plugin that was asked for", refused
    for name in [*LOST, *OPTIONAL] if each else []:
        yield f"without {name}", lambda name=name: trouble([name], [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", action="store_true", help="hide them one by one, too")
    found = list(cases(parser.parse_args().each))
    print(f"1..{len(found)}")
    failed = False
    for number, (what, check) in enumerate(found, 1):
        why = check()
        failed |= bool(why)
        print(f"{'not ok' if why else 'ok'} {number} - {what}", flush=True)
        if why:
            print(f"{what}: {why}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
