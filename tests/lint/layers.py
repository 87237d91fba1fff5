#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The layer rule: core knows no GStreamer, glue knows no plugin, no plugin knows another.

Tests and tools may include what they like; nothing under gst/ includes them.
"""

import pathlib
import posixpath
import re

from repo_files import repo_files, report, root_argument

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
GSTREAMER = re.compile(r"^(gst/|glib|gio/|gio-unix|gobject/|gmodule|gstreamer)")
GSTREAMER_DEPENDENCY = re.compile(r"\b(gst|glib|gobject|gio)\w*_dep\b"
                                  r"|dependency\(\s*'(gst|glib|gobject|gio)")
SOURCES = (".cpp", ".h", ".c", ".hpp", ".inc")


def layer_of(path):
    """'core', 'glue', the name of a plugin folder, or 'outside' for what is not under gst/."""
    parts = pathlib.PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 and parts[0] == "gst" else "outside"


def resolve(root, source, name):
    """The file of this repository that an include names, or None if it is none of ours."""
    for base in (str(source.parent), "gst", "."):
        path = posixpath.normpath(posixpath.join(base, name))
        if not path.startswith("..") and (root / path).is_file():
            return path
    return None


def included_layer(root, source, name):
    """The layer that an include reaches, or None. A missing file is judged by its name."""
    path = resolve(root, source, name)
    if path is not None:
        return layer_of(path)
    first = name.split("/", 1)[0]
    known = "/" in name and (root / "gst" / first).is_dir() or first in ("core", "glue")
    return first if known else None


def objection(layer, target):
    """Why a file of one layer may not include one of another; None if it may."""
    if target is None or target == layer or target == "core":
        return None
    if layer == "core":
        return f"core includes {target}"
    if target == "outside":
        return f"{layer} includes what is not under gst/"
    if layer == "glue":
        return f"glue includes the plugin {target}"
    return None if target == "glue" else f"the plugin {layer} includes the plugin {target}"


def include_problems(root, path):
    layer = layer_of(path)
    found = []
    text = (root / path).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(2)
        target = included_layer(root, path, name)
        if name == "config.h" or target is None and layer != "core":
            continue
        why = objection(layer, target)
        if target is None and GSTREAMER.match(name):
            why = "core includes GStreamer or GLib"
        if why:
            found.append(f"{path}:{number}: {why}: {name}")
    return found


def build_problems(root, path):
    text = (root / path).read_text(encoding="utf-8")
    return [f"{path}:{number}: the build of core depends on GStreamer: {line.strip()}"
            for number, line in enumerate(text.splitlines(), 1)
            if GSTREAMER_DEPENDENCY.search(line.split("#", 1)[0])]


def main():
    root = root_argument(__doc__).parse_args().root
    found = []
    for path in repo_files(root, ("gst",)):
        if path.suffix in SOURCES and layer_of(path) != "outside":
            found += include_problems(root, path)
        elif path.name == "meson.build" and layer_of(path) == "core":
            found += build_problems(root, path)
    report(found, "layers")


if __name__ == "__main__":
    main()
