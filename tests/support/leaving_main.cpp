// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For programs that lose a device on purpose: without the exit handlers of a driver whose threads
// still compile and run what was given up. LLVM aborts then.
#include "skipping.h"

#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
    const int code = tactus::test::run_or_skip(argc, argv);
    std::fflush(nullptr);
    _exit(code);
}
