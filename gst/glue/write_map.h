// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/handles.h"

#include <gst/gst.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace tactus {

/// A buffer of our own, mapped for writing until it is taken out or this ends: then it goes.
class WriteMap {
  public:
    /// Without a buffer.
    WriteMap() = default;
    /// Throws runtime_error if the buffer cannot be written to.
    explicit WriteMap(BufferHandle buffer) : buffer_(std::move(buffer)) {
        if (gst_buffer_map(buffer_.get(), &map_, GST_MAP_WRITE) != FALSE)
            return;
        throw std::runtime_error("a buffer of " +
                                 std::to_string(gst_buffer_get_size(buffer_.get())) +
                                 " bytes of our own cannot be written to");
    }
    ~WriteMap() { take(); }
    WriteMap(WriteMap&& other) noexcept : buffer_(std::move(other.buffer_)), map_(other.map_) {}
    WriteMap& operator=(WriteMap&& other) noexcept {
        take();
        buffer_ = std::move(other.buffer_);
        map_ = other.map_;
        return *this;
    }

    explicit operator bool() const { return buffer_ != nullptr; }
    /// Null without a buffer.
    std::uint8_t* data() const { return buffer_ != nullptr ? map_.data : nullptr; }

    /// The buffer, no longer mapped; none is left here.
    BufferHandle take() {
        if (buffer_ != nullptr)
            gst_buffer_unmap(buffer_.get(), &map_);
        return std::move(buffer_);
    }

  private:
    BufferHandle buffer_;
    GstMapInfo map_ = GST_MAP_INFO_INIT;
};

} // namespace tactus
