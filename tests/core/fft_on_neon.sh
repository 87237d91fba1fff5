#!/bin/sh
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The tests of the transforms with NEON, emulated: compiles them for 64-bit ARM and runs them in qemu.
# Exit status 77, with the reason, if something for that is missing.
#
#   tests/core/fft_on_neon.sh BUILD_FOLDER [GTEST_ARGUMENT...]
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
build=$(cd "$1" && pwd)
shift
compiler=aarch64-linux-gnu-g++
gtest=/usr/src/googletest/googletest

skip() {
    echo "skipped: $1"
    exit 77
}
command -v $compiler >/dev/null || skip "no $compiler (package g++-aarch64-linux-gnu)"
command -v qemu-aarch64 >/dev/null || skip "no qemu-aarch64 (package qemu-user)"
[ -e $gtest/src/gtest-all.cc ] || skip "no sources of GoogleTest (package libgtest-dev)"
[ -e /usr/include/hwy/highway.h ] || skip "no Highway in /usr/include (package libhwy-dev)"

# Only Highway's headers, which are the same on all machines: one kind of vector unit needs no library.
mkdir -p "$build/include"
ln -sfn /usr/include/hwy "$build/include/hwy"
ln -sfn /usr/include/gtest "$build/include/gtest"
compile() {
    output=$build/$(basename "$1").o
    $compiler -std=c++20 -O2 -march=armv8-a+crypto -DHWY_COMPILE_ONLY_STATIC -DTACTUS_EMULATED -DNDEBUG \
        -fno-strict-aliasing -I"$source/gst" -isystem "$build/include" -isystem $gtest \
        -c "$1" -o "$output"
    objects="$objects $output"
}
objects=
compile $gtest/src/gtest-all.cc
compile $gtest/src/gtest_main.cc
for file in fft.cpp fft_kernels.cpp fft_tables.cpp multi_real_fft.cpp; do
    compile "$source/gst/core/fft/$file"
done
compile "$source/tests/support/libhwy_stand_in.cpp"
compile "$source/tests/core/fft_test.cpp"
# shellcheck disable=SC2086 # words
$compiler -static $objects -o "$build/fft-on-neon"
exec qemu-aarch64 "$build/fft-on-neon" "$@"
