// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a run that is over says about the elements.
#include "soak.h"

#include <cstdio>

namespace tactus::soak {

namespace {

constexpr double kMostMbPerHour = 1;
/// clockcalib remembers 512 elements that were replaced (5 kB each), 64 paths over time (48 kB) and
/// in each pad what was dropped lately (70 kB at 50 buffers a second); each numapin 16 threads that
/// were (2 kB).
constexpr double kTablesMb = 12;
constexpr double kTablesFullAfter_s = 600;

std::string text_of(std::uint64_t count) {
    return std::to_string(count);
}

} // namespace

void Soak::judge() {
    for (const std::string& error : stage_.errors())
        fail("an error: " + error);
    if (criticals_logged() != 0)
        fail(text_of(criticals_logged()) + " criticals in the log");
    if (warnings_logged() != 0)
        fail(text_of(warnings_logged()) + " warnings of GLib in the log");
    for (const std::string& mismatch : ledger_.mismatches())
        fail(mismatch);
    for (const std::string& complaint : tracer_.complaints())
        fail(complaint);
    if (result_.shutdown.all_s > options_.shutdown_limit_s) {
        char text[160];
        std::snprintf(text, sizeof text, "the shutdown took %.2f s (%s alone %.2f s), over %.1f s",
                      result_.shutdown.all_s, result_.shutdown.slowest.c_str(),
                      result_.shutdown.slowest_s, options_.shutdown_limit_s);
        fail(text);
    }
    result_.totals = ledger_.totals();
    result_.checks = ledger_.checks();
    result_.warnings = stage_.warnings();
    result_.messages = stage_.messages();
    result_.metrics_address = tracer_.address();
    result_.metrics_fetches = tracer_.fetches();
    result_.metrics_bytes = tracer_.largest_bytes();
    result_.traced_elements = tracer_.compared();
    result_.records_lost = tracer_.records_lost();
    if (tracer_.records_lost() != 0)
        result_.notes.push_back("clockcalib's counts were not compared: it says that it lost " +
                                text_of(tracer_.records_lost()) + " records");
    judge_calls();
    judge_memory();
}

// Every packet that was sent is lost on the network, refused or thrown away by a source that
// flushes, or known to a jitterbuffer (whose own sum the ledger checks).
void Soak::judge_calls() {
    for (const CallResult& call : result_.calls) {
        const Network::Counts& sent = call.sent;
        const Call::Counts& got = call.received;
        if (sent.under_way != 0 || sent.arrived != got.handed + sent.refused)
            fail(call.name + ": " + text_of(sent.arrived) + " packets arrived, but " +
                 text_of(got.handed) + " were taken, " + text_of(sent.refused) + " refused, and " +
                 text_of(sent.under_way) + " are under way");
        const auto told = got.told_lost + got.dropped;
        // One that is told while the pad flushes does not get to the pad.
        if (got.watched.missing > told || told > got.watched.missing + got.watched.flushes)
            fail(call.name + ": " + text_of(got.watched.missing) +
                 " packets are missing in what came out, but " + text_of(got.told_lost) +
                 " count as lost and " + text_of(got.dropped) + " as dropped");
        if (got.watched.out > got.delivered)
            fail(call.name + ": " + text_of(got.watched.out) + " packets came out, but " +
                 text_of(got.delivered) + " count as pushed");
        if (got.watched.backwards != 0)
            fail(call.name + ": " + text_of(got.watched.backwards) + " packets out of order");
        // As may be a request whose pad flushes.
        if (sent.asked > got.asked || got.asked > sent.asked + got.watched.flushes)
            fail(call.name + ": " + text_of(got.asked) + " requests for packets count, but " +
                 text_of(sent.asked) + " came to the sender");
        if (got.recovered > sent.resent)
            fail(call.name + ": " + text_of(got.recovered) + " packets count as resent, but " +
                 text_of(sent.resent) + " were");
        if (got.delivered == 0)
            fail(call.name + ": no packet was delivered");
    }
    if (result_.frames == 0)
        fail("no frame of video came to a sink");
}

// The private memory is shown and not judged: the kernel takes pages back and gives them again, and
// each thread's ring of clockcalib is touched bit by bit.
void Soak::judge_memory() {
    result_.heap = memory_.heap_slope();
    result_.private_memory = memory_.private_slope();
    if (!result_.heap) {
        result_.notes.push_back("memory: too few samples for a slope");
        return;
    }
    result_.most_mb_per_hour = kMostMbPerHour;
    if (warm_up_s_ < kTablesFullAfter_s) {
        const double window_h = (result_.seconds - warm_up_s_) / 3600;
        result_.most_mb_per_hour += kTablesMb / window_h;
        result_.notes.push_back("memory: the tables of clockcalib and numapin, which are bounded, "
                                "still fill; they are granted " +
                                text_of(static_cast<std::uint64_t>(kTablesMb)) +
                                " MB. A run of 20 minutes or more is held to 1 MB/h alone");
    }
    if (result_.heap->low <= result_.most_mb_per_hour)
        return;
    char text[160];
    std::snprintf(text, sizeof text,
                  "the heap grows: %.2f MB/h, with 95 %% confidence over %.2f; the limit is %.2f",
                  result_.heap->per_hour, result_.heap->low, result_.most_mb_per_hour);
    fail(text);
}

} // namespace tactus::soak
