# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the JSON beside a clockcalib report, and makes what the page shows (see page.py for kinds)."""

import json

DASH = "–"


def read_json(path):
    """None if there is no such file, or it is no JSON: a program that failed wrote it."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def ms(ns):
    """Milliseconds with three digits or so."""
    value = ns / 1e6
    decimals = next(digits for least, digits in ((100, 0), (10, 1), (0.1, 2), (0, 3))
                    if value >= least)
    return f"{value:.{decimals}f}"


def text(content):
    return {"kind": "text", "text": content}


def command(caption, line):
    return {"kind": "command", "caption": caption, "line": line}


def table(caption, head, rows, note=""):
    return {"kind": "table", "caption": caption, "head": head, "rows": rows, "note": note}


def pictures(*entries):
    """Entries: (path, caption, words for who cannot see it)."""
    return {"kind": "pictures",
            "pictures": [{"path": str(path), "caption": caption, "alt": alt}
                         for path, caption, alt in entries]}


def plot(caption, svg):
    return {"kind": "plot", "caption": caption, "svg": svg}


def report(caption, path, is_open=False):
    return {"kind": "report", "caption": caption, "path": str(path or ""), "open": is_open}


def element(figures, factory):
    """The first element of a factory in a report's JSON, or None."""
    return next((one for one in (figures or {}).get("elements", [])
                 if one["factory"] == factory), None)


def time_cells(histogram):
    """P50, P99 and maximum; what was never measured is a dash."""
    if not histogram or histogram["count"] == 0:
        return [DASH, DASH, DASH]
    return [ms(histogram[key]) for key in ("p50_ns", "p99_ns", "max_ns")]


def residence_table(caption, figures, factories, note=""):
    """How long buffers were in each element, and how many it dropped."""
    rows = []
    for factory in factories:
        found = element(figures, factory)
        if found:
            rows.append([factory, str(found["buffers_in"]), str(found["buffers_out"]),
                         str(found["dropped"]), *time_cells(found["residence"])])
    for queue in (figures or {}).get("gpu_queues", []):
        rows.append([f"GPU work: {queue['device']}", DASH, str(queue["slices"]), DASH,
                     *time_cells(queue["busy"])])
    return table(caption, ["", "in", "out", "dropped", "P50, ms", "P99, ms", "max, ms"], rows, note)
