// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress.h"

#include <cinttypes>
#include <cstdio>
#include <unistd.h>

namespace tactus::live {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTerminalPeriod{200};
constexpr std::chrono::seconds kPlainPeriod{10};

} // namespace

Progress::Progress(std::string title, unsigned seconds)
    : title_(std::move(title)), seconds_(seconds), terminal_(isatty(STDOUT_FILENO) == 1),
      next_(steady_clock::now() +
            (terminal_ ? steady_clock::duration::zero() : steady_clock::duration(kPlainPeriod))) {
    std::printf(terminal_ ? "%s ..." : "%s, %u s ...\n", title_.c_str(), seconds_);
    std::fflush(stdout);
}

Progress::~Progress() {
    if (terminal_)
        std::printf("\r\033[K");
    std::fflush(stdout);
}

void Progress::update(const Snapshot& now) {
    if (steady_clock::now() < next_)
        return;
    next_ = steady_clock::now() + (terminal_ ? steady_clock::duration(kTerminalPeriod)
                                             : steady_clock::duration(kPlainPeriod));
    std::printf("%s%s  %.1f of %u s  %" PRIu64 " frames in, %" PRIu64 " analysed%s",
                terminal_ ? "\r\033[K" : "", title_.c_str(), now.seconds, seconds_, now.frames_in,
                now.analysed, terminal_ ? "" : "\n");
    std::fflush(stdout);
}

} // namespace tactus::live
