# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of the demonstration that analyse the video."""

import re
import shlex
import subprocess
import sys
import tempfile

import figures
from stage import Failed, Launch, Skipped, all_play, launch_line, watch, why, words

CAMERA_FPS = 120
LIVE_S = 8
RESULT = "ages.json"
PICTURE_FRAMES = 100    # the last of these is the one that is shown
WRONG_INPUT = 2
PICTURE = words("videoscale ! video/x-raw,width=768,pixel-aspect-ratio=1/1 ! videoconvert ! "
                "jpegenc quality=85")


# --- how old a frame is

def compare_queues(stage):
    """live-analysis, with its own table and progress in the terminal."""
    stage.need_video()
    stage.need_program("live-analysis")
    stage.need_plugins("ringqueue")
    result_path, report = stage.out / RESULT, stage.report("queues")
    command = [str(stage.program("live-analysis")), "--video", str(stage.video),
               "--json", str(result_path), *stage.live_arguments]
    with tempfile.TemporaryFile() as errors:
        # It tells of its progress itself, and how long it takes its options say.
        status = subprocess.run(command, env=stage.environment(report), stderr=errors,
                                check=False).returncode
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    said = "".join(line for line in said.splitlines(keepends=True)
                   if not line.startswith("clockcalib: report in"))
    sys.stderr.write(said)
    result = figures.read_json(result_path)
    if status not in (0, 1) or not result:
        raise Failed(said.strip() or f"live-analysis ended with {status}",
                     WRONG_INPUT if status == WRONG_INPUT else 1)
    return queue_result(result), queue_blocks(result, command, report), status


def queue_result(result):
    """One line for the table at the end."""
    ages = [f"{run['launch']}: {run['age_ms']['p99']:.1f}" for run in result["runs"]]
    met = result["goal"].get("met")
    verdict = "" if met is None else (f". The goal of {result['goal']['p99_ms']:.0f} is "
                                      f"{'met' if met else 'missed'}")
    return f"P99 of the age in ms: {'; '.join(ages)}{verdict}"


def queue_blocks(result, command, report):
    rows = [[run["launch"], str(run["frames_in"]), str(run["frames_analysed"]),
             str(run["frames_dropped"]),
             *(f"{run['age_ms'][key]:.1f}" for key in ("p50", "p99", "p99_9", "max"))]
            for run in result["runs"]]
    what = (f"{result['width']} × {result['height']} pixels at {result['fps_in']} frames/s, "
            f"{result['seconds']} s for each queue, each with {result['depth_frames']} frames at "
            f"most; the analysis manages {result['fps_out']} frames/s.")
    if result["streams"] > 1:
        what += f" {result['streams']} cameras at once: nothing is judged."
    goal = result["goal"]
    verdict = [] if "met" not in goal else [figures.text(
        f"The goal, P99 of at most {goal['p99_ms']:.0f} ms with ringqueue, is "
        f"{'met' if goal['met'] else 'missed'}.")]
    return [
        figures.text(what),
        figures.table("Age of a frame when its analysis starts",
                      ["queue", "in", "analysed", "dropped", "P50, ms", "P99, ms", "P99.9, ms",
                       "max, ms"], rows,
                      "A queue that is not leaky holds the camera back, which no real camera allows: "
                      "the ages grow as long as it runs."),
        *verdict,
        figures.command("The pipeline, once for each queue",
                        "filesrc ! decodebin ! videoconvert ! (camera) ! clocksync ! QUEUE "
                        f"max-size-buffers={result['depth_frames']} max-size-bytes=0 "
                        "max-size-time=0 ! (analysis)"),
        figures.command("What was run", shlex.join(command)),
        figures.report("clockcalib's report: all three runs, and the calibration before", report),
    ]


# --- edges on the GPU

def need_vulkan(stage):
    """One frame: without a driver vkcompute says what is missing, and that is the reason."""
    probe = Launch(stage, "vulkan", words("videotestsrc num-buffers=1 ! vkcompute shader=sobel ! "
                                          "fakesink"))
    if watch(probe.process, "asking for a Vulkan device", limit_s=60) != 0:
        reason = why(probe.log)
        raise (Skipped if "Vulkan" in reason else Failed)(reason)


def opens(stage, name, elements):
    """Whether the first of the video reaches the elements, and the log of it."""
    probe = Launch(stage, name, ["-v", "filesrc", f"location={stage.video}",
                                 *words(f"! decodebin ! {elements} ! fakesink sync=true")])
    try:
        return all_play([probe], f"looking for {name}"), probe.log
    finally:
        probe.end()


def frame_rate(stage):
    """Frames per second of the video, or None where they have no rate."""
    opened, log = opens(stage, "pictures", "videoconvert")
    match = re.search(r"fakesink0\.GstPad:sink: caps = video/x-raw.*framerate=\(fraction\)(\d+)/(\d+)",
                      log.read_text("utf-8", "replace"))
    if not opened or not match:
        raise Failed(f"{stage.video} shows no picture: {why(log)}")
    return int(match[1]) / int(match[2]) if int(match[1]) else None


