# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of the demonstration with sound: a call over a bad network, and a spectrogram."""

import shlex
import socket
import subprocess

import delay_plot
import figures
from stage import RECORDINGS, Failed, Launch, all_play, stop, voice_source, watch, why, words

CALL_LIMIT_S = 60
SIMULATION_LIMIT_S = 900
NETWORK = ("netsim delay-distribution=gamma delay-probability=1 min-delay=10 max-delay=80 "
           "drop-probability=0.01")
PACKETS = "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,clock-rate=48000"
RECEIVERS = (("rtpjitterbuffer", "latency=200"), ("jitterbuffer", "latency=1000"))
PAGE_COLOURS = delay_plot.Colours(ground="var(--card)", ink="var(--ink)", muted="var(--quiet)",
                                  grid="var(--line)", arrival="var(--arrival)",
                                  peer="var(--peer)", ours="var(--ours)")
WRONG_INPUT = 2


# --- simulated

def simulate_call(stage):
    """voice-call, with its own table in the terminal."""
    stage.need_recordings()
    stage.need_program("voice-call")
    stage.need_plugins("jitterbuffer")
    result_path = stage.out / "call.json"
    command = [str(stage.program("voice-call")), "--json", str(result_path), *stage.call_arguments]
    process = subprocess.Popen(command, env=stage.environment())
    status = watch(process, "voice-call", SIMULATION_LIMIT_S)
    result = figures.read_json(result_path)
    if status != 0 or not result:
        raise Failed(f"voice-call ended with {status}; it says why above",
                     WRONG_INPUT if status == WRONG_INPUT else 1)
    return call_result(result), call_blocks(result, command), 0


def call_result(result):
    calls = [f"{call['launch']}: {call['added_delay_ms']:.0f}" for call in result["calls"]]
    return f"added delay in ms: {'; '.join(calls)}"


def call_blocks(result, command):
    rows = [[call["launch"], f"{call['added_delay_ms']:.0f}", f"{call['disrupted_percent']:.2f}",
             f"{call['concealed_s']:.2f}", str(call["requests"])] for call in result["calls"]]
    blocks = [
        figures.text(
            f"{result['seconds']} s of real voice as Opus over RTP, through “{result['network']}”: "
            f"{result['what']}. {result['lost']} of {result['packets']} packets are lost; requests "
            f"for another copy are answered after {result['reply_ms']:.0f} ms. The elements are "
            "real, the time is simulated: the same figures each time, on any machine."),
        figures.table("What each jitter buffer costs and saves",
                      ["", "added delay, ms", "disrupted playout, %", "concealed, s", "requests"],
                      rows, "Added delay: from sending to playing, beyond the fastest packet's "
                      "journey. Disrupted: packets too late, and gaps in the playout time. "
                      "Concealed: what the decoder made up or left silent."),
    ]
    peer, ours = result["calls"][0], result["calls"][-1]
    if result["arrivals"] and peer["playout"] and ours["playout"]:
        blocks.append(figures.plot(
            "Each quarter of a second: the grey bars are the delays of the packets as they arrive, "
            "the lines the median delay at which they are played",
            delay_plot.draw(result["network"], result["what"], result["seconds"],
                            result["arrivals"], (peer["launch"], peer["playout"]),
                            (ours["launch"], ours["playout"]), PAGE_COLOURS)))
    return [*blocks, figures.command("What was run", shlex.join(command))]


# --- live

