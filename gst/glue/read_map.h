// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstddef>
#include <cstdint>

namespace tactus {

/// A buffer mapped for reading while this lives; borrows the buffer, which must outlive it.
class ReadMap {
  public:
    explicit ReadMap(GstBuffer* buffer)
        : buffer_(buffer), mapped_(gst_buffer_map(buffer, &map_, GST_MAP_READ) != FALSE) {}
    ~ReadMap() {
        if (mapped_)
            gst_buffer_unmap(buffer_, &map_);
    }
    ReadMap(const ReadMap&) = delete;
    ReadMap& operator=(const ReadMap&) = delete;

    bool is_mapped() const { return mapped_; }
    const std::uint8_t* data() const { return map_.data; }
    std::size_t size() const { return map_.size; }

  private:
    GstBuffer* buffer_;
    GstMapInfo map_;
    bool mapped_;
};

} // namespace tactus