def has_sound(stage):
    return opens(stage, "sound", "audioconvert")[0]


def picture_line(stage):
    """The same frame as it came in and as it went out."""
    source = ["filesrc", f"location={stage.video}",
              *words("! decodebin ! videoconvert ! video/x-raw,format=RGBA ! identity "
                     f"eos-after={PICTURE_FRAMES} ! tee name=frames")]
    into = [*PICTURE, "!", "multifilesink", "max-files=1"]
    return [*source, *words("frames. ! queue !"), *into, f"location={stage.out}/before-%05d.jpg",
            *words("frames. ! queue ! vkcompute shader=sobel !"), *into,
            f"location={stage.out}/after-%05d.jpg"]


def last_picture(stage, name):
    found = sorted(stage.out.glob(f"{name}-*.jpg"))
    return found[-1] if found else stage.out / f"{name}.jpg"


ANALYSIS = words("numapin cpus=auto ! ringqueue leaky=downstream max-size-buffers=3 "
                 "max-size-bytes=0 ! vkcompute shader=sobel")


def silent_line(stage, fps):
    """A camera of 120 frames/s, whatever the video has."""
    faster = []
    if fps and fps < CAMERA_FPS:
        # videorate repeats the last frame until the old end; what it repeats has the flag gap.
        faster = words(f"! videorate rate={CAMERA_FPS / fps:g} ! "
                       f"video/x-raw,framerate={CAMERA_FPS}/1 ! identity drop-buffer-flags=gap")
    return ["filesrc", f"location={stage.video}", *words("! decodebin ! videoconvert ! "
                                                        "video/x-raw,format=RGBA"),
            *faster, *words("! clocksync !"), *ANALYSIS, *words("! fakesink sync=false")]


def sounding_line(stage):
    """The edges, and the sound beside them, in one picture."""
    size = "video/x-raw,width=640,height=480,pixel-aspect-ratio=1/1"
    return [*words("compositor name=beside background=black sink_1::xpos=640 "
                   "sink_1::repeat-after-eos=true ! videoconvert ! jpegenc quality=85 ! "
                   "multifilesink max-files=1"), f"location={stage.out}/beside-%05d.jpg",
            "filesrc", f"location={stage.video}", *words("! decodebin name=streams"),
            *words("streams. ! queue ! videoconvert ! video/x-raw,format=RGBA ! clocksync !"),
            *ANALYSIS, *words(f"! videoconvert ! videoscale ! {size} ! beside. "
                              "streams. ! queue ! audioconvert ! simdspectrogram span=6 ! "
                              f"{size} ! beside.")]


def find_edges(stage):
    stage.need_video()
    stage.need_plugins("numapin", "ringqueue", "vkcompute")
    need_vulkan(stage)
    fps, sound = frame_rate(stage), has_sound(stage)
    if sound:
        stage.need_plugins("simdfft")
    # First the pictures: what the GPU has to compile is compiled when the live run starts.
    Launch(stage, "edges-pictures", picture_line(stage)).finish()
    report = stage.report("edges")
    line = sounding_line(stage) if sound else silent_line(stage, fps)
    live = Launch(stage, "edges", ["-e", *line], report)
    live.finish(limit_s=LIVE_S + 180, stopped_after_s=LIVE_S)
    measured = figures.read_json(report.with_suffix(".json")) if report else None
    return edge_result(measured), edge_blocks(stage, live, measured, report, sound), 0


def edge_result(measured):
    queue, gpus = figures.element(measured, "ringqueue"), (measured or {}).get("gpu_queues")
    if not queue or not gpus:
        return "edges found; without clockcalib nothing was measured"
    return (f"{queue['buffers_out']} of {queue['buffers_in']} frames, "
            f"{figures.ms(gpus[0]['busy']['p50_ns'])} ms each on {gpus[0]['device']}")


def edge_blocks(stage, live, measured, report, sound):
    frame = f"frame {PICTURE_FRAMES}, or the last one"
    blocks = [
        figures.pictures(
            (last_picture(stage, "before"), f"What comes in: {frame}",
             "A frame of the video"),
            (last_picture(stage, "after"), "What comes out: its edges, by sobel",
             "The same frame as bright edges on black")),
        figures.command("How the two pictures were made", launch_line(picture_line(stage))),
    ]
    if sound:
        blocks.append(figures.pictures(
            (last_picture(stage, "beside"), "The live run: edges, and the sound beside them",
             "Edges of a frame at the left, a spectrogram of the sound at the right")))
    else:
        blocks.append(figures.text("This video has no sound, so there is no spectrogram beside it; "
                                   "for one of real sound see “Sound as a picture”."))
    blocks += [
        figures.command("The live run", live.line),
        figures.residence_table(
            "How long a frame was where, live", measured,
            ["numapin", "ringqueue", "vkcompute", "simdspectrogram"],
            "The time in vkcompute holds the wait for the GPU: it has up to three frames at once. "
            "What ringqueue dropped came while the GPU was busy, and would have been stale."),
        figures.report("clockcalib's report of the live run", report, is_open=True),
    ]
    return blocks
