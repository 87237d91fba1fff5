#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the plugins that need them with the wraps of subprojects/ instead of the system's libraries, in
a copy of the tree, and loads those plugins; prints TAP. Takes minutes; run by hand.

    wraps.py [--archives FOLDER]

FOLDER has the archives, named as source_filename in the wraps; without it Meson downloads them.
"""

import argparse
import configparser
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from installed_tree import ROOT, not_found, output_of

FALLBACKS = {"nlohmann_json": "clockcalib", "prometheus-cpp-pull": "clockcalib", "libhwy": "simdfft"}
PLUGINS = sorted(set(FALLBACKS.values()))


def copy_of_tree(target):
    shutil.copytree(ROOT, target, symlinks=True, ignore=lambda folder, names: {
        name for name in names if name in (".git", "packagecache")
        or pathlib.Path(folder) == ROOT and name.startswith("build")})


def fill_cache(tree, archives):
    cache = tree / "subprojects" / "packagecache"
    cache.mkdir()
    for wrap in (tree / "subprojects").glob("*.wrap"):
        parser = configparser.ConfigParser()
        parser.read(wrap)
        name = parser["wrap-file"]["source_filename"]
        shutil.copy(archives / name, cache / name)


def subprojects(build):
    info = json.loads(output_of("meson", "introspect", build, "--projectinfo"))
    return {project["name"] for project in info["subprojects"]}


def setup(tree, build, *options):
    output_of("meson", "setup", "-Dtests=disabled", "-Dbenchmarks=disabled", "-Dtools=disabled",
              *options, build, tree)


def needed_libraries(library):
    return [line for line in output_of("readelf", "-d", library).splitlines() if "NEEDED" in line]


def results(folder, archives):
    """(what, the list of what is wrong)"""
    tree = folder / "tree"
    copy_of_tree(tree)
    if archives:
        fill_cache(tree, archives)
    setup(tree, folder / "usual")
    yield "the system's libraries are used where there are any", sorted(subprojects(folder / "usual"))
    build = tree / "build-ci" / "gcc"  # a compiler cache knows what the gate has built there
    setup(tree, build, "-Dwerror=true", "--force-fallback-for=" + ",".join(FALLBACKS))
    lacking = {"nlohmann_json", "prometheus-cpp", "highway"} - subprojects(build)
    yield "else the wraps are", sorted(lacking)
    libraries = {plugin: build / "gst" / plugin / f"libgst{plugin}.so" for plugin in PLUGINS}
    run = subprocess.run(["ninja", "-C", build, *(str(path.relative_to(build))
                                                   for path in libraries.values())],
                         text=True, capture_output=True, check=False)
    yield "the plugins build", [run.stdout[-3000:]] if run.returncode else []
    for plugin, library in (("simdfft", "libhwy"), ("clockcalib", "libprometheus-cpp")):
        yield f"{plugin} does not ask for the system's {library}", [
            line for line in needed_libraries(libraries[plugin]) if library in line]
    yield "gst-inspect-1.0 finds each element", not_found(
        PLUGINS, GST_PLUGIN_PATH=":".join(str(p.parent) for p in libraries.values()),
        GST_REGISTRY=str(folder / "registry"), HOME=str(folder))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", type=pathlib.Path)
    archives = parser.parse_args().archives
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        count = 0
        for count, (what, wrong) in enumerate(results(pathlib.Path(folder), archives), 1):
            failed |= bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {count} - {what}", flush=True)
            if wrong:
                print("\n".join(wrong), file=sys.stderr)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
