#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes inputs for extension_fuzz.cpp and media_clock_fuzz.cpp.

usage: make_header_seeds.py EXTENSION_FOLDER MEDIA_CLOCK_FOLDER
"""

import struct
import sys

from seed_files import write_seeds

ONE_BYTE, TWO_BYTES = b"\xbe\xde", b"\x10\x00"
NTP_1900_TO_2025_NS = 3_944_678_400_000_000_000


def extension_seeds():
    time = bytes(range(1, 9))
    yield "one_byte", ONE_BYTE + b"\x37" + time
    yield "one_byte_second", ONE_BYTE + b"\x10\xaa\x00\x00\x37" + time + b"\x00"
    yield "one_byte_stop", ONE_BYTE + b"\xf0\x37" + time
    yield "one_byte_reserved", ONE_BYTE + b"\x03\x37" + time
    yield "one_byte_truncated", ONE_BYTE + b"\x37" + time[:5]
    yield "two_bytes", TWO_BYTES + b"\x03\x08" + time
    yield "two_bytes_second", b"\x10\x0f" + b"\x01\x00\x00\x02\x01\xff\xc8\x08" + time
    yield "two_bytes_truncated", TWO_BYTES + b"\x03\xff" + time
    yield "two_bytes_header_only", TWO_BYTES + b"\x03"
    yield "other_profile", b"\x12\x34" + b"\x37" + time
    yield "only_padding", ONE_BYTE + b"\x00" * 40
    yield "empty", ONE_BYTE


def pair(running_ns, reference_ns):
    return bytes([84]) + (running_ns >> 6).to_bytes(7, "big") + (reference_ns >> 6).to_bytes(
        7, "big") + b"\x05"


def packet(running_ns, timestamp, clock_rate):
    return bytes([85]) + (running_ns >> 6).to_bytes(7, "big") + struct.pack(
        ">II", timestamp & 0xFFFFFFFF, clock_rate)


def media_clock_seeds():
    master = "39-A7-94-FF-FE-07-CB-D0"
    lines = [
        "ntp=203.0.113.10", "ntp=pool.example:123", "ntp=[2001:db8::1]:65535", "ntp=[::1",
        "ntp=/traceable/", "ntp=host:0", "ntp=host:65536", "ntp=", "local", "gps", "private:",
        "ptp=IEEE1588-2008", "ptp=IEEE1588-2008:traceable", f"ptp=IEEE1588-2008:{master}",
        f"ptp=IEEE1588-2008:{master}:0", f"ptp=IEEE1588-2008:{master}:128",
        "ptp=IEEE1588-2002:x", "ptp=IEEE802.1AS-2011:x", "localmac=7C-E9-D3-1B-9A-AF",
        "direct", "sender", "direct=0", "direct=4294967295", "direct=4294967296", "direct=-1",
        "direct=963214424 rate=1000/1001", "direct=1 rate=0/1", "direct=1 rate=1/",
        "direct=1  rate=1/1", "IEEE1722=38-D6-6D-8E-D2-78-13-2F",
    ]
    for number, line in enumerate(lines):
        yield f"words_{number}", line.encode()
    ticks = NTP_1900_TO_2025_NS * 48 // 1_000_000
    stream = b"".join(packet(1_000_000_000 + i * 20_000_000, ticks + i * 960, 48000)
                      for i in range(10))
    start = pair(1_000_000_000, NTP_1900_TO_2025_NS)
    yield "stream", b"direct=0\n" + start + stream
    yield "stream_with_rate", b"direct=77 rate=1000/1001\n" + start + stream
    yield "stream_without_pair", b"direct=0\n" + stream
    yield "largest", b"direct=1 rate=2147483647/1\n" + pair(2**61, 2**61) + packet(
        0, 0, 0x7FFFFFFF) + packet(2**61, 1, 1)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write_seeds(sys.argv[1], extension_seeds())
    write_seeds(sys.argv[2], media_clock_seeds())


if __name__ == "__main__":
    main()
