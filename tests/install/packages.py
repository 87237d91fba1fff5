#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at built Debian packages: what each holds, and whether gst-inspect-1.0 finds each element when
they are unpacked; prints TAP. tools/build-packages runs it.

    packages.py FOLDER
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from installed_tree import ELEMENTS, PROGRAMS, below, not_found, output_of, report, versions

FAMILY = "gstreamer1.0-tactus"


def fields(package):
    return dict(re.findall(r"^(\w[\w-]*): (.*)$", output_of("dpkg-deb", "-f", package), re.MULTILINE))


def unpacked(packages, folder):
    """(name, its paths, as a set) for each package."""
    for name, file in packages.items():
        subprocess.run(["dpkg-deb", "-x", file, folder / name], check=True)
        yield name, below(folder / name)


def misplaced(paths):
    """Files of plugins that are not in their package, and nowhere else."""
    for plugin in ELEMENTS:
        holders = [name for name, held in paths.items()
                   if any(path.name == f"libgst{plugin}.so" for path in held)]
        if holders != [f"{FAMILY}-{plugin}"]:
            yield f"libgst{plugin}.so is in {holders}"
    tools = {path.name for path in paths["gst-tactus-tools"] if path.parent.name == "bin"}
    wanted = {program for programs in PROGRAMS.values() for program in programs}
    if tools != wanted:
        yield f"gst-tactus-tools has {sorted(tools)}, not {sorted(wanted)}"
    for name, held in paths.items():
        if not any(path.match(f"usr/share/doc/{name}/copyright") for path in held):
            yield f"{name} has no copyright file"
    if not any(path.match("shaders/motion.comp") for path in paths[f"{FAMILY}-vkcompute"]):
        yield "the library of shaders is not with vkcompute"


def wrong_dependencies(packages):
    depends = {name: fields(file).get("Depends", "") for name, file in packages.items()}
    for plugin in ELEMENTS:
        if f"{FAMILY}-{plugin} (=" not in depends[FAMILY]:
            yield f"{FAMILY} does not depend on {plugin}"
        if "libgstreamer1.0-0" not in depends[f"{FAMILY}-{plugin}"]:
            yield f"{plugin} does not depend on GStreamer"
        others = [other for other in ELEMENTS if f"{FAMILY}-{other}" in depends[f"{FAMILY}-{plugin}"]]
        yield from (f"{plugin} depends on {other}" for other in others)


def results(packages, folder):
    """(what, the list of what is wrong)"""
    known = {f"{FAMILY}-{plugin}" for plugin in ELEMENTS}
    known |= {FAMILY, "gst-tactus-tools", "gst-tactus-doc"}
    yield "there are these packages", sorted(known ^ set(packages))
    told = set(versions()) | {fields(file)["Version"] for file in packages.values()}
    yield "all say one version", sorted(told) if len(told) > 1 else []
    paths = dict(unpacked(packages, folder))
    yield "each file is where it belongs", list(misplaced(paths))
    yield "each package depends on what it needs", list(wrong_dependencies(packages))
    plugins = [path for name in packages for path in (folder / name).rglob("gstreamer-1.0")]
    yield "gst-inspect-1.0 finds each element", not_found(
        ELEMENTS, GST_PLUGIN_PATH=":".join(map(str, plugins)),
        GST_REGISTRY=str(folder / "registry"), HOME=str(folder))


def main():
    packages = {fields(file)["Package"]: file
                for file in sorted(pathlib.Path(sys.argv[1]).glob("*.deb"))}
    with tempfile.TemporaryDirectory() as folder:
        found = list(results(packages, pathlib.Path(folder)))
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
