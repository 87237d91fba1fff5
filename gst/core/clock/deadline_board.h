// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

namespace tactus {

/// Deadlines of many, most of which are put off before they come: as those for what is to be done
/// when nothing arrives. To put one off is a store; the board looks at it when the old time comes.
///
/// Threads: `Entry::due_ns` may be set by any, to a later time at any moment, to an earlier one
/// only if `add` follows. All else one at a time; the owner locks. Times are in ns of one clock. An
/// entry belongs to its user, who removes it before it goes, and is on one board at a time.
class DeadlineBoard {
  public:
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

    class Entry {
      public:
        std::atomic<std::int64_t> due_ns{kNever};

      private:
        friend class DeadlineBoard;
        std::int64_t place_ns_ = kNever; ///< where it is on the board; never later than due_ns
    };

    /// Puts `entry` on the board, or forward on it.
    void add(Entry& entry) {
        const std::int64_t due_ns = entry.due_ns.load(std::memory_order_relaxed);
        if (due_ns >= entry.place_ns_)
            return;
        remove(entry);
        place(entry, due_ns);
    }
    void remove(Entry& entry) {
        if (entry.place_ns_ != kNever)
            entries_.erase({entry.place_ns_, &entry});
        entry.place_ns_ = kNever;
    }

    /// Takes those that are due off the board and appends them to `due`.
    void poll(std::int64_t now_ns, std::vector<Entry*>& due) {
        while (!entries_.empty() && entries_.begin()->first <= now_ns) {
            auto node = entries_.extract(entries_.begin());
            Entry& entry = *node.value().second;
            const std::int64_t due_ns = entry.due_ns.load(std::memory_order_relaxed);
            entry.place_ns_ = due_ns > now_ns ? due_ns : kNever;
            if (due_ns <= now_ns) {
                due.push_back(&entry);
            } else if (due_ns != kNever) {
                node.value().first = due_ns;
                entries_.insert(std::move(node));
            }
        }
    }

    /// When to poll next.
    std::int64_t next_ns() const { return entries_.empty() ? kNever : entries_.begin()->first; }

  private:
    void place(Entry& entry, std::int64_t place_ns) {
        entry.place_ns_ = place_ns;
        entries_.insert({place_ns, &entry});
    }

    std::set<std::pair<std::int64_t, Entry*>> entries_;
};

} // namespace tactus
