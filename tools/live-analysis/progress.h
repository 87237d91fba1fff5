// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "run.h"

#include <chrono>
#include <string>

namespace tactus::live {

/// Says on stdout what is under way: on a terminal one line that is written anew several times a
/// second and wiped at the end, elsewhere a line at the start and one every now and then.
class Progress {
  public:
    Progress(std::string title, unsigned seconds);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void update(const Snapshot& now);

  private:
    const std::string title_;
    const unsigned seconds_;
    const bool terminal_;
    std::chrono::steady_clock::time_point next_;
};

} // namespace tactus::live
