#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots machines with two and with four nodes and runs the cases of a test program there; prints TAP."""

import argparse
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import virtual_machine

# Loading all plugins of the system takes an emulated machine minutes.
PLUGINS = ["libgstapp.so", "libgstcoreelements.so", "libgstlibav.so", "libgstvideoparsersbad.so",
           "libgstudp.so", "libgstvideotestsrc.so"]
# Each list of cases in a process of its own: who leaves a cpuset may run on isolated CPUs, too.
BOOTS = {"four-nodes": ["FourNodes.*", "Isolated.*", "CgroupsOfVersion1.*"],
         "two-nodes": ["TwoNodes.*", "Unprivileged.*"]}
KERNEL_WORDS = {"four-nodes": "isolcpus=6-7 nohz_full=6-7"}
UNPRIVILEGED = "ulimit -l 64; setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "
RESULT = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+\.\w+) \(", re.MULTILINE)
REASON = re.compile(r": Skipped\n(.+)\n(?:.*\n)*?\[ +SKIPPED +\] (\w+\.\w+) \(")
TIMEOUT_S = 240


def plugin_folder():
    run = subprocess.run(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"], text=True,
                         capture_output=True, check=True)
    return pathlib.Path(run.stdout.strip())


@contextlib.contextmanager
def readable_folder():
    """A folder that all may read, also within the machines, whose /tmp is their own. The build may lie
    in the home of root, where those without privileges find nothing."""
    with tempfile.TemporaryDirectory(prefix="tactus-numa-", dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder


def link_plugins(work):
    folder = work / "plugins"
    folder.mkdir()
    for name in PLUGINS:
        plugin = plugin_folder() / name
        if plugin.exists():
            (folder / name).symlink_to(plugin)
    return folder


def make_stream(work):
    """A short H.264 stream; None where there is no encoder or decoder."""
    path = work / "stream.h264"
    launch = ("videotestsrc num-buffers=10 ! video/x-raw,width=640,height=480 ! "
              "x264enc speed-preset=ultrafast threads=1 ! h264parse ! "
              f"video/x-h264,stream-format=byte-stream ! filesink location={path}")
    if not (plugin_folder() / "libgstlibav.so").exists() or shutil.which("gst-launch-1.0") is None:
        return None
    run = subprocess.run(["gst-launch-1.0", "-q", *shlex.split(launch)], check=False,
                         capture_output=True)
    return path if run.returncode == 0 and path.stat().st_size > 0 else None


def environment(work, plugin, stream):
    settings = {
        "GST_PLUGIN_SYSTEM_PATH_1_0": str(link_plugins(work)),
        "GST_PLUGIN_PATH_1_0": str(plugin),
        "GST_REGISTRY_1_0": str(work / "registry.bin"),
        "G_DEBUG": "fatal-criticals",
    }
    # Written here, where there are the time and the room; only read there.
    subprocess.run(["gst-inspect-1.0", "numapin"], env={**os.environ, **settings}, check=True,
                   stdout=subprocess.DEVNULL)
    (work / "registry.bin").chmod(0o644)
    settings["GST_REGISTRY_UPDATE"] = "no"
    if stream is not None:
        settings["TACTUS_NUMA_STREAM"] = str(stream)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())


def script(program, exports, filters):
    lines = [exports + "status=0"]
    for cases in filters:
        prefix = UNPRIVILEGED if cases.startswith("Unprivileged") else ""
        lines.append(f"{prefix}{shlex.quote(program)} --gtest_color=no "
                     f"--gtest_filter={shlex.quote(cases)} 2>&1 || status=1")
    return "\n".join(lines + ["exit $status"])


def cases_of(program, filters):
    """The names of the program's cases, in its order."""
    run = subprocess.run([program, "--gtest_list_tests", "--gtest_filter=" + ":".join(filters)],
                         text=True, capture_output=True, check=True)
    names, suite = [], ""
    for line in run.stdout.splitlines():
        if line.startswith("  "):
            names.append(suite + line.split("#")[0].strip())
        elif line.rstrip().endswith("."):
            suite = line.strip()
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--plugin", type=pathlib.Path, required=True, help="folder of numapin")
    parser.add_argument("--verbose", action="store_true", help="show all output of the machines")
    options = parser.parse_args()
    try:
        virtual_machine.require_all()
    except virtual_machine.Missing as missing:
        print(f"1..0 # SKIP {missing}")
        return 0
    with readable_folder() as work:
        program = shutil.copy(options.program, work)
        plugin = shutil.copytree(options.plugin, work / "numapin",
                                 ignore=lambda _, names: [n for n in names if not n.endswith(".so")])
        return run_cases(program, environment(work, plugin, make_stream(work)), options.verbose)


def run_cases(program, exports, verbose):
    """Boots each machine, runs its cases of the program there, and prints their results."""
    expected = {shape: cases_of(program, filters) for shape, filters in BOOTS.items()}
    number, failed = 0, False
    for shape, filters in BOOTS.items():
        _, output = virtual_machine.run(shape, script(program, exports, filters), TIMEOUT_S,
                                        KERNEL_WORDS.get(shape, ""))
        results = {name: result for result, name in RESULT.findall(output)}
        reasons = {name: reason for reason, name in REASON.findall(output)}
        bad = any(results.get(name) not in ("OK", "SKIPPED") for name in expected[shape])
        if bad or verbose:
            sys.stderr.write(output)
        failed |= bad
        for name in expected[shape]:
            number += 1
            result = results.get(name)
            word = "ok" if result in ("OK", "SKIPPED") else "not ok"
            skip = f" # SKIP {reasons.get(name, '')}" if result == "SKIPPED" else ""
            print(f"{word} {number} - {name}{skip}", flush=True)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
