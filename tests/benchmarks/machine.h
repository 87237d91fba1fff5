// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace tactus::bench {

/// How many processors other programs keep busy between two moments, from /proc/stat. A pair of
/// threads that has to share one processor with each other measures something else than one that
/// has two.
class Neighbours {
  public:
    Neighbours();
    /// Since the constructor: 0 if the machine is ours, 1 for a whole processor. 0 if unknown.
    double processors() const;

  private:
    std::uint64_t begin_ns_;
    double others_begin_s_;
};

std::uint64_t now_ns();
/// CPU time of all threads of the process.
std::uint64_t cpu_ns();

std::string cpu_model();
std::string kernel();
/// UTC, ISO 8601.
std::string date();

} // namespace tactus::bench
