// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/exit_ledger.h"

#include <algorithm>

namespace tactus {

namespace {

// How far back a buffer that has come out before may still be part of an output.
constexpr std::uint64_t kLookBack = 32;
// A running time that far beyond an output's end ends the search: no reordering reaches farther.
constexpr std::int64_t kFarAheadNs = 1'000'000'000;
// Content that begins farther away than that from any input was not made of it.
constexpr std::int64_t kNearNs = 500'000'000;
// One percent of the shorter, and a sample at 8 kHz at most.
constexpr std::int64_t kSliverPart = 100;
constexpr std::int64_t kSliverMostNs = 125'000;

// An input without a duration lasts until the next one, the newest one for as long as it is that.
std::int64_t end_of(const PadBook& book, const BookEntry& entry) {
    if (entry.running.has_end())
        return entry.running.end_ns;
    return entry.arrival + 1 == book.end() ? INT64_MAX : entry.running.start_ns + 1;
}

// What of both lies in the same time and is left out. A mixer moves inputs to its grid of samples,
// so that an output reaches into the input before or after it by up to a sample, of which it has
// nothing.
std::int64_t sliver_of(const BookEntry& entry, const RunningInterval& out) {
    if (!entry.running.has_end())
        return 0;
    const std::int64_t shorter_ns =
        std::min(entry.running.end_ns - entry.running.start_ns, out.end_ns - out.start_ns);
    return std::min(shorter_ns / kSliverPart, kSliverMostNs);
}

std::uint64_t look_from(const PadBook& book) {
    const std::uint64_t tail = book.first_inside();
    return std::max(book.first(), tail > kLookBack ? tail - kLookBack : 0);
}

} // namespace

struct ExitLedger::Scan {
    const Exit& exit;
    RunningInterval out;
    bool has_duration = false;
    bool marks = false; ///< what it covers comes out by it
    bool any = false;
    bool took = false; ///< any of it came out just now
    Origins origins{};
};

void ExitLedger::cover(Scan& scan, PadBook& book, BookEntry& entry) {
    if (scan.any)
        merge(scan.origins, entry.origins);
    else
        scan.origins = entry.origins;
    scan.any = true;
    if (scan.marks && !(entry.left_mask & scan.exit.pad.bit)) {
        take(scan.exit, book, entry, true);
        scan.took = true;
    }
}

void ExitLedger::scan_timed(Scan& scan, PadBook& book, bool newest_alone) {
    BookEntry* newest = nullptr;
    for (std::uint64_t a = look_from(book); a < book.end(); ++a) {
        BookEntry& entry = book.at(a);
        if (!entry.running.is_timed() || entry.fate == Fate::dropped)
            continue;
        if (entry.running.start_ns > scan.out.end_ns + kFarAheadNs)
            break;
        const std::int64_t sliver_ns = sliver_of(entry, scan.out);
        const bool begins = entry.running.start_ns + sliver_ns < scan.out.end_ns;
        const bool is_past = end_of(book, entry) <= scan.out.start_ns + sliver_ns;
        // Without a duration it is not known where the output before this one ended: what has not
        // come out by now is part of this one.
        const bool late = is_past && !scan.has_duration && entry.fate == Fate::inside;
        if (begins && !is_past && newest_alone) {
            if (newest && newest->fate == Fate::inside && scan.marks)
                book.settle(*newest, Fate::out);
            newest = &entry;
        } else if (begins && (!is_past || late))
            cover(scan, book, entry);
        else if (is_past && entry.fate == Fate::inside && scan.marks)
            book.settle(entry, Fate::out);
    }
    if (newest)
        cover(scan, book, *newest);
}

void ExitLedger::scan_untimed(Scan& scan, PadBook& book) {
    for (std::uint64_t a = book.first_inside(); a < book.end(); ++a)
        if (book.at(a).fate == Fate::inside)
            cover(scan, book, book.at(a));
}

void ExitLedger::scan_newest(Scan& scan) {
    for (PadState* pad : scan.exit.element.sink_pads)
        if (!pad->book->is_empty())
            cover(scan, *pad->book, pad->book->at(pad->book->end() - 1));
}

void ExitLedger::scan_nearest(Scan& scan, bool inside_only) {
    PadBook* nearest_book = nullptr;
    BookEntry* nearest = nullptr;
    std::int64_t gap = kNearNs;
    for (PadState* pad : scan.exit.element.sink_pads) {
        PadBook& book = *pad->book;
        for (std::uint64_t a = look_from(book); a < book.end(); ++a) {
            BookEntry& entry = book.at(a);
            if (!entry.running.is_timed() || entry.fate == Fate::dropped ||
                (inside_only && entry.fate != Fate::inside))
                continue;
            const std::int64_t away = std::max(entry.running.start_ns - scan.out.end_ns,
                                               scan.out.start_ns - end_of(book, entry));
            if (away < gap) {
                gap = away;
                nearest = &entry;
                nearest_book = &book;
            }
        }
    }
    if (!nearest)
        return;
    if (inside_only)
        scan.any = false;
    cover(scan, *nearest_book, *nearest);
}

std::optional<Origins> ExitLedger::infer(const Exit& exit) {
    ElementState& element = exit.element;
    const bool has_inputs = std::any_of(element.sink_pads.begin(), element.sink_pads.end(),
                                        [](const auto* pad) { return !pad->book->is_empty(); });
    if (element.info.is_source || !has_inputs)
        return std::nullopt;
    Scan scan{exit, exit.pad.place(exit.buffer)};
    scan.has_duration = scan.out.has_end() && scan.out.end_ns > scan.out.start_ns;
    if (!scan.has_duration && scan.out.is_timed())
        scan.out.end_ns = scan.out.start_ns + 1;
    scan.marks = element.passes == 0;
    if (element.passes > 0)
        --element.passes;
    bool all_timed = scan.out.is_timed();
    for (PadState* pad : element.sink_pads) {
        PadBook& book = *pad->book;
        if (book.is_empty())
            continue;
        if (scan.out.is_timed() && book.at(book.end() - 1).running.is_timed()) {
            scan_timed(scan, book, exit.pad.info.is_pictures && pad->info.is_pictures);
        } else {
            scan_untimed(scan, book);
            all_timed = false;
        }
    }
    // A muxer may count its time from its first input's. So what it makes of a new moment is of
    // something that has not come out yet, be it near only; and the rest of that moment too.
    if (all_timed && !scan.has_duration && scan.marks && !scan.took) {
        if (scan.out.end_ns > element.last_out_end)
            scan_nearest(scan, true);
        else if (scan.out.end_ns == element.last_out_end && element.last_origins) {
            scan.origins = *element.last_origins;
            scan.any = true;
        }
    }
    if (!scan.any && all_timed)
        scan_nearest(scan, false);
    else if (!scan.any)
        scan_newest(scan);
    if (scan.out.is_timed())
        element.last_out_end = std::max(element.last_out_end, scan.out.end_ns);
    if (!scan.any)
        return std::nullopt;
    ++element.inferred;
    scan.origins.inferred = true;
    element.last_origins = scan.origins;
    return scan.origins;
}

} // namespace tactus
