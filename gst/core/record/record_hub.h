// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/record/record_ring.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace tactus {

/// All rings of a process and the order of what is in them.
///
/// A buffer goes into a queue on one thread and comes out on another; the reader must see the first
/// before the second, though the two are in different rings. Each record's stamp was taken before
/// it was published, and whoever caused a record published first. So what one look at the tails
/// found is handled after the next look, in the order of stamps, together with what that look found
/// to be older: it sees all that caused anything the first one saw. tests/models/causal_cut.pml
/// shows it, and that one look is not enough. What the second look adds may itself have a cause
/// that is not there yet, but only if its thread stood still from one look to the next between
/// taking a stamp and publishing it.
///
/// Threads: `add` and `close` from any thread (a mutex, once per thread's life); `collect` from
/// one.
class RecordHub {
  public:
    struct Source {
        std::uint32_t thread = 0;
        RecordRing* ring = nullptr;
    };
    /// Called for each push with what belongs to it, and for each other record; oldest first.
    using Visit = std::function<void(std::uint32_t thread, const RecordRing& ring,
                                     std::uint64_t position, RecordHead head)>;

    explicit RecordHub(std::size_t ring_capacity_units)
        : ring_capacity_units_(ring_capacity_units) {}

    /// A new ring for the calling thread. Throws bad_alloc.
    Source add();
    /// The thread will write no more.
    void close(std::uint32_t thread);
    /// Whether `collect` will be called. If not, rings of threads that close are freed at once.
    void listen(bool listening);

    struct Round {
        std::uint64_t records = 0;
        std::size_t fullest_units = 0; ///< in the ring that held most when the round began
        bool left_over = false;        ///< the look found records that the next call will handle
    };
    /// One look, and all that the look before found. `looked` is called in between: whatever became
    /// known before a record was published is known then. When no more is written, two calls read
    /// everything. `gone` is called for threads that have closed and whose records are all read.
    Round collect(const std::function<void()>& looked, const Visit& visit,
                  const std::function<void(std::uint32_t)>& gone);

    /// Over all threads that ever were.
    std::uint64_t records_lost();
    std::size_t ring_capacity_units() const { return ring_capacity_units_; }

  private:
    struct Entry {
        std::uint32_t thread = 0;
        std::unique_ptr<RecordRing> ring;
        std::atomic<bool> closed{false};
        // the reader's
        std::uint64_t first_look = 0;
        std::uint64_t second_look = 0;
        bool was_closed = false;
    };

    void look(Round& round);
    struct Run;
    Run next_run();
    static void step(Entry& entry, const Visit& visit);
    void remove(const Entry* entry); ///< the mutex is held
    void retire(const std::function<void(std::uint32_t)>& gone);

    std::mutex mutex_; ///< guards the list and the three below it
    std::vector<std::unique_ptr<Entry>> entries_;
    bool listening_ = false;
    std::uint32_t next_thread_ = 1;
    std::uint64_t lost_before_ = 0; ///< by rings that were taken away
    std::vector<Entry*> round_;     ///< the reader's copy of the list
    std::size_t ring_capacity_units_;
};

} // namespace tactus
