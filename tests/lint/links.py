#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the links of the pages, without a network.

Files, images and headings that are linked must be there; a link to the outside must look like one. Each
page under docs/ must be reached from the README by links, and stand once in the navigation of the site
(docs/site/mkdocs.yml). Pages under docs/ link to what lies there too, as the site has nothing else.
"""

import collections
import functools
import pathlib
import re
import unicodedata
import urllib.parse

from doc_blocks import code_blocks, doc_pages
from repo_files import report, root_argument

LINK = re.compile(r"(?P<image>!?)\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?P<target>[^()\s]*(?:\([^()\s]*\))?[^()\s]*)"
                  r"(?:\s+\"[^\"]*\")?\)")
INLINE_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*$", re.MULTILINE)
NAV_PAGE = re.compile(r"^ *- (?:[^#\n]*: )?(?P<page>\S+\.md)$", re.MULTILINE)
IMAGES = {".png", ".svg", ".jpg"}
OTHER_PAGES = ("CONTRIBUTING.md", "NEWS.md")
SITE = pathlib.Path("docs/site/mkdocs.yml")


def blank(text):
    return re.sub(r"[^\n]", " ", text)


@functools.lru_cache(maxsize=None)
def without_blocks(path):
    """The text of a page; of its code blocks empty lines are left."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for block in code_blocks(text, path):
        if block.words is not None:  # indented lines may be those of a list
            for number, _ in block.lines:
                lines[number - 1] = ""
    return "\n".join(lines)


def github_slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def mkdocs_slug(heading):
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


@functools.lru_cache(maxsize=None)
def anchors(path):
    """Those of GitHub and of MkDocs, as sets: a link should work in both."""
    headings = [re.sub(r"[`*]", "", LINK.sub(lambda link: link[0].split("](")[0].lstrip("!["), text))
                for text in HEADING.findall(without_blocks(path))]
    return {github_slug(text) for text in headings}, {mkdocs_slug(text) for text in headings}


def links(path):
    """(line number, whether it is an image, target) of each link."""
    text = INLINE_CODE.sub(lambda code: blank(code[0]), without_blocks(path))
    for link in LINK.finditer(text):
        yield text.count("\n", 0, link.start()) + 1, bool(link["image"]), link["target"]


def trouble_outside(url):
    if url.scheme not in ("http", "https"):
        return f"'{url.scheme}' is no scheme for a link"
    if "." not in (url.hostname or ""):
        return "it names no host"
    return None


def trouble_inside(root, page, is_image, url):
    path = root / page.parent / urllib.parse.unquote(url.path) if url.path else root / page
    if not path.is_file():
        return "there is no such file"
    if page.parts[0] == "docs" and not path.resolve().is_relative_to((root / "docs").resolve()):
        return "it leads out of docs/, where the site has nothing"
    if is_image:
        return None if path.suffix in IMAGES and path.stat().st_size else "it is no picture"
    if url.fragment:
        github, mkdocs = anchors(path.resolve())
        if url.fragment not in github:
            return "that page has no such heading"
        if url.fragment not in mkdocs:
            return f"the site has another anchor there; of {', '.join(sorted(mkdocs))}"
    return None


def page_problems(root, page):
    for number, is_image, target in links(root / page):
        url = urllib.parse.urlsplit(target)
        outside = url.scheme or url.netloc
        trouble = trouble_outside(url) if outside else trouble_inside(root, page, is_image, url)
        if trouble:
            yield f"{page}:{number}: {target}: {trouble}"


def reached(root, start):
    """All pages that one gets to by links."""
    found, to_read = {start}, [start]
    while to_read:
        page = to_read.pop()
        for _, _, target in links(page):
            url = urllib.parse.urlsplit(target)
            path = (page.parent / url.path).resolve()
            if not url.scheme and path.suffix == ".md" and path.is_file() and path not in found:
                found.add(path)
                to_read.append(path)
    return {path.relative_to(root) for path in found if path.is_relative_to(root)}


def path_problems(root, pages):
    """Pages that nobody finds."""
    found = reached(root, root / "README.md")
    for page in pages:
        if page not in found:
            yield f"{page}:1: no links lead here from README.md"
    names = NAV_PAGE.findall((root / SITE).read_text(encoding="utf-8"))
    navigation = collections.Counter(pathlib.Path("docs", name) for name in names)
    for page in pages:
        if page.parts[0] == "docs" and navigation[page] != 1:
            yield f"{SITE}:1: {page} stands there {navigation[page]} times"
    for page in navigation:
        if not (root / page).is_file():
            yield f"{SITE}:1: there is no {page}"


def main():
    root = root_argument(__doc__.splitlines()[0]).parse_args().root.resolve()
    pages = list(doc_pages(root))
    others = [pathlib.Path(name) for name in OTHER_PAGES if (root / name).is_file()]
    problems = [text for page in pages + others for text in page_problems(root, page)]
    if (root / SITE).is_file():
        problems += path_problems(root, pages)
    report(problems, "links")


if __name__ == "__main__":
    main()
