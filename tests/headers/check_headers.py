#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each header of a layer compiles alone; prints TAP.

Headers of core are compiled without the include paths of GStreamer, so this proves the layer rule too.
The headers are looked up here and not in meson.build, so that a new one is never forgotten.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++", "-"]


def compile_alone(compiler, include, header):
    """None, or the compiler's complaints. The header is named twice: it must also bear that."""
    source = f'#include "{header}"\n#include "{header}"\n'
    run = subprocess.run([*compiler, *include, *FLAGS], input=source, text=True,
                         capture_output=True, check=False)
    return None if run.returncode == 0 else run.stderr


def include_flags(root, packages):
    flags = ["-I", str(root / "gst")]
    if packages:
        run = subprocess.run(["pkg-config", "--cflags", *packages], text=True, check=True,
                             capture_output=True)
        # As system headers: their warnings are not ours.
        flags += [flag.replace("-I", "-isystem", 1) for flag in run.stdout.split()]
    return flags


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--layer", required=True, help="folder under gst/")
    parser.add_argument("--package", action="append", default=[], help="a pkg-config name")
    parser.add_argument("--without", action="append", default=[],
                        help="folder of the layer whose library is not installed")
    parser.add_argument("compiler", nargs="+")
    options = parser.parse_args()

    folder = options.root / "gst"
    headers = sorted(path.relative_to(folder) for path in (folder / options.layer).rglob("*.h")
                     if path.relative_to(folder).parts[1] not in options.without)
    include = include_flags(options.root, options.package)
    print(f"1..{len(headers)}" if headers else "1..0 # SKIP there are no headers")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda header: compile_alone(options.compiler, include, header), headers)
        for number, (header, complaint) in enumerate(zip(headers, results), 1):
            print(f"{'not ok' if complaint else 'ok'} {number} - {header}", flush=True)
            if complaint:
                failed += 1
                print(complaint, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
