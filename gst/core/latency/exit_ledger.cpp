// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/exit_ledger.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

constexpr unsigned kPassesRemembered = 64;
constexpr std::uint64_t kCheckpointNs = 500'000'000;

std::uint64_t oldest_id(std::span<const IdStamp> ids) {
    return std::min_element(ids.begin(), ids.end(),
                            [](const auto& a, const auto& b) { return a.t0_ns < b.t0_ns; })
        ->id;
}

std::uint64_t newest_id(std::span<const IdStamp> ids) {
    return std::max_element(ids.begin(), ids.end(),
                            [](const auto& a, const auto& b) { return a.t0_ns < b.t0_ns; })
        ->id;
}

} // namespace

void ExitLedger::take(const Exit& exit, PadBook& book, BookEntry& entry, bool is_inferred) {
    ElementState& element = exit.element;
    entry.comes_out_as(exit.buffer);
    if (entry.fate == Fate::dropped && element.dropped > 0)
        --element.dropped; // it was only late
    const std::uint64_t depth = book.take(entry, exit.pad.bit);
    element.reorder_depth_max = std::max(element.reorder_depth_max, depth);
    element.newest_out_in_ns = std::max(element.newest_out_in_ns, entry.in_ns);
    entry.guessed = is_inferred;
    const std::uint64_t out_ns = std::max(exit.at_ns, entry.in_ns);
    element.residence.record(out_ns - entry.in_ns);
    element.queues |= entry.thread != exit.thread_id;
    if (observers_.all.empty())
        return;
    Residence residence{element.info.id, entry.flow_id, entry.origins,  entry.in_ns,
                        out_ns,          entry.thread,  exit.thread_id, true};
    residence.origins.inferred |= is_inferred;
    residence.queued =
        entry.thread != exit.thread_id ||
        (entry.push_serial != 0 &&
         !(exit.thread && exit.thread->is_open(entry.push_serial, entry.push_depth)));
    observers_.tell([&](LatencyObserver& o) { o.left(residence); });
}

// Many buffers may have one id: the pieces that a demuxer makes of a block of its file, on all its
// pads. So each is first looked for itself, on every pad.
ExitLedger::Input ExitLedger::find_input(const Exit& exit, const IdStamp& key,
                                         std::uint64_t newest_id, bool must_equal) {
    const auto fits = [&](const BookEntry* entry) {
        return entry && (!must_equal || entry->newest_id == newest_id);
    };
    for (PadState* pad : exit.element.sink_pads)
        if (BookEntry* entry = pad->book->find_itself(key.id, exit.buffer, exit.pad.bit);
            fits(entry))
            return {pad->book.get(), entry, true, false};
    Input best;
    bool best_is_timely = false;
    for (PadState* pad : exit.element.sink_pads) {
        const PadBook::Match match = pad->book->match(key.id, exit.buffer, exit.pad.bit);
        if (!fits(match.entry))
            continue;
        const bool is_better =
            !best.entry || (best.is_again && !match.is_again) ||
            (best.is_again == match.is_again && match.is_timely && !best_is_timely);
        if (is_better) {
            best = {pad->book.get(), match.entry, false, match.is_again};
            best_is_timely = match.is_timely;
        }
    }
    return best;
}

ExitLedger::Outcome ExitLedger::leave_as(const Exit& exit, const IdStamp& key,
                                         std::uint64_t newest_id, bool must_equal) {
    const Input input = find_input(exit, key, newest_id, must_equal);
    if (!input.entry)
        return {};
    BookEntry& entry = *input.entry;
    exit.element.passes = kPassesRemembered;
    if (!input.is_again) {
        take(exit, *input.book, entry, false);
        if (!input.is_itself)
            input.book->settle_merged(key.id);
        return {true, false, entry.is_repeat};
    }
    const bool was_guessed = std::exchange(entry.guessed, false);
    // What is not as large as what went in is a piece of it, or was made of it.
    const bool is_piece =
        entry.comes_out_as(exit.buffer) || exit.buffer.size_bytes != entry.size_bytes;
    const bool is_duplicate = !is_piece && !was_guessed;
    return {true, is_duplicate, is_duplicate || entry.is_repeat};
}

bool ExitLedger::leave(const Exit& exit) {
    const auto ids = exit.buffer.ids;
    // A merged buffer that only passes is one buffer.
    const IdStamp oldest{oldest_id(ids), 0};
    Outcome outcome = leave_as(exit, oldest, newest_id(ids), true);
    if (!outcome.is_known && ids.size() == 1)
        outcome = leave_as(exit, oldest, 0, false);
    exit.element.duplicated += outcome.is_duplicate ? 1 : 0;
    // Else each that was merged comes out; the end of one in this buffer, its begin in the last.
    if (!outcome.is_known)
        for (const IdStamp& id : ids)
            leave_as(exit, id, 0, false);
    return outcome.is_repeat;
}

