# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hook of MkDocs: the site's first page begins with the README, up to its table of elements.

So the site tells the same, and it stands in one place. The README lies outside of docs/, where links to
other pages begin with docs/.
"""

import pathlib
import re

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
PLACE = re.compile(r"<!-- readme -->.*?<!-- /readme -->", re.DOTALL)


def first_part():
    text = README.read_text(encoding="utf-8")
    return text[text.index("\n") : text.index("\n## Elements")].replace("](docs/", "](")


def on_page_markdown(markdown, page, **_):
    if page.file.src_path != "index.md":
        return markdown
    filled, places = PLACE.subn(lambda _: first_part().strip(), markdown)
    if places != 1:
        raise ValueError("docs/index.md has no place for the README")
    return filled
