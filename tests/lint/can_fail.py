#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tries each lint check on a small tree that keeps the rules and on ones that break one; prints TAP.

A check that cannot fail proves nothing.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LINT = pathlib.Path(__file__).resolve().parent
HEADERS = LINT.parent / "headers" / "check_headers.py"
HEAD = ("// SPDX-FileCopyrightText: The gst-tactus authors\n"
        "// SPDX-License-Identifier: LGPL-2.1-or-later\n")

OFFLINE_SITE = ("site_name: a\ndocs_dir: ..\ntheme:\n  name: readthedocs\n"
                "  highlightjs: false\n")

FINE_LINE = "gst-launch-1.0 fakesrc num-buffers=1 ! fakesink"
SLOW_MACHINE = "WARNING: from element /a: A lot of buffers are being dropped."

CLEAN_TREE = {
    "gst/core/a.h": HEAD + "#pragma once\n#include <vector>\nint a();\n",
    "gst/core/a.cpp": HEAD + '#include "core/a.h"\n',
    "gst/glue/b.h": HEAD + '#pragma once\n#include "core/a.h"\n#include <gst/gst.h>\n',
    "gst/one/c.cpp": HEAD + '#include "d.h"\n#include "glue/b.h"\n',
    "gst/one/d.h": HEAD + "#pragma once\n",
    "gst/two/e.h": HEAD + "#pragma once\n",
    "tests/t.cpp": HEAD + '#include "two/e.h"\n#include <gst/gst.h>\n',
    "README.md": "# One\n\n[Two](docs/index.md#the-two), `[none](none)`, <!-- --> [out](https://example.org/a)\n",
    "docs/index.md": "# Two\n\n## The two\n\n[so](#two)\n\n"
                     f"```sh\n{FINE_LINE}; echo '{SLOW_MACHINE}'\n```\n",
    "docs/site/mkdocs.yml": OFFLINE_SITE + "nav:\n  - Start: index.md\n",
    "tools/run": "#!/bin/bash\n" + HEAD.replace("//", "#"),
}


def long_function(lines):
    return HEAD + "void f() {\n" + "    g();\n" * (lines - 2) + "}\n"


