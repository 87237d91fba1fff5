# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the parts of the demonstration share: where things are, and how programs are run and watched."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field

HEARTBEAT_S = 5
STOP_LIMIT_S = 60
PLAYING_LIMIT_S = 30
ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDINGS = pathlib.Path("/usr/share/sounds/alsa")
VOICES = ("Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right",
          "Side_Left", "Side_Right")
PLUGINS = ("ringqueue", "numapin", "vkcompute", "simdfft", "jitterbuffer", "clockcalib")


class Skipped(Exception):
    """The machine lacks something that a part needs; the text says what."""


class Failed(Exception):
    """A part went wrong; the text says how. `status` is what the demonstration ends with."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


@dataclass
class Stage:
    """Where the parts play. `out` is an empty folder for what they write."""
    build: pathlib.Path
    out: pathlib.Path
    video: pathlib.Path = None
    no_video: str = ""            # why there is none
    live_arguments: list = field(default_factory=list)
    call_arguments: list = field(default_factory=list)
    variables: dict = field(default_factory=dict)    # for the environment of what is run

    def plugin(self, name):
        return self.build / "gst" / name / f"libgst{name}.so"

    def program(self, name):
        return self.build / "tools" / name / name

    def need_plugins(self, *names):
        missing = [name for name in names if not self.plugin(name).exists()]
        if missing:
            raise Skipped(f"{' and '.join(missing)} could not be built here; what meson found is in "
                          f"{self.build}/meson-logs/meson-log.txt")

    def need_program(self, name):
        if not self.program(name).exists():
            raise Skipped(f"{name} could not be built here; what meson found is in "
                          f"{self.build}/meson-logs/meson-log.txt")

    def need_video(self):
        if self.video is None:
            raise Skipped(self.no_video or "there is no video")

    def need_recordings(self):
        missing = [name for name in VOICES if not (RECORDINGS / f"{name}.wav").is_file()]
        if missing:
            raise Skipped(f"there is no {RECORDINGS}/{missing[0]}.wav; Debian's package alsa-utils "
                          "has it")

    def report(self, name):
        """Where clockcalib leaves the report of that name, or None if it is not built."""
        return self.out / f"{name}.html" if self.plugin("clockcalib").exists() else None

    def environment(self, report=None):
        """Our plugins, and a registry of their own: the user's must not learn of them."""
        folders = [str(self.plugin(name).parent) for name in PLUGINS if self.plugin(name).exists()]
        folders += [os.environ[name] for name in ("GST_PLUGIN_PATH_1_0", "GST_PLUGIN_PATH")
                    if os.environ.get(name)][:1]
        environment = {**os.environ, "GST_PLUGIN_PATH_1_0": ":".join(folders),
                       "GST_REGISTRY": str(self.build / "demo-registry.bin"),
                       "TACTUS_SHADERS": str(ROOT / "gst" / "vkcompute" / "shaders"),
                       **self.variables}
        if report:
            environment["GST_TRACERS"] = f'clockcalib(report="{report}")'
        return environment


class Heart:
    """Says how long something has taken, every few seconds; else the terminal would be silent."""

    def __init__(self, what):
        self.what = what
        self.start = self.next = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.start

    def beat(self):
        if self.seconds() + self.start >= self.next + HEARTBEAT_S:
            self.next = time.monotonic()
            print(f"    {self.what}: {self.seconds():.0f} s", flush=True)


def stop(process, by=signal.SIGINT):
    """Asks the program to end, and makes it."""
    if process.poll() is None:
        process.send_signal(by)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Failed(f"{pathlib.Path(process.args[0]).name} did not end within {STOP_LIMIT_S} s of "
                     "being asked to") from None


def watch(process, what, limit_s, stopped_after_s=None):
    """Waits for a program, with a sign of life now and then, and returns its status. It is told to
    end after `stopped_after_s`; one that takes longer than `limit_s` has failed."""
    heart = Heart(what)
    try:
        while process.poll() is None:
            if stopped_after_s and heart.seconds() >= stopped_after_s:
                stop(process)
            elif heart.seconds() >= limit_s:
                raise Failed(f"{what} took longer than {limit_s} s")
            heart.beat()
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode


def why(log):
    """The reason of a failure: the first error in a log of gst-launch-1.0, or its last line."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    for line in lines:
        match = re.match(r"(?:ERROR: from element \S+: |WARNING: erroneous pipeline: )(.*)", line)
        if match:
            return match[1]
    return next((line for line in reversed(lines) if line), "it gave no reason")


def launch_line(arguments):
    return shlex.join(["gst-launch-1.0", *map(str, arguments)]).replace("'!'", "!")


class Launch:
    """A gst-launch-1.0 that writes to a log of its own."""

    def __init__(self, stage, name, arguments, report=None):
        self.name = name
        self.log = stage.out / f"{name}.log"
        self.line = launch_line(arguments)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["gst-launch-1.0", *map(str, arguments)], env=stage.environment(report),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def is_playing(self):
        return "Setting pipeline to PLAYING" in self.log.read_text("utf-8", "replace")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def finish(self, limit_s=180, stopped_after_s=None):
        """Waits for the end; Failed if it ended with an error."""
        if watch(self.process, self.name, limit_s, stopped_after_s) != 0:
            raise Failed(f"{self.name}: {why(self.log)}")


def all_play(launches, what):
    """Waits until all play; False if one ended before, or it took too long."""
    heart = Heart(what)
    while True:
        # Asked first: what ends in between has played.
        is_over = heart.seconds() > PLAYING_LIMIT_S or any(launch.process.poll() is not None
                                                           for launch in launches)
        if all(launch.is_playing() for launch in launches):
            return True
        if is_over:
            return False
        heart.beat()
        time.sleep(0.1)


def words(text):
    """The words of a launch line without quotes in it."""
    return text.split()


def voice_source():
    """The words for all recordings, one after the other, as mono at 48 kHz."""
    sources = [["filesrc", f"location={RECORDINGS}/{name}.wav", "!", "wavparse", "!", "voice."]
               for name in VOICES]
    return sum(sources, []) + words("concat name=voice ! audioconvert ! audioresample ! "
                                    "audio/x-raw,rate=48000,channels=1")
