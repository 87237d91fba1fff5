# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which files the lint tests look at: what git tracks or would track."""

import argparse
import os
import pathlib
import subprocess
import sys


def root_argument(description):
    """A parser with --root, so that each check can be tried on a tree made to fail."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    return parser


def git_files(root):
    """The paths git knows of under root, or None where there is no git or no repository."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]
    if not (root / ".git").exists():
        return None
    try:
        run = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [name for name in os.fsdecode(run.stdout).split("\0") if name]


def walked_files(root):
    """The same without git: everything but build directories and hidden ones."""
    found = []
    for folder, folders, names in os.walk(root):
        top = pathlib.Path(folder) == root
        folders[:] = [name for name in folders
                      if name in (".ci",) or not (name.startswith((".", "__pycache__"))
                                                  or top and name.startswith("build"))]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return found


def repo_files(root, folders=None, suffixes=None):
    """Sorted paths relative to root; only those under the folders and with the suffixes given."""
    names = git_files(root)
    if names is None:
        names = walked_files(root)
    paths = [pathlib.PurePosixPath(name) for name in sorted(set(names))]
    return [path for path in paths
            if (folders is None or path.parts[0] in folders)
            and (suffixes is None or path.suffix in suffixes)
            and (root / path).is_file()]


def cpp_files(root):
    return repo_files(root, ("gst", "tests", "tools", "docs", "examples"), (".cpp", ".h"))


def report(problems, what):
    """Prints what is wrong, one line each, and ends the program."""
    for problem in problems:
        print(problem)
    print(f"{what}: {len(problems)} problem(s)" if problems else f"{what}: clean")
    sys.exit(1 if problems else 0)