# What is broken, the check that must see it, the file written over the clean tree, and a word of the
# complaint.
BROKEN_TREES = [
    ("core includes GStreamer", "layers", "gst/core/a.cpp", HEAD + "#include <gst/gst.h>\n", "a.cpp:3"),
    ("core includes GLib", "layers", "gst/core/a.h", HEAD + "# include <glib.h>\n", "a.h:3"),
    ("core includes glue", "layers", "gst/core/a.h", HEAD + '#include "glue/b.h"\n', "a.h:3"),
    ("core includes glue by a relative path", "layers", "gst/core/a.h", HEAD + '#include "../glue/b.h"\n', "a.h:3"),
    ("core includes a plugin", "layers", "gst/core/a.h", HEAD + '#include "one/d.h"\n', "a.h:3"),
    ("core is built with GStreamer", "layers", "gst/core/meson.build", "x = [gst_dep]\n", "meson.build:1"),
    ("glue includes a plugin", "layers", "gst/glue/b.h", HEAD + '#include "one/d.h"\n', "b.h:3"),
    ("a plugin includes another", "layers", "gst/one/c.cpp", HEAD + '#include "two/e.h"\n', "c.cpp:3"),
    ("the same by a relative path", "layers", "gst/one/c.cpp", HEAD + '#include "../two/e.h"\n', "c.cpp:3"),
    ("a file that is not there", "layers", "gst/one/c.cpp", HEAD + '#include "two/gone.h"\n', "c.cpp:3"),
    ("a plugin includes a test", "layers", "gst/one/c.cpp", HEAD + '#include "../../tests/t.cpp"\n', "c.cpp:3"),
    ("a source without SPDX lines", "spdx", "gst/core/a.h", "#pragma once\n", "a.h:1"),
    ("a script without SPDX lines", "spdx", "tools/run", "#!/bin/bash\n", "run:1"),
    ("another licence", "spdx", "gst/one/d.h", HEAD.replace("LGPL", "GPL"), "d.h:1"),
    ("SPDX lines too far down", "spdx", "gst/one/d.h", "\n\n" + HEAD, "d.h:1"),
    ("a meson.build without SPDX lines", "spdx", "gst/meson.build", "x = 1\n", "meson.build:1"),
    ("a version that the compiler asks for", "versions", "gst/one/c.cpp", HEAD + "#if GST_CHECK_VERSION(1, 24, 0)\n", "c.cpp:3"),
    ("a version that a test asks for", "versions", "tests/t.cpp", HEAD + "gst_version (&a, &b, &c, &d);\n", "t.cpp:3"),
    ("deprecated API in a plugin", "versions", "gst/one/c.cpp", HEAD + "#define GLIB_DISABLE_DEPRECATION_WARNINGS\n",
     "c.cpp:3: deprecated API is wrapped in gst/glue"),
    ("deprecated API in a test", "versions", "tests/t.cpp", HEAD + "G_GNUC_BEGIN_IGNORE_DEPRECATIONS\n", "t.cpp:3"),
    ("a long file", "sizes", "gst/core/a.cpp", HEAD + "int a;\n" * 800, "a.cpp:802"),
    ("a long file in C", "sizes", "gst/core/a.c", HEAD + "int a;\n" * 800, "a.c:802"),
    ("a long file in JavaScript", "sizes", "gst/one/a.js", HEAD + "a();\n" * 800, "a.js:802"),
    ("a long example", "sizes", "docs/examples/call_over_udp.cpp", HEAD + "int a;\n" * 79, "call_over_udp.cpp:81"),
    ("a long function", "sizes", "tests/t.cpp", long_function(81), "t.cpp:3: f has 81 lines"),
    ("too many longish functions", "sizes", "gst/one/c.cpp", long_function(36), "c.cpp:3: f has 36"),
    ("braces that do not match", "sizes", "gst/one/c.cpp", HEAD + "void f() {\n", "c.cpp:1"),
    ("bad format", "formatting", "gst/one/c.cpp", HEAD + "int  a;\n", "c.cpp:3"),
    ("a header that needs another", "headers", "gst/core/a.h", HEAD + "#pragma once\nstd::string s;\n", "not ok"),
    ("a core header with GStreamer", "headers", "gst/core/a.h", HEAD + "#include <gst/gst.h>\n", "not ok"),
    ("a header without a guard", "headers", "gst/core/a.h", HEAD + "struct A {};\n", "not ok"),
    ("a launch line with an unknown element", "launch_lines", "README.md",
     "```sh\ngst-launch-1.0 nosuchelement ! fakesink\n```\n", "README.md:2"),
    ("a property that is not there", "launch_lines", "README.md",
     "<!-- parse-only: a test -->\n```sh\ngst-launch-1.0 fakesrc nosuch=1 ! fakesink\n```\n", "nosuch"),
    ("a launch line in a text block", "launch_lines", "README.md",
     "```text\ngst-launch-1.0 fakesrc ! fakesink\n```\n", "README.md:2"),
    ("a launch line in an indented block", "launch_lines", "README.md",
     "so:\n\n    gst-launch-1.0 fakesrc ! fakesink\n", "README.md:3"),
    ("a launch line behind another command", "launch_lines", "README.md",
     "```sh\nxvfb-run gst-launch-1.0 fakesrc ! fakesink\n```\n", "README.md:2"),
    ("a launch line in a sentence", "launch_lines", "README.md",
     "Try `gst-launch-1.0 fakesrc ! fakesink` now.\n", "README.md:1"),
    ("a mark without a reason", "launch_lines", "README.md",
     "```sh parse-only\ngst-launch-1.0 fakesrc ! fakesink\n```\n", "REASON"),
    ("a mark that nobody knows", "launch_lines", "README.md",
     "<!-- skip: no -->\n```sh\ngst-launch-1.0 fakesrc ! fakesink\n```\n", "'skip'"),
    ("a SECTION block that fails", "launch_lines", "gst/one/c.cpp",
     HEAD + "/**\n * |[\n * gst-launch-1.0 fakesrc !\n * nosuchelement\n * ]|\n */\n", "c.cpp:5"),
    ("a launch line that fails", "launch_lines", "docs/a.md",
     "```console\n$ gst-launch-1.0 filesrc \\\n    location=/none ! fakesink\n```\n", "docs/a.md:2"),
    ("a launch line with a value out of range", "launch_lines", "docs/a.md",
     "```sh\ngst-launch-1.0 fakesrc num-buffers=1 sizemax=-5 ! fakesink\n```\n", "warned: "),
    ("such a line that is not run", "launch_lines", "docs/a.md",
     "<!-- parse-only: a test -->\n```sh\ngst-launch-1.0 fakesrc sizemax=-5 ! fakesink\n```\n", "warned: "),
    ("an element that warns", "launch_lines", "docs/a.md",
     f"```sh\n{FINE_LINE}; echo 'WARNING: from element /a: no'\n```\n", "warned: WARNING: from"),
    ("a tracer that warns", "launch_lines", "docs/a.md",
     f"```sh\n{FINE_LINE}; echo \"clockcalib: unknown parameter 'a'\" >&2\n```\n", "warned: clockcalib: unknown"),
    ("a warning that grep leaves out", "launch_lines", "docs/a.md",
     f"```sh\n{FINE_LINE} | (cat; echo 'WARNING: from element /a: no') | grep Setting\n```\n", "warned: "),
    ("a message that does not come", "launch_lines", "docs/a.md", f"```sh\n{FINE_LINE} | grep nosuch\n```\n",
     "ended with 1"),
    ("a Python example that is none", "python_examples", "docs/a.md", "```python\nprint(\n```\n", "a.md:2"),
    ("a Python example that fails", "python_examples", "docs/a.md", "```python\nimport sys\nsys.exit(3)\n```\n",
     "a.md:2"),
    ("a link to nothing", "links", "README.md", "[there](docs/none.md)\n", "README.md:1"),
    ("a link over two lines to nothing", "links", "README.md", "\nso [over\nthere](none.md)\n", "README.md:2"),
    ("a heading that is not there", "links", "docs/a.md", "# A\n\n[here](#b)\n", "docs/a.md:3"),
    ("a heading that the site calls otherwise", "links", "docs/a.md", "# A – b\n\n[here](#a--b)\n", "a-b"),
    ("a picture that is not there", "links", "docs/a.md", "![A](a.png)\n", "docs/a.md:1"),
    ("a picture that is a page", "links", "docs/a.md", "![A](a.md)\n", "docs/a.md:1"),
    ("a link out of docs", "links", "docs/a.md", "[A](../README.md)\n", "docs/a.md:1"),
    ("a link to no host", "links", "docs/a.md", "[A](https:/example.org/)\n", "docs/a.md:1"),
    ("a link with a mistyped scheme", "links", "docs/a.md", "[A](htps://example.org/)\n", "htps"),
    ("a page that nobody links to", "links", "docs/a.md", "# A\n", "docs/a.md:1"),
    ("a page that the navigation lacks", "links", "docs/site/mkdocs.yml", "nav:\n", "docs/index.md"),
    ("a page in the navigation that is gone", "links", "docs/site/mkdocs.yml",
     "nav:\n  - Start: index.md\n  - A: a.md\n", "docs/a.md"),
    ("a list that the site runs together", "site", "docs/index.md", "# A\n\nSo:\n- a\n- b\n", "a list"),
    ("a fence that the site does not know", "site", "docs/index.md", "```sh so\na\n```\n", "index.md:1"),
    ("a theme that needs the network", "site", "docs/site/mkdocs.yml",
     "site_name: a\ndocs_dir: ..\n", "the network"),
    ("a C example without its include", "c_examples", "docs/a.md",
     "```c\nint a;\n```\n\n```c\nGstElement *b;\n```\n", "docs/a.md:6"),
]

