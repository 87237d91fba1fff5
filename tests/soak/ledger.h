// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus::soak {

/// Counts what goes into and comes out of elements, with pad probes of its own, and compares that
/// with what their `stats` say once they have stopped.
///
/// Threads: `open` may be called from any, all else from one. Elements are held until they are
/// closed.
class Ledger {
  public:
    /// Sums over all elements of a factory that were closed; names as in `stats`.
    struct Totals {
        unsigned elements = 0; ///< made
        std::map<std::string, std::uint64_t> counts;
    };

    Ledger();
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    /// From now on; before the first buffer comes, or it counts as one that nobody has sent.
    void open(GstElement* element);
    /// A source pad of a ringtee.
    void open_branch(GstPad* pad);
    /// It is in NULL (a pad: released), so nothing moves any more.
    void close(GstElement* element) { close_object(GST_OBJECT(element)); }
    void close_branch(GstPad* pad) { close_object(GST_OBJECT(pad)); }
    void close_all();
    /// It is in READY, and its counts begin anew when it leaves that.
    void start_over(GstElement* element);

    const std::map<std::string, Totals>& totals() const { return totals_; }
    /// What the probes saw go into all elements of a path ("call0/queue") that were closed.
    struct Seen {
        unsigned elements = 0;
        std::uint64_t buffers = 0;
    };
    const std::map<std::string, Seen>& seen_in() const { return seen_in_; }
    const std::vector<std::string>& mismatches() const { return mismatches_; }
    unsigned checks() const { return checks_; }

  private:
    struct Account;
    struct Counters;
    struct Rule;

    static const std::vector<Rule>& rules();
    static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer counters);
    std::vector<std::unique_ptr<Account>>::iterator find(GstObject* object);
    void close_object(GstObject* object);
    void close(const Account& account);
    void settle(const Account& account);
    void check(const Rule& rule, const std::string& path, const GstStructure* stats);

    std::mutex mutex_; ///< guards accounts_
    std::vector<std::unique_ptr<Account>> accounts_;
    std::map<std::string, Totals> totals_;
    std::map<std::string, Seen> seen_in_;
    std::vector<std::string> mismatches_;
    unsigned checks_ = 0;
};

} // namespace tactus::soak
