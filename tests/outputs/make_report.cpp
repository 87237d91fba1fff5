// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Writes a report of made-up figures: make_report sample|large|empty|hostile FILE.html
#include "clockcalib/report.h"
#include "sample_data.h"

#include <cstdio>
#include <string>

using namespace tactus;

namespace {

/// Names that would break a page which trusts them.
void make_hostile(LatencySnapshot& latency) {
    latency.elements[0].info.name = "</script><script>throw new Error('out')</script>";
    latency.elements[1].info.name = "<!--<script>";
    latency.elements[2].info.name = "not UTF-8: \xff\xc0";
    latency.elements[3].info.factory = "\"><img src=x onerror=throw(1)>";
    latency.elements[4].info.path = "@data@/@include report_page.js@/${1}";
    // A circle, an element that feeds itself, and ids that nobody has told of.
    latency.edges.push_back({10, 2, 1, 1});
    latency.edges.push_back({3, 3, 1, 1});
    latency.edges.push_back({77, 78, 1, 1});
    latency.paths.push_back({});
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s sample|large|empty|hostile FILE.html\n", argv[0]);
        return 2;
    }
    const std::string which = argv[1];
    LatencySnapshot latency;
    ClockHealthSnapshot health;
    IncidentSnapshot incidents;
    if (which == "large") {
        latency = test::large_latency(3, 20);
    } else if (which != "empty") {
        latency = test::sample_latency();
        health = test::sample_clock_health();
        incidents = test::sample_incidents(latency);
    }
    if (which == "hostile")
        make_hostile(latency);
    const std::string error =
        write_report(argv[2], {latency, health, incidents, "gst-launch-1.0", 1'764'100'000});
    if (!error.empty())
        std::fprintf(stderr, "%s\n", error.c_str());
    return error.empty() ? 0 : 1;
}