NEEDS = {"formatting": "clang-format-14", "launch_lines": "gst-launch-1.0", "headers": "c++",
         "c_examples": "cc", "site": "mkdocs"}
CHECKS = ["layers", "spdx", "versions", "sizes", "formatting", "headers", "launch_lines", "c_examples", "python_examples", "links", "site"]


def lacking(check, changes):
    """What the machine lacks for this case, or None."""
    tool = NEEDS.get(check)
    if tool and shutil.which(tool) is None:
        return f"{tool} is not installed"
    if any("parse-only: " in text for text in changes.values()) and not os.environ.get("TACTUS_PARSE_LINE"):
        return "$TACTUS_PARSE_LINE is not set"
    return None


def write_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(LINT.parents[1] / ".clang-format", root)


def run_check(check, root):
    command = [sys.executable, LINT / f"{check}.py", "--root", root]
    if check == "headers":
        command = [sys.executable, HEADERS, "--root", root, "--layer", "core", "--", "c++"]
    if check == "site":
        command.append(root / "build-site")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def trouble(check, changes, word):
    """None, or why the check did not say what it should. A word means that it must fail."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_tree(root, {**CLEAN_TREE, **changes})
        status, output = run_check(check, root)
    if word is None:
        return None if status == 0 else f"complains about a clean tree:\n{output}"
    if status == 0:
        return f"does not notice:\n{output}"
    return None if word in output else f"does not say '{word}':\n{output}"


def main():
    cases = [(f"{check} likes a clean tree", check, {}, None) for check in CHECKS]
    cases += [(f"{check} sees {what}", check, {name: text}, word)
              for what, check, name, text, word in BROKEN_TREES]
    print(f"1..{len(cases)}")
    failed = 0
    for number, (what, check, changes, word) in enumerate(cases, 1):
        if lacks := lacking(check, changes):
            print(f"ok {number} - {what} # SKIP {lacks}")
            continue
        why = trouble(check, changes, word)
        print(f"{'not ok' if why else 'ok'} {number} - {what}", flush=True)
        if why:
            failed += 1
            print(f"{what}: {why}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