def free_ports(count):
    """UDP ports that nobody has now."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def receiver_line(factory, setting, port):
    return ["udpsrc", "address=127.0.0.1", f"port={port}", f"caps={PACKETS}", "!", factory, setting,
            *words("do-lost=true ! rtpopusdepay ! opusdec plc=true ! fakesink sync=true")]


def sender_line(ports):
    clients = ",".join(f"127.0.0.1:{port}" for port in ports)
    return [*voice_source(), *words("! opusenc bitrate=32000 ! clocksync ! rtpopuspay pt=96 !"),
            *words(NETWORK), *words(f"! multiudpsink clients={clients} sync=false")]


def call_live(stage):
    stage.need_recordings()
    stage.need_plugins("jitterbuffer")
    ports = free_ports(len(RECEIVERS))
    receivers, reports = [], []
    try:
        for (factory, setting), port in zip(RECEIVERS, ports):
            reports.append(stage.report(f"receiver-{factory}"))
            receivers.append(Launch(stage, f"receiver-{factory}",
                                    ["-e", *receiver_line(factory, setting, port)], reports[-1]))
        if not all_play(receivers, "receivers start"):
            raise Failed(f"a receiver did not start: {'; '.join(why(one.log) for one in receivers)}")
        sender = Launch(stage, "sender", sender_line(ports))
        watch(sender.process, "a call of 11 s", CALL_LIMIT_S)
        for receiver in receivers:
            stop(receiver.process)
    finally:
        for receiver in receivers:
            receiver.end()
    for launch in (*receivers, sender):
        launch.finish()
    measured = [report and figures.read_json(report.with_suffix(".json")) for report in reports]
    return live_result(measured), live_blocks(sender, receivers, measured, reports), 0


def live_result(measured):
    waits = []
    for (factory, setting), one in zip(RECEIVERS, measured):
        found = figures.element(one, factory)
        if found:
            waits.append(f"{factory} {setting}: {figures.time_cells(found['residence'])[0]}")
    return f"median wait in ms: {'; '.join(waits)}" if waits else (
        "both received; without clockcalib nothing was measured")


def live_blocks(sender, receivers, measured, reports):
    rows = []
    for (factory, setting), one in zip(RECEIVERS, measured):
        found = figures.element(one, factory)
        if found:
            rows.append([f"{factory} {setting}", str(found["buffers_in"]),
                         str(found["buffers_out"]), str(found["dropped"]),
                         *figures.time_cells(found["residence"])])
    return [
        figures.text("The same recordings in real time: one sender, a network that delays each "
                     "packet by another time and loses one in a hundred, two receivers. Chance "
                     "has its say, so the figures differ from run to run."),
        figures.table("How long a packet waited in the jitter buffer",
                      ["", "in", "out", "dropped", "P50, ms", "P99, ms", "max, ms"], rows,
                      "Dropped: packets that came too late. rtpjitterbuffer keeps the delay that it "
                      "was given; jitterbuffer finds its own, up to the one that it was given, and "
                      "takes a few late packets for it."),
        figures.command("The sender, with the network", sender.line),
        *(figures.command(f"The receiver with {factory}", receiver.line)
          for (factory, _), receiver in zip(RECEIVERS, receivers)),
        *(figures.report(f"clockcalib's report of the receiver with {factory}", report)
          for (factory, _), report in zip(RECEIVERS, reports)),
    ]


# --- a picture of sound

def draw_sound(stage):
    stage.need_recordings()
    stage.need_plugins("simdfft")
    # With a new stream a spectrogram begins anew; the mixer makes one of all the recordings.
    line = [*voice_source(),
            *words("! audiomixer ! simdspectrogram qos=false span=11.5 fft-size=1024 min-db=-80 "
                   "max-db=-10 ! video/x-raw,format=RGBx,width=1120,height=360,framerate=10/1 ! "
                   "videoconvert ! video/x-raw,format=RGB ! pngenc ! multifilesink max-files=1"),
            f"location={stage.out}/sound-%05d.png"]
    launch = Launch(stage, "spectrogram", line)
    launch.finish()
    found = sorted(stage.out.glob("sound-*.png"))
    if not found:
        raise Failed("simdspectrogram drew nothing")
    return "the recordings of the call, drawn", [
        figures.pictures((found[-1], f"The eight recordings in {RECORDINGS}: “front center”, “front "
                          "left” and so on; time to the right, frequency upwards",
                          "A spectrogram of eight short phrases")),
        figures.command("What was run", launch.line),
    ], 0
