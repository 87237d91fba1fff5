#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes inputs for jitter_fuzz.cpp into a folder: streams that go well, and ones that do not.

usage: make_jitter_seeds.py FOLDER
"""

import random
import struct
import sys

from seed_files import write_seeds


def packet(seqnum, timestamp, ssrc=7, flags=0x80, payload_type=96, rest=b"\0\0\0\0"):
    return struct.pack(">BBHII", flags, payload_type, seqnum & 0xFFFF,
                       timestamp & 0xFFFFFFFF, ssrc) + rest


def record(kind, passed_ms, body):
    return struct.pack(">BHB", kind, passed_ms, len(body)) + body


def stream(order, passed_ms=20, kind=0):
    return b"".join(record(kind, passed_ms, packet(65530 + i, 960 * i)) for i in order)


def seeds():
    dice = random.Random(1)
    slave, adaptive, video, rtx = 0x01, 0x05, 0x15, 0x45
    swapped = [i ^ 1 for i in range(40)]
    lossy = [i for i in range(60) if dice.random() > 0.2]
    yield "in_order", bytes([adaptive, 10]) + stream(range(40))
    yield "fixed", bytes([slave, 5]) + stream(range(40))
    yield "buffer_mode", bytes([0x02, 5]) + stream(range(40))
    yield "timestamps", bytes([adaptive | 8, 30]) + stream(range(40))
    yield "swapped", bytes([adaptive, 10]) + stream(swapped)
    yield "lossy_with_requests", bytes([rtx, 10]) + stream(lossy)
    yield "flood", bytes([slave, 63]) + stream(range(120), passed_ms=0)
    yield "holes", bytes([rtx, 10]) + stream([0, 1, 3000, 3001, 40000, 40001, 65536 + 5])
    yield "restart", bytes([slave, 5]) + stream(list(range(10)) + list(range(30000, 30012)))
    yield "strays", bytes([slave, 5]) + stream([0, 1, 20000, 2, 30000, 3, 50000, 4])
    yield "jumping_timestamps", bytes([adaptive, 10]) + b"".join(
        record(16, 20, packet(i, dice.getrandbits(32))) for i in range(30))
    yield "sources", bytes([slave, 5]) + b"".join(
        record(0, 20, packet(100 * i, 960 * i, ssrc=i // 3)) for i in range(20))
    yield "extension", bytes([slave, 5]) + record(0, 0, packet(
        1, 2, flags=0x92, rest=b"\1" * 8 + b"\xbe\xde\0\1\x10\0\0\0" + b"\0" * 4)) + record(
        0, 20, packet(2, 962, flags=0xA0, rest=b"\0\0\0\4"))
    yield "truncated", bytes([slave, 5]) + b"".join(
        record(0, 1, packet(1, 2, flags=0x9F, rest=b"\xff" * 70)[:n]) for n in range(0, 82, 6))
    yield "commands", bytes([rtx, 10]) + b"".join(
        stream([i]) + record(240 + i % 8, 30, bytes([i * 9])) for i in range(24))
    yield "video", bytes([video, 10]) + b"".join(
        record(16, 10, packet(i, i // 3 * 3000)) for i in range(60))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_seeds(sys.argv[1], seeds())


if __name__ == "__main__":
    main()
