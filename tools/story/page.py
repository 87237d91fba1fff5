#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes one HTML page of what the parts of the demonstration showed; it needs no other file.

usage: page.py STORY.json PAGE.html

STORY: {"title", "facts": [[name, text]], "parts": [{"id", "name", "what", "state": "done", "skipped" or
"failed", "reason", "result", "seconds", "blocks"}]}. A block is one of

  {"kind": "text", "text"}
  {"kind": "command", "caption", "line"}
  {"kind": "table", "caption", "head": [text], "rows": [[text]], "note"}: the first column names the row
  {"kind": "pictures", "pictures": [{"path", "caption", "alt"}]}: PNG or JPEG
  {"kind": "plot", "caption", "svg"}: markup that goes in as it is
  {"kind": "report", "caption", "path", "open": bool}: an HTML page, shown in a frame that opens

Where a file is missing, the page says so in its place.
"""

import base64
import html
import json
import pathlib
import sys

STYLE = pathlib.Path(__file__).with_name("page.css")
IMAGE_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
STATES = {"done": "ran", "skipped": "skipped", "failed": "failed"}

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
"""


def escaped(text):
    return html.escape(str(text), quote=True)


def missing(path):
    name = pathlib.Path(path).name if path else "the file"
    return f'<p class="missing">Not there: {escaped(name)} was not made.</p>'


def text_block(block):
    return f"<p>{escaped(block['text'])}</p>"


def command_block(block):
    return (f'<figure class="command"><figcaption>{escaped(block["caption"])}</figcaption>'
            f'<pre tabindex="0"><code>{escaped(block["line"])}</code></pre></figure>')


def table_block(block):
    if not block["rows"]:
        return f'<p class="missing">No figures: {escaped(block["caption"])}.</p>'
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' if cell else "<td></td>"
                   for cell in block["head"])
    rows = "".join(
        f'<tr><th scope="row">{escaped(row[0])}</th>'
        + "".join(f"<td>{escaped(cell)}</td>" for cell in row[1:]) + "</tr>\n"
        for row in block["rows"])
    note = f'<p class="note">{escaped(block["note"])}</p>' if block.get("note") else ""
    return (f'<div class="table" tabindex="0" role="region" aria-label="{escaped(block["caption"])}">'
            f'<table><caption>{escaped(block["caption"])}</caption>'
            f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>{note}")


def picture(entry):
    path = pathlib.Path(entry["path"])
    try:
        data = base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError:
        shown = missing(path)
    else:
        shown = (f'<img alt="{escaped(entry["alt"])}" '
                 f'src="data:{IMAGE_TYPES[path.suffix]};base64,{data}">')
    return f'<figure>{shown}<figcaption>{escaped(entry["caption"])}</figcaption></figure>'


def pictures_block(block):
    return f'<div class="pictures">{"".join(map(picture, block["pictures"]))}</div>'


def plot_block(block):
    svg = block["svg"].replace("<svg ", '<svg role="img" ', 1)
    return (f'<figure class="plot">{svg}<figcaption>{escaped(block["caption"])}</figcaption>'
            "</figure>")


def report_block(block):
    caption = escaped(block["caption"])
    try:
        content = pathlib.Path(block["path"]).read_text("utf-8", "replace") if block["path"] else None
    except OSError:
        content = None
    opened, loading = (" open", "eager") if block.get("open") else ("", "lazy")
    # The report draws itself with a script of its own; in its frame it can reach nothing of ours.
    shown = missing(block["path"]) if content is None else (
        f'<iframe title="{caption}" sandbox="allow-scripts" loading="{loading}" '
        f'srcdoc="{escaped(content)}"></iframe>')
    return f"<details{opened}><summary>{caption}</summary>{shown}</details>"


BLOCKS = {"text": text_block, "command": command_block, "table": table_block,
          "pictures": pictures_block, "plot": plot_block, "report": report_block}


def outcome(part):
    return part["result"] if part["state"] == "done" else part["reason"]


def summary(parts):
    rows = "".join(
        f'<tr><th scope="row"><a href="#{escaped(part["id"])}">{escaped(part["name"])}</a></th>'
        f'<td class="state {escaped(part["state"])}">{STATES[part["state"]]}</td>'
        f'<td>{escaped(outcome(part))}</td><td class="time">{part["seconds"]:.0f} s</td></tr>\n'
        for part in parts)
    return ('<div class="table summary" tabindex="0" role="region" aria-label="What was run"><table>'
            '<caption>What was run</caption><thead><tr><th scope="col">part</th>'
            '<th scope="col"></th><th scope="col">result</th><th scope="col">took</th></tr></thead>'
            f"\n<tbody>{rows}</tbody></table></div>")


def section(part):
    part_id = escaped(part["id"])
    shown = "".join(BLOCKS[block["kind"]](block) + "\n" for block in part["blocks"])
    if part["state"] != "done":
        shown = (f'<p class="missing">{STATES[part["state"]].capitalize()}: '
                 f'{escaped(part["reason"])}</p>\n' + shown)
    return (f'<section id="{part_id}" aria-labelledby="{part_id}-name">'
            f'<h2 id="{part_id}-name">{escaped(part["name"])}</h2>'
            f'<p class="what">{escaped(part["what"])}</p>\n{shown}</section>\n')


def make_page(story):
    title = escaped(story["title"])
    facts = "".join(f"<li>{escaped(name)}: <b>{escaped(text)}</b></li>"
                    for name, text in story["facts"])
    return (HEAD.format(title=title, style=STYLE.read_text("utf-8")) +
            f'<header><h1>{title}</h1><ul class="facts">{facts}</ul></header>\n<main>\n'
            f"<section>{summary(story['parts'])}</section>\n"
            + "".join(map(section, story["parts"]))
            + "</main>\n<footer>Made by <code>tools/demo</code> of gst-tactus. This page needs no "
              "network and no other file.</footer>\n</body>\n</html>\n")


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    story = json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))
    pathlib.Path(sys.argv[2]).write_text(make_page(story), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
