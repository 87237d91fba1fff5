# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code blocks of the README and of the pages under docs/.

A comment right above a block may mark it, with a reason: <!-- parse-only: needs a camera -->
"""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^(?P<indent>\s*)```+\s*(?P<info>\S.*)?$")
MARK = re.compile(r"^\s*<!-- (?P<kind>[a-z-]+): (?P<reason>.+) -->$")
INDENTED = re.compile(r"^( {4}|\t)")


@dataclass
class Block:
    page: str
    words: list  # after the fence: the language first; none if the block is indented
    mark: tuple = (None, None)  # kind and reason
    lines: list = field(default_factory=list)  # (number, text)

    def is_in(self, *languages):
        return bool(self.words) and self.words[0] in languages


def mark_of(line):
    found = MARK.match(line)
    return (found["kind"], found["reason"]) if found else (None, None)


def code_blocks(text, page):
    """Fenced blocks, and each run of indented lines as a block without a language."""
    block, before = None, ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        fenced = block is not None and block.words is not None
        if fence and fenced:
            yield block
            block = None
        elif fence:
            if block:
                yield block
            block = Block(str(page), (fence["info"] or "").split(), mark_of(before))
        elif fenced:
            block.lines.append((number, line.rstrip()))
        elif INDENTED.match(line):
            block = block or Block(str(page), None)
            block.lines.append((number, line.strip()))
        elif block:
            yield block
            block = None
        before = line
    if block:
        yield block


def doc_pages(root):
    """The pages, as a user reads them: paths relative to root."""
    for page in [root / "README.md", *sorted(root.glob("docs/**/*.md"))]:
        if page.is_file():
            yield page.relative_to(root)


def all_blocks(root):
    for page in doc_pages(root):
        yield from code_blocks((root / page).read_text(encoding="utf-8"), page)
