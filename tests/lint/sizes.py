#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""File and function sizes.

No file over 800 lines; over 500 is worth a note. No C++ function over 80 lines, and 9 of 10 have at
most 35, once for gst/ and once for the rest. A function is measured from the line with its opening
brace to the line with its closing one. The two first applications (docs/guides/first-applications.md)
have at most 80 lines in all; other examples are files like any other. What is generated has no limit.
"""

import bisect
import re
import sys
from dataclasses import dataclass

import sizes_selftest
from repo_files import cpp_files, repo_files, report, root_argument

FILE_LIMIT = 800
FILE_NOTE = 500
FIRST_APPLICATIONS = {"docs/examples/call_over_udp.cpp", "docs/examples/tone_and_motion.py"}
FIRST_APPLICATION_LIMIT = 80
FUNCTION_LIMIT = 80
FUNCTION_USUAL = 35
USUAL_SHARE = 0.9

SOURCES = {".c", ".cpp", ".h", ".js", ".py", ".sh", ".pml", ".comp"}
GENERATED = "-dist.c"  # by tools/update-orc

# What must not be read as code, in the order in which it is recognised.
NOT_CODE = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<digits>\b\d[\w']*)
      | (?P<character>'(?:\\.|[^'\\\n])+')
      | (?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)""", re.VERBOSE | re.DOTALL | re.MULTILINE)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b(?![^<>]*>)|\bextern\s*[\"]+\s*$")
ATTRIBUTE = re.compile(r"\balignas\s*\([^()]*\)|__attribute__\s*\(\(.*?\)\)|\[\[.*?\]\]")
# What may stand between a parameter list and the body. A brace after any other word belongs to a
# variable, or to a member in a constructor's list.
TRAILER = re.compile(r"""(\)|\}|\b(const|noexcept|override|final|try|mutable|[A-Z][A-Z_]{3,})
                       |->[^)]*|\brequires\b[^;{}]*)$""", re.VERBOSE)


@dataclass
class Function:
    name: str
    line: int
    length: int


def blank(match):
    """White space of the same shape, so that line numbers stay right."""
    if match.lastgroup == "digits" or match.group("digits"):
        return match.group().replace("'", "0")
    if match.group("string") or match.group("raw") or match.group("character"):
        return '""' + re.sub(r"[^\n]", " ", match.group())[2:]
    return re.sub(r"[^\n]", " ", match.group())


def code_only(text):
    return NOT_CODE.sub(blank, text)


def inside_parentheses(head):
    return head.count("(") > head.count(")")


def is_function(head):
    """Whether a brace after this text, at namespace or class scope, opens a function's body."""
    if inside_parentheses(head) or "(" not in head:
        return False
    return bool(TRAILER.search(head) or head.endswith("]") and "=" in head)


def kind_of(head, outer):
    if outer not in ("scope", None):
        return "block"
    head = re.sub(r"\b(public|private|protected)\s*:", " ", ATTRIBUTE.sub(" ", head)).strip()
    if is_function(head):
        return "function"
    if SCOPE.search(head) and not inside_parentheses(head) and not head.endswith("="):
        return "scope"
    return "block"


def name_of(head):
    # A macro without a semicolon may stand before the signature; that starts a line of its own.
    signature = re.split(r"\)\s*\n(?=[\w~])", head)[-1]
    plain = re.sub(r"\s+", " ", ATTRIBUTE.sub(" ", signature)).strip()
    words = re.findall(r"([\w:~]+(?:<[^()]*>)?|operator\s*\S+?)\s*\(([^()]*)", plain)
    if not words:
        return plain[-40:]
    name, arguments = words[0]
    return f"{name}({arguments})" if name.startswith(("TEST", "BENCHMARK", "GST_START")) else name


def functions(text):
    """The outermost functions of a C++ file. Raises ValueError if its braces do not match."""
    code = code_only(text)
    newlines = [match.start() for match in re.finditer("\n", code)]
    found, stack, head = [], [], 0
    for match in re.finditer(r"[{};]", code):
        at, mark = match.start(), match.group()
        outer = stack[-1][0] if stack else None
        if mark == "{":
            kind = kind_of(code[head:at], outer)
            stack.append((kind, at, code[head:at]))
            if kind != "block":
                head = at + 1
        elif mark == "}":
            if not stack:
                raise ValueError("a closing brace too many")
            kind, start, before = stack.pop()
            if kind == "function":
                first = bisect.bisect_left(newlines, start) + 1
                last = bisect.bisect_left(newlines, at) + 1
                found.append(Function(name_of(before), first, last - first + 1))
            if kind != "block":
                head = at + 1
        elif outer in ("scope", None) and not inside_parentheses(code[head:at]):
            head = at + 1
    if stack:
        raise ValueError("a brace is not closed")
    return found


def file_problems(root):
    found = []
    for path in repo_files(root):
        if path.suffix not in SOURCES and path.name != "meson.build" or path.name.endswith(GENERATED):
            continue
        lines = len((root / path).read_text(encoding="utf-8").splitlines())
        limit = FIRST_APPLICATION_LIMIT if str(path) in FIRST_APPLICATIONS else FILE_LIMIT
        if lines > limit:
            found.append(f"{path}:{lines}: the file has {lines} lines, the limit is {limit}")
        elif lines > FILE_NOTE:
            print(f"note: {path} has {lines} lines; can it be split?")
    return found


def share_problem(group, measured):
    """The complaint if too many functions of a group are long, with the longest of them."""
    long_ones = [(path, f) for path, f in measured if f.length > FUNCTION_USUAL]
    allowed = len(measured) - int(-(-len(measured) * USUAL_SHARE // 1))
    if len(long_ones) <= allowed:
        return []
    long_ones.sort(key=lambda item: -item[1].length)
    return [f"{group}: {len(long_ones)} of {len(measured)} functions have more than "
            f"{FUNCTION_USUAL} lines, {allowed} may:"] + [
            f"{path}:{f.line}: {f.name} has {f.length} lines" for path, f in long_ones]


def function_problems(root):
    found = []
    groups = {"gst": [], "the rest": []}
    for path in cpp_files(root):
        try:
            measured = functions((root / path).read_text(encoding="utf-8"))
        except ValueError as error:
            found.append(f"{path}:1: cannot be measured: {error}")
            continue
        groups["gst" if path.parts[0] == "gst" else "the rest"] += [(path, f) for f in measured]
    for group, measured in groups.items():
        found += [f"{path}:{f.line}: {f.name} has {f.length} lines, the limit is {FUNCTION_LIMIT}"
                  for path, f in measured if f.length > FUNCTION_LIMIT]
        found += share_problem(group, measured)
        print(f"{group}: {len(measured)} functions")
    return found


def main():
    parser = root_argument(__doc__)
    parser.add_argument("--self-test", action="store_true", help="check the measuring itself")
    parser.add_argument("--list", action="store_true", help="print every function, longest first")
    options = parser.parse_args()
    if options.self_test:
        sys.exit(sizes_selftest.run(functions))
    if options.list:
        rows = [(f.length, path, f) for path in cpp_files(options.root)
                for f in functions((options.root / path).read_text(encoding="utf-8"))]
        for length, path, function in sorted(rows, key=lambda row: -row[0]):
            print(f"{length:4} {path}:{function.line}: {function.name}")
        return
    report(file_problems(options.root) + function_problems(options.root), "sizes")


if __name__ == "__main__":
    main()
