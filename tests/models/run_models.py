#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the Promela models beside this file with spin, and that their mutations fail.

A model names its cases in comment lines:

    // CONFIG two_slots: CAP=2 ITEMS=5      the model as it is, with these definitions
    // MUTATION early_tail: what is wrong   the model with MUT_early_tail defined

Each CONFIG must be searched completely without an error. Each MUTATION must break an assertion or
end in a deadlock in at least one CONFIG. The result is printed as TAP.
"""

import argparse
import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MEMORY_LIMIT_MIB = 1024
MAX_DEPTH = 100_000
STEP_TIMEOUT_S = 200

# COLLAPSE stores states compressed, but exactly: nothing is left out of the search.
CFLAGS = ["-O1", "-w", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_LIMIT_MIB}"]
INCOMPLETE = ("max search depth too small", "reached -DMEMLIM", "out of memory",
              "Search not completed", "exceeds")
PROPERTY_BROKEN = re.compile(r"pan:\d+: ((?:assertion violated|invalid end state).*)")


@dataclasses.dataclass
class Model:
    path: pathlib.Path
    configs: dict
    mutations: dict

    @staticmethod
    def read(path):
        found = {"CONFIG": {}, "MUTATION": {}}
        line = re.compile(r"^// (CONFIG|MUTATION) (\w+): (.+)$", re.MULTILINE)
        for kind, name, text in line.findall(path.read_text(encoding="utf-8")):
            found[kind][name] = text.split() if kind == "CONFIG" else text
        return Model(path, found["CONFIG"], found["MUTATION"])


@dataclasses.dataclass
class Search:
    """What one run of the verifier said."""
    states: int = 0
    errors: int = -1
    complete: bool = False
    broken: str = ""
    trouble: str = ""

    @staticmethod
    def parse(output):
        errors = re.search(r"errors: (\d+)", output)
        states = re.search(r"^\s*([\d.e+]+) states, stored", output, re.MULTILINE)
        broken = PROPERTY_BROKEN.search(output)
        if errors is None or states is None:
            return Search(trouble="the verifier gave no result:\n" + output)
        return Search(states=int(float(states[1])), errors=int(errors[1]),
                      complete=not any(text in output for text in INCOMPLETE),
                      broken=broken[1] if broken else "")


def run(command, cwd):
    try:
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=STEP_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return None, f"{command[0]} took more than {STEP_TIMEOUT_S} s"
    return done.returncode, done.stdout


def search(model, definitions, trail=False):
    """Makes a verifier for the model with these definitions and runs it. With `trail` it searches
    breadth first, so that what it finds is shortest, and prints the steps."""
    cflags = CFLAGS + (["-DBFS"] if trail else [])
    with tempfile.TemporaryDirectory(prefix="tactus-model-") as folder:
        shutil.copy(model.path, folder)
        spin = ["spin", *(f"-D{d}" for d in definitions)]
        for command in ([*spin, "-a", model.path.name], ["cc", *cflags, "-o", "pan", "pan.c"]):
            code, output = run(command, folder)
            if code != 0:
                return Search(trouble=f"{' '.join(command)}:\n{output}")
        code, output = run(["./pan", "-n", f"-m{MAX_DEPTH}"], folder)
        if code is None:
            return Search(trouble=output)
        if trail and "wrote" in output:
            print(run([*spin, "-t", "-p", "-g", model.path.name], folder)[1])
        return Search.parse(output)


def check_config(model, config):
    result = search(model, model.configs[config])
    if result.trouble:
        return False, result.trouble
    if result.errors or result.broken:
        return False, f"{result.errors} errors: {result.broken}"
    if not result.complete:
        return False, f"not searched completely, {result.states} states"
    return True, f"{result.states} states"


def check_mutation(model, mutation):
    for config, definitions in model.configs.items():
        result = search(model, [*definitions, f"MUT_{mutation}"])
        if result.trouble:
            return False, f"{config}: {result.trouble}"
        if result.errors > 0 and result.broken:
            return True, f"{config}: {result.broken}"
    return False, "no error in " + ", ".join(model.configs)


def cases_of(models):
    for model in models:
        name = model.path.stem
        for config in model.configs:
            yield f"{name}: {config}", check_config, model, config
        for mutation, text in model.mutations.items():
            yield f"{name}: mutation {mutation}: {text}", check_mutation, model, mutation


def show_trail(models, name):
    """For a person: the error trail of a case, named MODEL:MUTATION or MODEL:CONFIG."""
    for _, check, model, key in cases_of(models):
        if name != f"{model.path.stem}:{key}":
            continue
        if check is check_config:
            search(model, model.configs[key], trail=True)
            return 0
        for definitions in model.configs.values():
            if search(model, [*definitions, f"MUT_{key}"]).errors > 0:
                search(model, [*definitions, f"MUT_{key}"], trail=True)
                return 0
    print(f"no case or no error: {name}", file=sys.stderr)
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name contains TEXT")
    parser.add_argument("--trail", metavar="MODEL:NAME",
                        help="print the steps to the error of a mutation or config and stop")
    args = parser.parse_args()
    missing = [tool for tool in ("spin", "cc") if shutil.which(tool) is None]
    if missing:
        print(f"1..0 # SKIP {' and '.join(missing)} not found")
        return 0
    models = [Model.read(path) for path in sorted(HERE.glob("*.pml"))]
    if args.trail:
        return show_trail(models, args.trail)
    cases = [case for case in cases_of(models) if args.only in case[0]]
    print(f"1..{len(cases)}")
    failed = 0
    for number, (name, check, model, key) in enumerate(cases, 1):
        passed, text = check(model, key)
        failed += not passed
        # "#" would begin a TAP directive.
        print(f"{'ok' if passed else 'not ok'} {number} - {name.replace('#', '')}")
        for line in text.splitlines():
            print(f"# {line}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
