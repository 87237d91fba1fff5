// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/handles.h"

#include <gst/gst.h>

#include <cstddef>

namespace tactus {

/// A buffer pool for buffers of about the same size, so that none is allocated for each: it begins
/// with what is first asked for, and anew when more is.
///
/// Threads: one at a time. Buffers may outlive it.
class SizedPool {
  public:
    SizedPool() = default;
    ~SizedPool() { clear(); }
    SizedPool(const SizedPool&) = delete;
    SizedPool& operator=(const SizedPool&) = delete;

    /// A buffer of `bytes`, at least 1. Throws runtime_error if there is none.
    BufferHandle acquire(std::size_t bytes);
    void clear();

  private:
    void grow(std::size_t bytes);

    GstBufferPool* pool_ = nullptr;
    std::size_t bytes_ = 0;
};

} // namespace tactus
