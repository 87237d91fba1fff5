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
/// Deadlines may be met up to a step late: those of one step then share a look, and whoever has a
/// timer for it need not set it again.
///
/// One that is moved while it is polled may be taken for due before its time. Who is told looks,
/// and adds it again.
///
/// Threads: an entry may be moved at any time, by one thread at a time. All else one at a time; the
/// owner locks. Times are in ns of one clock. An entry belongs to its user, who removes it before
/// it goes, and is on one board at a time.
class DeadlineBoard {
  public:
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

    class Entry {
      public:
        /// Sets the deadline. False if the board will not look at it in time: then `add` it.
        bool move(std::int64_t due_ns) {
            // seq_cst, here and in poll: either we see where poll puts it, or poll sees this.
            due_ns_.store(due_ns);
            return place_ns_.load() <= due_ns;
        }

      private:
        friend class DeadlineBoard;
        std::atomic<std::int64_t> due_ns_{kNever};
        std::atomic<std::int64_t> place_ns_{kNever}; ///< where it is on the board
    };

    explicit DeadlineBoard(std::int64_t step_ns = 1) : step_ns_(step_ns) {}

    /// Puts `entry` on the board, or forward on it.
    void add(Entry& entry) {
        const std::int64_t due_ns = entry.due_ns_;
        if (due_ns >= entry.place_ns_)
            return;
        remove(entry);
        entry.place_ns_ = due_ns;
        entries_.insert({due_ns, &entry});
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
            const std::int64_t due_ns = settle(entry, now_ns);
            if (due_ns <= now_ns) {
                due.push_back(&entry);
            } else if (due_ns != kNever) {
                node.value().first = due_ns;
                entries_.insert(std::move(node));
            }
        }
    }

    /// When to poll next: a multiple of the step.
    std::int64_t next_ns() const {
        if (entries_.empty())
            return kNever;
        return (entries_.begin()->first + step_ns_ - 1) / step_ns_ * step_ns_;
    }

  private:
    // Its deadline, which is its place from now on if it is to come.
    static std::int64_t settle(Entry& entry, std::int64_t now_ns) {
        std::int64_t due_ns = 0;
        do {
            due_ns = entry.due_ns_;
            entry.place_ns_ = due_ns > now_ns ? due_ns : kNever;
        } while (entry.due_ns_ < due_ns);
        return due_ns;
    }

    const std::int64_t step_ns_;
    std::set<std::pair<std::int64_t, Entry*>> entries_;
};

} // namespace tactus
