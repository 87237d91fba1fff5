#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the site of docs/ with MkDocs and looks for Markdown that was not understood; prints TAP."""

import html
import os
import pathlib
import re
import shutil
import subprocess
import sys

from doc_blocks import all_blocks
from repo_files import root_argument

CODE = re.compile(r"<(pre|code)\b.*?</\1>", re.DOTALL)
# What readers of Markdown on other sites see rendered, and here would see as it stands in the file.
LEFT_OVER = {
    "a list without an empty line before it": re.compile(r"<p>[^<]*(?:<(?!/p>)[^<]*)*\n(?:[-*]|\d+\.) "),
    "a table row": re.compile(r"<p>\|"),
    "a heading": re.compile(r"<p>#+ "),
    "a link": re.compile(r"\]\([\w./#-]+\)"),
    "an address of the network for what the page itself needs":
        re.compile(r"<(?:script|img)[^>]* src=\"https?:|<link[^>]* href=\"https?:[^>]*stylesheet"),
}


def left_over(page):
    text = html.unescape(CODE.sub("<code></code>", page.read_text(encoding="utf-8")))
    for what, pattern in LEFT_OVER.items():
        for found in pattern.finditer(text):
            yield f"{page.name}: {what}: {text[max(0, found.end() - 60):found.end() + 40]!r}"


def fences(root):
    for block in all_blocks(root):
        if len(block.words or []) > 1 and block.page.startswith("docs/"):
            yield f"{block.page}:{block.lines[0][0] - 1}: a fence may name a language, and no more"


def say(number, trouble, what):
    print(f"{'not ok' if trouble else 'ok'} {number} - {what}", flush=True)
    for line in trouble:
        print(line, file=sys.stderr)
    return bool(trouble)


def main():
    parser = root_argument(__doc__.splitlines()[0])
    parser.add_argument("site", type=pathlib.Path, help="where the site is put")
    options = parser.parse_args()
    mkdocs = shutil.which("mkdocs")
    if mkdocs is None:
        print("1..0 # SKIP mkdocs is not installed")
        return 0
    print("1..2")
    run = subprocess.run([mkdocs, "build", "--strict", "--clean", "-d", options.site.resolve(), "-f",
                          options.root / "docs/site/mkdocs.yml"], env={**os.environ, "NO_COLOR": "1"},
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    failed = say(1, [run.stdout] if run.returncode else [], "mkdocs build --strict")
    pages = sorted(options.site.glob("**/*.html"))
    trouble = [*fences(options.root), *(text for page in pages for text in left_over(page))] or ([] if pages else ["no pages"])
    return int(say(2, trouble, f"no Markdown is left in {len(pages)} pages") or failed)


if __name__ == "__main__":
    sys.exit(main())
