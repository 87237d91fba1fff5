#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tools/demo puts on its page and into its table, without running a pipeline; prints TAP."""

import base64
import html.parser
import pathlib
import subprocess
import sys
import xml.dom.minidom

from tap_cases import run_cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORY = ROOT / "tools" / "story"
sys.path.insert(0, str(STORY))

import call_parts  # noqa: E402 (found by the line above)
import delay_plot  # noqa: E402
import figures  # noqa: E402
import live_parts  # noqa: E402
import page  # noqa: E402
import stage  # noqa: E402

HOSTILE = """<script>alert("1")</script><!-- ' & </style></pre>"""
VOID = {"meta", "img"}


class Parsed(html.parser.HTMLParser):
    """Tags, attributes, and the text of each section; what is left open is an error."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.sections, self.open = [], [], {}, []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append((tag, dict(attrs).get("id")))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> within {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        section = next((name for tag, name in self.open if tag == "section"), None)
        self.sections[section] = self.sections.get(section, "") + data

    def values(self, tag, name):
        return [value for of, key, value in self.attributes if (of, key) == (tag, name)]


def part(blocks=(), **changes):
    return {"id": "one", "name": "Part one", "what": "What it is.", "state": "done", "reason": "",
            "result": "42 frames", "seconds": 3.4, "blocks": list(blocks), **changes}


def parsed(*parts, title="A title"):
    return Parsed(page.make_page({"title": title, "facts": [["machine", "a & b"]],
                                  "parts": list(parts)}))


def check_blocks(folder):
    picture = folder / "a.png"
    picture.write_bytes(b"\x89PNG picture")
    found = parsed(part([figures.text("Some words."), figures.command("A line", "a ! b"),
                         figures.table("Rows", ["", "in"], [["ringqueue", "17"]], "A note."),
                         figures.pictures((picture, "A caption", "Alternative")),
                         figures.plot("A plot", "<svg viewBox='0 0 1 1'></svg>")]))
    text = found.sections["one"]
    for words in ("Part one", "What it is.", "Some words.", "A line", "a ! b", "ringqueue", "17",
                  "A note.", "A caption", "A plot"):
        assert words in text, words
    assert found.values("img", "src") == [
        "data:image/png;base64," + base64.b64encode(b"\x89PNG picture").decode()]
    assert found.values("img", "alt") == ["Alternative"]
    assert found.values("svg", "role") == ["img"]
    assert "42 frames" in found.sections[None] and "3 s" in found.sections[None]


def check_hostile(folder):
    picture = folder / "a.jpg"
    picture.write_bytes(b"jpeg")
    plain = parsed(part([figures.text("x"), figures.command("x", "x"),
                         figures.table("x", ["x", "x"], [["x", "x"]], "x"),
                         figures.pictures((picture, "x", "x"))]))
    found = parsed(part([figures.text(HOSTILE), figures.command(HOSTILE, HOSTILE),
                         figures.table(HOSTILE, [HOSTILE, "x"], [[HOSTILE, HOSTILE]], HOSTILE),
                         figures.pictures((picture, HOSTILE, HOSTILE))],
                        name=HOSTILE, what=HOSTILE, result=HOSTILE), title=HOSTILE)
    assert found.tags == plain.tags, "a text became markup"
    assert HOSTILE in found.sections["one"] and HOSTILE in found.sections[None]
    assert found.values("img", "alt") == [HOSTILE]


def check_report(folder):
    content = "<!DOCTYPE html><script>let a = \"b\" && '</iframe>';</script>"
    (folder / "r.html").write_text(content, encoding="utf-8")
    found = parsed(part([figures.report("The report", folder / "r.html"),
                         figures.report("Another", folder / "r.html", is_open=True)]))
    assert found.values("iframe", "srcdoc") == [content, content]
    assert found.values("iframe", "title") == ["The report", "Another"]
    assert found.values("iframe", "sandbox") == ["allow-scripts"] * 2
    assert len(found.values("details", "open")) == 1
    assert "script" not in found.tags


def check_skipped(folder):
    found = parsed(part(state="skipped", reason="no Vulkan <driver>", result=""),
                   part(id="two", state="failed", reason="it broke", result=""))
    for section in ("one", None):
        assert "no Vulkan <driver>" in found.sections[section], section
    for section in ("two", None):
        assert "it broke" in found.sections[section], section


def check_missing(folder):
    found = parsed(part([figures.pictures((folder / "gone.png", "A caption", "x")),
                         figures.report("The report", folder / "gone.html"),
                         figures.report("Another", None),
                         figures.table("Ages of frames", ["", "in"], [])]))
    text = found.sections["one"]
    assert text.count("Not there: gone.png was not made.") == 1
    assert text.count("Not there: gone.html was not made.") == 1
    assert "Not there: the file was not made." in text
    assert "No figures: Ages of frames." in text
    assert "img" not in found.tags and "iframe" not in found.tags


def check_alone(folder):
    picture = folder / "a.png"
    picture.write_bytes(b"p")
    found = parsed(part([figures.pictures((picture, "x", "x"))]))
    for tag, name, value in found.attributes:
        if name in ("src", "href", "srcset", "data"):
            assert value.startswith(("data:", "#")), f"<{tag} {name}={value}>"
    assert not {"script", "link", "base", "object", "embed"} & set(found.tags)
    style = page.STYLE.read_text("utf-8")
    assert "url(" not in style and "@import" not in style and "prefers-color-scheme: dark" in style


QUEUES = {"width": 768, "height": 576, "fps_in": 120, "fps_out": 35, "seconds": 8, "streams": 1,
          "depth_frames": 3, "goal": {"p99_ms": 47.0, "met": True},
          "runs": [{"launch": "queue", "frames_in": 276, "frames_analysed": 270,
                    "frames_dropped": 6,
                    "age_ms": {"p50": 2852.3, "p99": 5704.2, "p99_9": 5728.1, "max": 5729.0}}]}


def check_queues(folder):
    blocks = live_parts.queue_blocks(QUEUES, ["live-analysis", "a b"], None)
    rows = next(block["rows"] for block in blocks if block["kind"] == "table")
    assert rows == [["queue", "276", "270", "6", "2852.3", "5704.2", "5728.1", "5729.0"]], rows
    assert any(block.get("line") == "live-analysis 'a b'" for block in blocks)
    result = live_parts.queue_result(QUEUES)
    assert "queue: 5704.2" in result and "goal of 47 is met" in result, result
    many = {**QUEUES, "streams": 4, "goal": {"p99_ms": 47.0}}
    assert "goal" not in live_parts.queue_result(many)


def call_json(arrivals):
    call = {"launch": "jitterbuffer latency=1000", "added_delay_ms": 91.7, "disrupted_percent": 0.351,
            "concealed_s": 0.34, "requests": 1, "playout": [[0.1, 90.0], [0.2, 95.5]]}
    return {"network": "wifi", "what": "a < b", "seconds": 60, "packets": 3000, "lost": 5,
            "reply_ms": 60.0, "arrivals": arrivals,
            "calls": [{**call, "launch": "rtpjitterbuffer latency=200"}, call]}


def check_call(folder):
    blocks = call_parts.call_blocks(call_json([[0.1, 5.0], [0.2, 80.0]]), ["voice-call"])
    rows = next(block["rows"] for block in blocks if block["kind"] == "table")
    assert rows[1] == ["jitterbuffer latency=1000", "92", "0.35", "0.34", "1"], rows
    svg = next(block["svg"] for block in blocks if block["kind"] == "plot")
    assert "a &lt; b" in svg
    xml.dom.minidom.parseString(svg)
    all_lost = call_parts.call_blocks(call_json([]), ["voice-call"])
    assert not any(block["kind"] == "plot" for block in all_lost)


def check_plot(folder):
    svg = delay_plot.draw("wifi", "what", 60, [(1.0, 20.0)], ("a", [(1.0, 200.0)]),
                          ("b & c", [(1.0, 40.0), (30.0, 100.0)]))
    texts = [node.firstChild.data
             for node in xml.dom.minidom.parseString(svg).getElementsByTagName("text")]
    assert {"b & c plays", "a plays", "200", "60"} <= set(texts), texts
    assert delay_plot.PAPER.peer in svg


def histogram(count, p50_ns):
    return {"count": count, "p50_ns": p50_ns, "p99_ns": 2 * p50_ns, "max_ns": 3 * p50_ns}


def check_figures(folder):
    measured = {"elements": [{"factory": "ringqueue", "buffers_in": 9, "buffers_out": 7,
                              "dropped": 2, "residence": histogram(7, 1_500_000)},
                             {"factory": "numapin", "buffers_in": 9, "buffers_out": 9, "dropped": 0,
                              "residence": histogram(0, 0)}],
                "gpu_queues": [{"device": "llvmpipe", "slices": 7, "busy": histogram(7, 42_000_000)}]}
    rows = figures.residence_table("x", measured, ["numapin", "ringqueue", "vkcompute"])["rows"]
    assert rows == [["numapin", "9", "9", "0", "–", "–", "–"],
                    ["ringqueue", "9", "7", "2", "1.50", "3.00", "4.50"],
                    ["GPU work: llvmpipe", "–", "7", "–", "42.0", "84.0", "126"]], rows
    assert figures.residence_table("x", None, ["numapin"])["rows"] == []
    assert live_parts.edge_result(measured) == "7 of 9 frames, 42.0 ms each on llvmpipe"
    assert "nothing was measured" in live_parts.edge_result(None)
    (folder / "broken.json").write_text("{", encoding="utf-8")
    assert figures.read_json(folder / "broken.json") is None
    assert figures.read_json(folder / "gone.json") is None


def check_why(folder):
    log = folder / "log"
    log.write_text("Setting pipeline to PAUSED ...\nERROR: from element /GstPipeline:p/GstVkCompute:v: "
                   "There is no Vulkan driver\nAdditional debug info:\nERROR: more\n", encoding="utf-8")
    assert stage.why(log) == "There is no Vulkan driver"
    log.write_text("WARNING: erroneous pipeline: no element \"x\"\n\n", encoding="utf-8")
    assert stage.why(log) == 'no element "x"'
    log.write_text("", encoding="utf-8")
    assert stage.why(log) == "it gave no reason"
    assert stage.launch_line(["a", "!", "b=c d"]) == "gst-launch-1.0 a ! 'b=c d'"


def check_nothing_built(folder):
    """Nothing is built and there is no video: each part says so, on the terminal and on the page."""
    target = folder / "demo.html"
    run = subprocess.run([sys.executable, STORY / "story.py", "--build", folder / "build",
                          "--page", target, "--no-video", "there is no <clip>"],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1 and run.stderr == "", run.stdout + run.stderr
    assert run.stdout.count("skipped: ") >= 5 and "Nothing could be run" in run.stdout, run.stdout
    assert str(target.resolve()) in run.stdout
    sections = Parsed(target.read_text("utf-8")).sections
    for name in ("queues", "edges"):
        assert "there is no <clip>" in sections[name], sections[name]
    for name in ("call", "live-call", "sound"):
        assert "could not be built here" in sections[name] or "alsa-utils" in sections[name], name


def check_options(folder):
    """Wrong options are refused, by name, before anything is built."""
    for options, named in ((["--nonsense"], "--nonsense"), (["--only", "dance"], "dance"),
                           (["--call", "--streams", "2"], "--streams"),
                           (["--only", "live", "--network", "wifi"], "--network"),
                           (["--network", "mars"], "mars"), (["--seconds", "0"], "'0'"),
                           (["--seconds"], "--seconds"), (["--video", "gone.avi"], "gone.avi"),
                           (["--page", "gone/a.html"], "gone/a.html")):
        run = subprocess.run([ROOT / "tools" / "demo", *options], cwd=folder, capture_output=True,
                             text=True, timeout=60, check=False)
        assert run.returncode == 2 and named in run.stderr and not run.stdout, (options, run)


CASES = [("every kind of block is on the page", check_blocks),
         ("no text becomes markup", check_hostile),
         ("a report is embedded to the letter, in a sandbox", check_report),
         ("a part that was skipped or failed says why, twice", check_skipped),
         ("what is missing is said in its place", check_missing),
         ("the page refers to nothing outside", check_alone),
         ("ages of frames become a table", check_queues),
         ("a call becomes a table and a plot", check_call),
         ("a plot names its lines and is well-formed", check_plot),
         ("figures of clockcalib become a table; what is not there, a dash", check_figures),
         ("the reason of a failure is found in a log", check_why),
         ("wrong options of tools/demo are refused", check_options),
         ("without plugins and clip all parts are skipped", check_nothing_built)]


if __name__ == "__main__":
    sys.exit(run_cases(CASES))
