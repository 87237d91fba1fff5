// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Serves the sample figures on the address given, prints where, and ends with its standard input.
#include "sample_figures.h"

#include <cstdio>

int main(int argc, char** argv) {
    std::string error;
    const auto endpoint = tactus::MetricsEndpoint::create(argc > 1 ? argv[1] : "127.0.0.1:0",
                                                          tactus::test::sample_figures, error);
    if (!endpoint) {
        std::fprintf(stderr, "%s\n", error.c_str());
        return 1;
    }
    std::printf("%s\n", endpoint->address().c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    return 0;
}
