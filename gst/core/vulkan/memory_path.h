// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/submission_ring.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

/// How a shader gets at frames in host memory.
enum class MemoryPath : std::uint8_t {
    direct, ///< it reads and writes host memory itself
    copied  ///< copies to and from the device's own memory, before and after it
};

/// "direct" or "copied".
const char* memory_path_name(MemoryPath path);

/// Finds the better path for a shader on a device by trying both on the first frames.
///
/// A shader that touches each byte once is best left to work across the bus: reads and writes
/// overlap within it. One that reads each byte many times pays the bus each time, and is better off
/// with copies. Which of both a shader is only shows when it runs. What counts is the time that the
/// GPU works on a frame, copies included, by its own stamps; without stamps, from submission to
/// completion. On devices that work in host memory anyway the answer is `direct` from the start.
///
/// The first frames of each path do not count: drivers compile and map pages then. Of the rest the
/// median does, so that a few that were disturbed decide nothing.
///
/// Threads: one at a time.
class MemoryPathTrial {
  public:
    explicit MemoryPathTrial(bool shares_memory);

    /// The path for the next frame.
    MemoryPath next() const;
    /// A frame that took the path is done.
    void add(MemoryPath path, const JobResult& result);

    bool decided() const { return decided_; }
    /// Both medians once both were tried; 0: not tried.
    double cost_ns(MemoryPath path) const;
    /// "direct: 850 us a frame against 1851 us", for people.
    std::string reason() const;

    static constexpr std::size_t kUncounted = 3;
    static constexpr std::size_t kCounted = 9;

  private:
    void decide();

    bool shares_memory_;
    bool decided_;
    MemoryPath choice_ = MemoryPath::direct;
    std::array<std::size_t, 2> seen_{};
    std::array<std::vector<double>, 2> costs_ns_;
    std::array<double, 2> medians_ns_{};
};

} // namespace tactus
