#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes stft_vectors.txt, beside this file: what numpy and scipy make of windows, transforms and bands.

    /usr/bin/python3 tests/support/make_stft_vectors.py

Needs python3-numpy and python3-scipy; the tests need only what it wrote. A line is a name without
spaces, a colon, and numbers; complex ones are two numbers. Names of transforms say the settings:
stft:WINDOW:window length:fft size:hop:center or edge:scaling.
"""

import pathlib

import numpy
import scipy.signal

RATE = 8000
SAMPLES = 70
CHANNELS = 2

WINDOWS = {
    "rectangular": "boxcar", "hann": "hann", "hamming": "hamming", "blackman": "blackman",
    "blackman-harris": "blackmanharris", "flat-top": "flattop", "kaiser": ("kaiser", 8.6),
}

TRANSFORMS = [
    ("hann", 32, 32, 8, "center", "none"),
    ("hann", 32, 32, 8, "center", "magnitude"),
    ("hann", 32, 32, 8, "center", "psd"),
    ("hann", 32, 32, 8, "center", "unitary"),
    ("hann", 32, 32, 8, "edge", "none"),
    ("hamming", 24, 32, 12, "center", "magnitude"),
    ("blackman", 25, 30, 7, "center", "none"),
    ("kaiser", 20, 20, 5, "edge", "psd"),
    ("sqrt-hann", 16, 16, 8, "center", "none"),
    ("rectangular", 17, 17, 17, "edge", "none"),
]


def window_of(name, length, periodic=True):
    if name == "sqrt-hann":
        return numpy.sqrt(window_of("hann", length, periodic))
    return scipy.signal.get_window(WINDOWS[name], length, fftbins=periodic)


def signal():
    """Two channels of tones and noise, exactly as floats hold them."""
    random = numpy.random.default_rng(1)
    t = numpy.arange(SAMPLES) / RATE
    left = 0.5 * numpy.sin(2 * numpy.pi * 1000 * t) + 0.1 * random.standard_normal(SAMPLES)
    right = 0.3 * numpy.cos(2 * numpy.pi * 2750 * t) + 0.2 * random.standard_normal(SAMPLES)
    return numpy.stack([left, right]).astype(numpy.float32).astype(float)


def scaled(window, fft_size, scaling):
    return {"none": 1, "magnitude": 1 / abs(window.sum()),
            "psd": 1 / numpy.sqrt(RATE * (window ** 2).sum()),
            "unitary": 1 / numpy.sqrt(fft_size)}[scaling]


def transform(x, name, length, fft_size, hop, where, scaling):
    """(channels, frames, bins). scipy has magnitude (as 'spectrum') and psd; the others follow."""
    window = window_of(name, length)
    how = "psd" if scaling == "psd" else "spectrum"
    spectra = scipy.signal.stft(x, RATE, window, length, length - hop, fft_size, scaling=how,
                                boundary="zeros" if where == "center" else None, padded=True)[2]
    if scaling in ("none", "unitary"):
        spectra = spectra * scaled(window, fft_size, scaling) * abs(window.sum())
    return spectra.transpose(0, 2, 1)


SCALES = {
    "linear": (lambda f: f, lambda v: v),
    "log": (numpy.log, numpy.exp),
    "mel": (lambda f: 2595 * numpy.log10(1 + f / 700), lambda v: 700 * (10 ** (v / 2595) - 1)),
    "bark": (lambda f: 26.81 * f / (1960 + f) - 0.53, lambda v: 1960 * (v + 0.53) / (26.28 - v)),
}


def bands(scale, count, fft_size, rate):
    """A matrix: what each band takes of each bin."""
    to, back = SCALES[scale]
    low = to(min(20, rate / 20)) if scale == "log" else to(0.0)
    edges = back(numpy.linspace(low, to(rate / 2), count + 2))
    bins = numpy.fft.rfftfreq(fft_size, 1 / rate)
    rows = []
    for left, centre, right in zip(edges, edges[1:], edges[2:]):
        if right - left < 2 * rate / fft_size:
            row = numpy.array([numpy.interp(centre, bins, one) for one in numpy.eye(len(bins))])
        else:
            row = numpy.interp(bins, [left, centre, right], [0, 1, 0])
        rows.append(row / row.sum())
    return numpy.array(rows)


def line(name, values, digits=9):
    values = numpy.asarray(values)
    if numpy.iscomplexobj(values):
        values = numpy.stack([values.real, values.imag], axis=-1)
    return f"{name}: " + " ".join(f"{value:.{digits}g}" for value in values.ravel())


def lines():
    x = signal()
    for channel in range(CHANNELS):
        yield line(f"signal:{channel}", x[channel])
    for name in [*WINDOWS, "sqrt-hann"]:
        for length in (1, 2, 15, 16):
            for how in ("periodic", "symmetric"):
                yield line(f"window:{name}:{length}:{how}", window_of(name, length, how == "periodic"), 14)
        for length, hop in ((16, 4), (16, 8), (16, 16), (16, 17), (15, 5), (15, 7)):
            window = window_of(name, length)
            padded = numpy.concatenate([window, numpy.zeros(max(0, hop - length))])
            overlap = len(padded) - hop
            yield line(f"overlap:{name}:{length}:{hop}",
                       [scipy.signal.check_NOLA(padded, len(padded), overlap)])
    for length in (15, 16):
        yield line(f"window:kaiser-14:{length}:periodic", scipy.signal.get_window(("kaiser", 14), length), 14)
    window = window_of("hann", 16)
    dual = window / numpy.tile((window.reshape(4, 4) ** 2).sum(axis=0), 4)
    yield line("dual:hann:16:4", dual, 14)
    for settings in TRANSFORMS:
        spectra = transform(x, *settings)
        yield line("stft:" + ":".join(map(str, settings)), spectra)
    power = abs(transform(x, "hann", 32, 32, 8, "center", "magnitude")) ** 2
    yield line("magnitude", numpy.sqrt(power))
    yield line("power", power)
    yield line("db", 10 * numpy.log10(power))
    yield line("phase", numpy.angle(transform(x, "hann", 32, 32, 8, "center", "magnitude")))
    noise = numpy.random.default_rng(2).random(257).astype(numpy.float32)
    yield line("bins", noise)
    for scale in SCALES:
        for count in (8, 100):
            yield line(f"bands:{scale}:{count}", bands(scale, count, 512, RATE) @ noise)


def main():
    path = pathlib.Path(__file__).with_name("stft_vectors.txt")
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    print(f"wrote {path.name}, {path.stat().st_size} bytes, with numpy {numpy.__version__} "
          f"and scipy {scipy.__version__}")


if __name__ == "__main__":
    main()
