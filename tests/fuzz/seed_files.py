# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the seeds of a fuzz target, one file each."""

import pathlib


def write_seeds(folder, seeds):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds:
        (folder / name).write_bytes(data)