// It is found by its address and timestamp, so what comes out again is the same buffer and no
// piece.
ExitLedger::Unattached ExitLedger::leave_unattached(const Exit& exit) {
    PadBook* book = nullptr;
    BookEntry* entry = nullptr;
    bool has_left = true;
    for (PadState* pad : exit.element.sink_pads) {
        BookEntry* const match = pad->book->match_unattached(exit.buffer, exit.pad.bit);
        if (!match || (entry && (match->left_mask & exit.pad.bit)))
            continue;
        book = pad->book.get();
        entry = match;
        has_left = (entry->left_mask & exit.pad.bit) != 0;
        if (!has_left)
            break;
    }
    if (!entry)
        return {};
    exit.element.passes = kPassesRemembered;
    if (!has_left) {
        take(exit, *book, *entry, false);
        return {entry, entry->is_repeat};
    }
    const bool is_duplicate = !std::exchange(entry->guessed, false);
    exit.element.duplicated += is_duplicate ? 1 : 0;
    return {entry, is_duplicate || entry->is_repeat};
}

bool ExitLedger::is_ahead(const ElementState& element, const BookEntry& entry) {
    return element.last_out_end != kNoRunningTime && element.passes == 0 &&
           entry.running.is_timed() && entry.running.start_ns >= element.last_out_end;
}

void ExitLedger::drop(ElementState& element, PadBook& book, BookEntry& entry,
                      std::uint64_t now_ns) {
    // Records of its leaving may be lost, or an inferred output may have passed it by. And what is
    // read out of blocks of bytes is the demuxer's or parser's to know: one may hold headers alone.
    if (book.is_doubted(entry) || (entry.is_block && element.makes_time)) {
        book.settle(entry, Fate::forgotten);
        return;
    }
    const bool passed_by = element.last_out_end != kNoRunningTime && element.passes == 0 &&
                           entry.running.is_timed() && !is_ahead(element, entry);
    if (passed_by) {
        book.settle(entry, Fate::out);
        return;
    }
    book.settle(entry, Fate::dropped);
    ++element.dropped;
    const Dropped dropped{element.info.id, entry.flow_id, entry.in_ns, now_ns};
    observers_.tell([&](LatencyObserver& o) { o.dropped(dropped); });
}

void ExitLedger::drop_overtaken(ElementState& element, std::uint64_t now_ns) {
    for (PadState* pad : element.sink_pads)
        while (BookEntry* entry = pad->book->overtaken_by(kOvertakenMax)) {
            if (is_ahead(element, *entry))
                break;
            drop(element, *pad->book, *entry, now_ns);
        }
}

void ExitLedger::tick(ElementState& element, std::uint64_t now_ns) {
    if (!element.ever_pushed || element.info.is_sink)
        return;
    std::uint64_t before_ns = 0;
    for (const auto& checkpoint : element.checkpoints)
        if (checkpoint.at_ns != 0 && now_ns >= checkpoint.at_ns + kOvertakenNs)
            before_ns = std::max(before_ns, checkpoint.newest_out_in_ns);
    const auto& newest = element.checkpoints[element.newest_checkpoint];
    if (newest.at_ns == 0 || now_ns >= newest.at_ns + kCheckpointNs) {
        element.newest_checkpoint = (element.newest_checkpoint + 1) % element.checkpoints.size();
        element.checkpoints[element.newest_checkpoint] = {now_ns, element.newest_out_in_ns};
    }
    for (PadState* pad : element.sink_pads) {
        PadBook& book = *pad->book;
        for (std::uint64_t a = book.first_inside(); a < book.end(); ++a) {
            BookEntry& entry = book.at(a);
            if (entry.in_ns >= before_ns)
                break;
            if (entry.fate == Fate::inside && !is_ahead(element, entry))
                drop(element, book, entry, now_ns);
        }
    }
}

void ExitLedger::drop_inside(ElementState& element, std::uint64_t now_ns) {
    for (PadState* pad : element.sink_pads)
        drop_inside(element, *pad->book, now_ns);
}

void ExitLedger::drop_inside(ElementState& element, PadBook& book, std::uint64_t now_ns) {
    for (std::uint64_t a = book.first_inside(); a < book.end(); ++a)
        if (book.at(a).fate == Fate::inside)
            drop(element, book, book.at(a), now_ns);
}

void ExitLedger::make_room(ElementState& element, PadBook& book, std::uint64_t now_ns) {
    if (BookEntry* oldest = book.make_room(now_ns)) {
        if (element.ever_pushed)
            drop(element, book, *oldest, now_ns);
        else
            book.settle(*oldest, Fate::forgotten);
    }
}

} // namespace tactus
