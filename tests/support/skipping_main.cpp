// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "skipping.h"

int main(int argc, char** argv) {
    return tactus::test::run_or_skip(argc, argv);
}
