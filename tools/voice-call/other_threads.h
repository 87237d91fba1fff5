// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

namespace tactus::voice_call {

/// Waits until every other thread of this process sleeps: then a pipeline under a test clock has
/// done all that was due. Reads /proc/self/task.
class OtherThreads {
  public:
    OtherThreads() = default;
    ~OtherThreads();
    OtherThreads(const OtherThreads&) = delete;
    OtherThreads& operator=(const OtherThreads&) = delete;

    void wait_until_asleep();

  private:
    void find();
    bool all_asleep() const;

    std::vector<int> files_;
    unsigned waits_ = 0;
};

} // namespace tactus::voice_call
