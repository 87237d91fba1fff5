# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fenced blocks of the README and of the pages under docs/."""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^(?P<indent>\s*)```+\s*(?P<info>\S.*)?$")


@dataclass
class Block:
    page: str
    words: list  # after the fence: the language first
    lines: list = field(default_factory=list)  # (number, text)

    def is_in(self, *languages):
        return bool(self.words) and self.words[0] in languages


def fenced_blocks(text, page):
    block = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and block is None:
            block = Block(str(page), (fence["info"] or "").split())
        elif fence:
            yield block
            block = None
        elif block is not None:
            block.lines.append((number, line.rstrip()))


def all_blocks(root):
    for page in [root / "README.md", *sorted(root.glob("docs/**/*.md"))]:
        if page.is_file():
            yield from fenced_blocks(page.read_text(encoding="utf-8"), page.relative_to(root))
