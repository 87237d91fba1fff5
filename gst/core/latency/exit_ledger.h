// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_model.h"

#include <cstdint>
#include <optional>
#include <span>

namespace tactus {

/// Decides what comes out of an element, what never does, and, where the identity was lost on the
/// way, which inputs an output was made of. Keeps the element's counters and tells observers. Owns
/// nothing; one thread.
class ExitLedger {
  public:
    /// A buffer that comes out is taken for lost when so many newer ones have come out of the same
    /// pad's book, or a newer one has come out this long ago.
    static constexpr std::uint64_t kOvertakenMax = 64;
    static constexpr std::uint64_t kOvertakenNs = 2'000'000'000;

    explicit ExitLedger(const ObserverList& observers) : observers_(observers) {}

    /// The moment a buffer comes out.
    struct Exit {
        PadState& pad;
        ElementState& element;
        const BufferSeen& buffer;
        const ThreadState* thread = nullptr; ///< nullptr: unknown
        std::uint32_t thread_id = 0;
        std::uint64_t at_ns = 0;
    };

    /// A buffer comes out with ids that it brought. Returns whether its content went by before:
    /// this element, or one further up, sends it more than once.
    bool leave(const Exit& exit);
    /// A buffer comes out that could not carry its id.
    struct Unattached {
        const BookEntry* entry = nullptr; ///< nullptr: it is not known
        bool is_repeat = false;           ///< as `leave` says
    };
    Unattached leave_unattached(const Exit& exit);
    /// A buffer comes out whose id was lost on the way. Nothing if it has no inputs: its content
    /// begins here.
    std::optional<Origins> infer(const Exit& exit);
    /// What was overtaken by too many.
    void drop_overtaken(ElementState& element, std::uint64_t now_ns);
    /// What was overtaken too long ago.
    void tick(ElementState& element, std::uint64_t now_ns);
    /// Everything inside will never come out.
    void drop_inside(ElementState& element, std::uint64_t now_ns);
    void drop_inside(ElementState& element, PadBook& book, std::uint64_t now_ns);
    /// Before a buffer goes in.
    void make_room(ElementState& element, PadBook& book, std::uint64_t now_ns);

  private:
    struct Scan;

    /// The input that an output belongs to.
    struct Input {
        PadBook* book = nullptr;
        BookEntry* entry = nullptr; ///< nullptr: none
        bool is_itself = false;     ///< the buffer that went in
        bool is_again = false;      ///< it has come out of this pad before
    };
    static Input find_input(const Exit& exit, const IdStamp& key, std::uint64_t newest_id,
                            bool must_equal);
    struct Outcome {
        bool is_known = false;     ///< an input with this id was found
        bool is_duplicate = false; ///< the element has sent it before
        bool is_repeat = false;    ///< it or one further up has
    };
    Outcome leave_as(const Exit& exit, const IdStamp& key, std::uint64_t newest_id,
                     bool must_equal);
    void take(const Exit& exit, PadBook& book, BookEntry& entry, bool is_inferred);
    void cover(Scan& scan, PadBook& book, BookEntry& entry);
    void scan_timed(Scan& scan, PadBook& book, bool newest_alone);
    void scan_untimed(Scan& scan, PadBook& book);
    void scan_newest(Scan& scan);
    void scan_nearest(Scan& scan, bool inside_only);
    void drop(ElementState& element, PadBook& book, BookEntry& entry, std::uint64_t now_ns);
    static bool is_ahead(const ElementState& element, const BookEntry& entry);

    const ObserverList& observers_;
};

} // namespace tactus
