#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs a built tree under a folder of its own and looks at what is there; prints TAP.

    installed_tree.py BUILD PLUGIN...

No file too few or too many, no trace of the source or build folder but in debug information, nothing
exported but plugin entry points, and each element found with nothing set but GST_PLUGIN_PATH.
"""

import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ELEMENTS = {
    "ringqueue": ["ringqueue", "ringtee"],
    "clockcalib": ["clockcalib", "clockcalib-probe"],
    "jitterbuffer": ["jitterbuffer"],
    "simdfft": ["simdfft", "simdifft", "simdfftfilter", "simdspectrogram"],
    "vkcompute": ["vkcompute"],
    "numapin": ["numapin"],
}
PROGRAMS = {"clockcalib": ["clockcalib-top"], "numapin": ["numapin-doctor", "numapin-lab"]}
ASK = 'for e; do gst-inspect-1.0 "$e" | grep -q "gst-tactus" && echo "found $e"; done'
OF_LINKER = {"__bss_start", "_edata", "_end"}
SHADERS, DOCS = "gst/vkcompute/shaders", "docs"


def output_of(*command, **keywords):
    return subprocess.run(list(map(str, command)), check=True, text=True, capture_output=True,
                          **keywords).stdout


def build_options(build):
    options = json.loads(output_of("meson", "introspect", build, "--buildoptions"))
    return {option["name"]: option["value"] for option in options}


def below(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def expected(options, plugins):
    """The paths under the prefix that should be there."""
    library, data = pathlib.Path(options["libdir"]), pathlib.Path(options["datadir"])
    pages = data / "doc" / "gst-tactus"
    found = {library / "gstreamer-1.0" / f"libgst{name}.so" for name in plugins}
    for program in [program for name in plugins for program in PROGRAMS.get(name, ())]:
        found |= {pathlib.Path(options["bindir"]) / program,
                  pathlib.Path(options["mandir"]) / "man1" / f"{program}.1"}
    if "vkcompute" in plugins:
        found |= {data / "gst-tactus" / "shaders" / path for path in below(ROOT / SHADERS)}
    if options["docs"] != "disabled":
        found |= {pages / name for name in ("README.md", "NEWS.md", "COPYING")}
        found |= {pages / DOCS / path for path in below(ROOT / DOCS)
                  if path.name != "meson.build" and path.parts[0] not in ("man", "site")}
    return found


def is_elf(path):
    return path.read_bytes()[:4] == b"\x7fELF"


def rights(tree, paths):
    """Programs can be run, and nothing else can; all can be read."""
    for path in paths:
        runs = bool((tree / path).stat().st_mode & 0o111)
        if runs != (path.parts[0] == "bin" or path.suffix == ".so") and DOCS not in path.parts:
            yield f"{path} is {'' if runs else 'not '}executable"


def traces(tree, paths, build):
    for path in paths:
        file = tree / path
        if is_elf(file):
            if "RPATH" in (dynamic := output_of("readelf", "-d", file)) or "RUNPATH" in dynamic:
                yield f"{path} has a run path"
            subprocess.run(["strip", "--strip-debug", file], check=True)
        for name in {str(ROOT), str(build)}:
            if name.encode() in file.read_bytes():
                yield f"{path} names {name}"


def exports(tree, paths):
    """Two plugins in one process must not see each other's symbols. What the C++ library makes of
    its templates is weak, and the same everywhere."""
    for path in paths:
        if path.suffix == ".so":
            for line in output_of("nm", "-D", "--defined-only", tree / path).splitlines():
                kind, name = line.split()[-2:]
                if kind in "TDBR" and not name.startswith("gst_plugin_") and name not in OF_LINKER:
                    yield f"{path} exports {name}"


def not_found(plugins, *before, **environment):
    """The elements that gst-inspect-1.0 does not know as ours in this environment."""
    elements = [name for plugin in plugins for name in ELEMENTS[plugin]]
    run = subprocess.run([*before, "sh", "-c", ASK, "sh", *elements], text=True, check=False,
                         capture_output=True, env={"PATH": os.environ["PATH"], **environment})
    found = set(re.findall(r"^found (.+)$", run.stdout, re.MULTILINE))
    return [f"{name}: {run.stderr}" for name in elements if name not in found]


def versions():
    """What debian/changelog, Meson and NEWS.md say."""
    for name, pattern in {"debian/changelog": r"^gst-tactus \(([^)]*)\)",
                          "meson.build": r"\n  version: '([^']*)'",
                          "NEWS.md": r"\n## (\S+)"}.items():
        yield re.search(pattern, (ROOT / name).read_text(encoding="utf-8"))[1]


def unpackaged(paths, libdir):
    """What no file in debian/ puts into a package, or more than one does."""
    lines = [line for file in (ROOT / "debian").glob("*install*")
             for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("usr/")]
    for path in paths:
        within = path.is_relative_to(libdir)
        packaged = pathlib.Path("usr/lib/any" if within else "usr",
                                path.relative_to(libdir) if within else path)
        places = {str(place) for place in (packaged, *packaged.parents)}
        takers = [line for line in lines if fnmatch.filter(places, line)]
        if len(takers) != 1:
            yield f"{path} is taken by {takers}"


def results(build, plugins, folder):
    """(what, the list of what is wrong)"""
    output_of("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", folder / "root")
    options = build_options(build)
    tree = folder / "root" / options["prefix"].lstrip("/")
    wanted, there = expected(options, plugins), below(tree)
    outside = below(folder / "root") - {tree.relative_to(folder / "root") / path for path in there}
    yield "nothing is missing", sorted(map(str, wanted - there))
    yield "nothing is there that should not", sorted(map(str, (there - wanted) | outside))
    paths = sorted(there)
    yield "all of it goes into a Debian package", list(unpackaged(paths, options["libdir"]))
    yield "one version everywhere", sorted(set(versions())) if len(set(versions())) > 1 else []
    yield "what can be run, and what cannot", list(rights(tree, paths))
    yield "no trace of the source or build folder", list(traces(tree, paths, build))
    yield "nothing but plugin entry points is exported", list(exports(tree, paths))
    path = str(tree / options["libdir"] / "gstreamer-1.0")
    alone = {"GST_REGISTRY": str(folder / "registry"), "HOME": str(folder)}
    yield "gst-inspect-1.0 finds each element", not_found(plugins, GST_PLUGIN_PATH=path, **alone)
    yield "so it does in meson devenv", not_found(plugins, "meson", "devenv", "-C", build, **alone)
    yield moved_shaders(tree, options, plugins, folder)


def moved_shaders(tree, options, plugins, folder):
    """(what, what is wrong): shaders are found by name in a tree that was moved after installation."""
    what = "vkcompute finds its shaders where the tree was moved to"
    if "vkcompute" not in plugins:
        return f"{what} # SKIP vkcompute is not built", []
    moved = tree.rename(folder / "moved")
    line = "videotestsrc num-buffers=2 ! video/x-raw,format=RGBA ! vkcompute shader=invert ! fakesink"
    run = subprocess.run(
        ["gst-launch-1.0", "-q", *line.split()], text=True, check=False, capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "GST_REGISTRY": str(folder / "moved.registry"),
             "GST_PLUGIN_PATH": str(moved / options["libdir"] / "gstreamer-1.0")})
    if "No Vulkan device can be used" in run.stderr:
        return f"{what} # SKIP no Vulkan device here: install mesa-vulkan-drivers", []
    return what, [f"status {run.returncode}: {run.stderr}"] if run.returncode else []


def report(found):
    """Prints (what, what is wrong) as TAP; the status for sys.exit."""
    print(f"1..{len(found)}")
    for number, (what, wrong) in enumerate(found, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {what}")
        if wrong:
            print("\n".join(wrong), file=sys.stderr)
    return 1 if any(wrong for _, wrong in found) else 0


def main():
    build, plugins = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        found = list(results(build, plugins, pathlib.Path(folder)))
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
