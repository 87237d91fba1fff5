// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <gio/gio.h>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tactus {

/// Asks the desktop portal, then rtkit, over D-Bus to make a thread of this process a real-time one
/// (SCHED_RR, priority 20 at most). Both do so only for processes whose real-time threads may not
/// run on for ever: so RLIMIT_RTTIME is lowered to what they allow (never to 0), for the whole
/// process and for good.
///
/// `connect` opens the buses and asks what the services grant at most; call it from a thread that
/// is neither pinned nor in a hurry: GDBus starts a thread of its own then, and what is silent is
/// waited for, for a second. A bus that is silent is taken for none, and so is a service's.
///
/// Threads: one at a time.
/// Sources: org.freedesktop.portal.Realtime; rtkit's README and org.freedesktop.RealtimeKit1.xml.
class RealtimeBroker {
  public:
    static constexpr unsigned kMostPriority = 20;

    struct Grant {
        unsigned priority = 0; ///< 0: not granted
        std::string by;        ///< "rtkit", "the desktop portal"
        std::string refusals;  ///< why those that were asked did not
    };

    RealtimeBroker() = default;
    ~RealtimeBroker() { disconnect(); }
    RealtimeBroker(const RealtimeBroker&) = delete;
    RealtimeBroker& operator=(const RealtimeBroker&) = delete;

    void connect();
    void disconnect();
    Grant ask(pid_t tid, unsigned priority);

  private:
    struct Bus {
        GDBusConnection* connection = nullptr;
        std::string trouble; ///< why there is none, or why the service is of no use
        std::int64_t most_priority = 0;
        std::int64_t longest_us = 0; ///< that a thread may run at a stretch
    };
    static Bus open(GBusType type);

    bool connected_ = false;
    Bus session_;
    Bus system_;
};

} // namespace tactus
