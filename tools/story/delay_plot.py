# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plots of delay over time in a call, as SVG: when packets arrive, and when two jitter buffers play."""

import collections
import html
import statistics
from dataclasses import dataclass

BIN_S = 0.25
WIDTH, HEIGHT = 860, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 58, 46
DELAY_STEPS_MS = (10, 20, 25, 50, 100, 200, 500)
TIME_STEPS_S = (1, 2, 5, 10, 20, 50)


@dataclass(frozen=True)
class Colours:
    ground: str
    ink: str
    muted: str
    grid: str
    arrival: str
    peer: str
    ours: str


PAPER = Colours("#ffffff", "#222222", "#555555", "#e4e4e4", "#9a9a9a", "#c4500c", "#0b5fb0")


def binned(points):
    """{bin: delays of the packets sent in it}"""
    bins = collections.defaultdict(list)
    for sent, delay in points:
        bins[int(sent / BIN_S)].append(delay)
    return bins


def nice_step(top, steps, wanted=5):
    return next((step for step in steps if top / step <= wanted + 1), steps[-1])


class Plot:
    def __init__(self, seconds, top, colours):
        self.seconds = seconds
        self.top = top
        self.colours = colours
        self.parts = []

    def x(self, seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / self.seconds

    def y(self, delay):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * delay / self.top

    def text(self, x, y, text, size=12, fill=None, extra=""):
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" '
                          f'fill="{fill or self.colours.muted}" {extra}>'
                          f'{html.escape(str(text), quote=False)}</text>')

    def rule(self, x1, y1, x2, y2, stroke=None):
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" '
                          f'stroke="{stroke or self.colours.grid}"/>')

    def axes(self):
        muted = self.colours.muted
        for delay in range(0, int(self.top) + 1, nice_step(self.top, DELAY_STEPS_MS)):
            self.rule(LEFT, self.y(delay), WIDTH - RIGHT, self.y(delay))
            self.text(LEFT - 8, self.y(delay) + 4, delay, extra='text-anchor="end"')
        for seconds in range(0, self.seconds + 1, nice_step(self.seconds, TIME_STEPS_S)):
            self.rule(self.x(seconds), self.y(0), self.x(seconds), self.y(0) + 5, muted)
            self.text(self.x(seconds), self.y(0) + 20, seconds, extra='text-anchor="middle"')
        self.rule(LEFT, self.y(0), WIDTH - RIGHT, self.y(0), muted)
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "time, s", extra='text-anchor="middle"')
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self.text(16, middle, "delay, ms", extra=f'text-anchor="middle" '
                  f'transform="rotate(-90 16 {middle:.0f})"')

    def bars(self, bins, colour):
        """From the fastest to the slowest packet of each bin."""
        width = (self.x(BIN_S) - self.x(0)) * 0.9
        path = "".join(f"M{self.x((at + 0.5) * BIN_S):.1f} {self.y(min(delays)) + 0.5:.1f}"
                       f"V{self.y(max(delays)) - 0.5:.1f}" for at, delays in sorted(bins.items()))
        self.parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="{width:.2f}"/>')

    def line(self, bins, colour):
        """The median of each bin; broken where nothing was sent."""
        path, before = "", None
        for at, delays in sorted(bins.items()):
            joined = before is not None and at - before <= 1 / BIN_S
            path += (f"{'L' if joined else 'M'}{self.x((at + 0.5) * BIN_S):.1f} "
                     f"{self.y(statistics.median(delays)):.1f}")
            before = at
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" '
                          'stroke-linejoin="round"/>')

    def legend(self, entries):
        x = LEFT
        for label, colour, width in entries:
            self.parts.append(f'<path d="M{x} 42h22" stroke="{colour}" stroke-width="{width}"/>')
            self.text(x + 28, 46, label, fill=self.colours.ink)
            x += 28 + 7 * len(label) + 24

    def svg(self, title):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif">\n'
                "<!-- SPDX-FileCopyrightText: The gst-tactus authors -->\n"
                "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
                f"<title>{html.escape(title, quote=False)}</title>\n"
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{self.colours.ground}"/>\n')
        return head + "\n".join(self.parts) + "\n</svg>\n"


def draw(network, what, seconds, arrival, peer, ours, colours=PAPER):
    """The plot. `arrival`: points (time of sending in s, delay in ms); `peer` and `ours`: a launch
    line's words for a jitter buffer, and its points. Each has one point at least."""
    (peer_name, peer), (our_name, ours) = ((name, binned(points)) for name, points in (peer, ours))
    arrival = binned(arrival)
    highest = 1.03 * max(max(map(max, bins.values())) for bins in (arrival, peer, ours))
    step = nice_step(highest, DELAY_STEPS_MS)
    plot = Plot(seconds, step * -(-highest // step), colours)
    plot.text(LEFT, 22, f"{network}: {what}", 15, colours.ink, 'font-weight="bold"')
    plot.axes()
    plot.line(peer, colours.peer)
    plot.line(ours, colours.ours)
    plot.bars(arrival, colours.arrival)  # last: a line that jumps at a late packet would hide it
    plot.legend([("packets arrive", colours.arrival, 8), (f"{peer_name} plays", colours.peer, 3),
                 (f"{our_name} plays", colours.ours, 3)])
    return plot.svg(f"Delay over time on the network {network}")
