# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds every launch line that a user may paste: in the pages and in the SECTION blocks of elements.

In a page they stand in ```sh and ```console blocks. What looks like one anywhere else is found, too,
as a line that nothing runs: so none is missed because of its place.
"""

import re
from dataclasses import dataclass

from doc_blocks import code_blocks, doc_pages

COMMANDS = ("gst-launch-1.0", "gst-inspect-1.0")
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
DEVENV = re.compile(r"^meson devenv -C \S+ ")
LAUNCH = re.compile(r"\bgst-launch-1\.0\s+\S")
INLINE_LAUNCH = re.compile(r"`[^`]*\bgst-launch-1\.0 [^`]*!")
SECTION_BLOCK = re.compile(r"^ \* \|\[\n(?P<body>.*?)^ \* \]\|$", re.DOTALL | re.MULTILINE)
MARKS = (None, "parse-only", "not-run")


@dataclass
class LaunchLine:
    page: str
    number: int
    text: str
    mark: str = None
    reason: str = None
    trouble: str = None  # why it cannot be run as it stands

    @property
    def place(self):
        return f"{self.page}:{self.number}"


def is_launch(line):
    words = line.split()
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    return bool(words) and words[0] in COMMANDS


def commands(block):
    """(first number, last number, text) of each command; a backslash at the end carries on."""
    prompted = block.is_in("console") and any(text.startswith("$ ") for _, text in block.lines)
    start, parts = None, []
    for number, line in block.lines:
        if start is None and prompted and not line.startswith("$ "):
            continue  # what the command before has printed
        start = number if start is None else start
        carries_on = line.endswith("\\")
        parts.append(line.removesuffix("\\").strip().removeprefix("$ "))
        if not carries_on:
            yield start, number, DEVENV.sub("", " ".join(parts))
            start, parts = None, []
    if parts:
        yield start, block.lines[-1][0], DEVENV.sub("", " ".join(parts))


def wrong_mark(block):
    if block.words and "parse-only" in block.words:
        return "write <!-- parse-only: REASON --> above the block"
    kind = block.mark[0]
    return None if kind in MARKS else f"the mark '{kind}' is not known; there are {MARKS[1:]}"


def page_lines(text, page):
    taken = set()
    for block in code_blocks(text, page):
        trouble = wrong_mark(block)
        if block.is_in("sh", "console"):
            for first, last, command in commands(block):
                if is_launch(command):
                    taken.update(range(first, last + 1))
                    yield LaunchLine(page, first, command, *block.mark, trouble)
        for number, line in block.lines:
            if LAUNCH.search(line) and number not in taken:
                taken.add(number)
                yield LaunchLine(page, number, line.strip(),
                                 trouble="it is no command of an sh or a console block")
    for number, line in enumerate(text.splitlines(), 1):
        if INLINE_LAUNCH.search(line) and number not in taken:
            yield LaunchLine(page, number, line.strip(),
                             trouble="it is within a sentence; give it a block of its own")


def section_lines(text, page):
    for block in SECTION_BLOCK.finditer(text):
        lines = [line.removeprefix(" *").strip() for line in block["body"].splitlines()]
        command = " ".join(lines)
        if is_launch(command):
            yield LaunchLine(page, text.count("\n", 0, block.start()) + 2, command)


def all_lines(root):
    for page in doc_pages(root):
        yield from page_lines((root / page).read_text(encoding="utf-8"), str(page))
    for source in sorted(root.glob("gst/*/*.cpp")):
        yield from section_lines(source.read_text(encoding="utf-8"), str(source.relative_to(root)))
