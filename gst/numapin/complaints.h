// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/frame_chunk.h"
#include "core/topology/thread_ledger.h"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tactus {

/// Something that a user is to be told.
struct Complaint {
    enum class Kind : std::uint8_t {
        settings,      ///< they make no sense on this machine
        shared_thread, ///< many elements run on it
        lost_thread,   ///< /proc does not show it
        plan,          ///< cpus=auto found no CPU
        cpus,
        scheduling,
        timer_slack,
        cpus_back, ///< these three: when the thread was put back
        scheduling_back,
        timer_slack_back,
        overrides, ///< another numapin had set the same
        granted,   ///< not what was asked for
        quota,
        memory ///< and one for each ArenaTrouble
    };
    static constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::memory) + kArenaTroubles;

    Kind kind = Kind::settings;
    std::string text;
    ArenaTrouble trouble = ArenaTrouble::huge_pages; ///< of kind `memory`
    /// Which settings of threads it is about, by number; those of memory are always the present.
    std::uint64_t settings_made = kPresentSettings;

    static constexpr std::uint64_t kPresentSettings = UINT64_MAX;

    static Complaint of(const ThreadLedger::Refusal& refusal, bool is_back) {
        const auto first = static_cast<unsigned>(is_back ? Kind::cpus_back : Kind::cpus);
        return {static_cast<Kind>(first + static_cast<unsigned>(refusal.field)), refusal.text};
    }
};

/// Which kinds were told already. Threads come and go, and each would be refused the same. What
/// comes late, about settings that have been replaced, hides nothing about those that are now.
///
/// Threads: one at a time.
class ToldComplaints {
  public:
    /// Whether this kind is news; from now on it is not. `settings_made` is the present number.
    bool tell(const Complaint& complaint, std::uint64_t settings_made) {
        std::size_t place = static_cast<std::size_t>(complaint.kind);
        if (complaint.kind == Complaint::Kind::memory)
            place += static_cast<std::size_t>(complaint.trouble);
        Kinds& told = complaint.settings_made < settings_made ? told_before_ : told_;
        const bool is_news = !told[place];
        told[place] = true;
        return is_news;
    }
    /// Settings have changed: what is refused now is news.
    void forget() {
        if (told_.any())
            told_before_ = told_;
        told_.reset();
    }

  private:
    using Kinds = std::bitset<Complaint::kKinds>;
    Kinds told_;
    Kinds told_before_; ///< of the settings before, as far as there were complaints
};

} // namespace tactus
