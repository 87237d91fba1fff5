// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A vkcompute between pads of the test's own.
#pragma once

#include "shader_references.h"

#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// Why shaders cannot run here, or "". Also keeps the device open, so that the tests of a program
/// need not open it each for itself.
std::string no_device();

/// A vkcompute of one's own; `properties` as in a launch line.
GstElement* make_compute(const std::string& properties);
/// What an error or a warning says, with its debug text; "" for null. Takes the message.
std::string text_of(GstMessage* message);

/// "video/x-raw,format=…,width=…,height=…,framerate=30/1"
std::string video_caps(PixelFormat format, std::uint32_t width, std::uint32_t height);

/// The bytes of a picture as a buffer, with its number as PTS (30 in a second).
GstBuffer* buffer_of(const Picture& picture, std::uint64_t number = 0);
/// The other way round; the buffer is released.
Picture picture_of(GstBuffer* buffer, PixelFormat format, std::uint32_t width,
                   std::uint32_t height);

/// Threads: the test's.
class ComputeHarness {
  public:
    /// In PLAYING; aborts the program if that is not possible.
    explicit ComputeHarness(const std::string& properties)
        : ComputeHarness(make_compute(properties)) {}
    explicit ComputeHarness(GstElement* element);
    ~ComputeHarness();
    ComputeHarness(const ComputeHarness&) = delete;
    ComputeHarness& operator=(const ComputeHarness&) = delete;

    GstElement* element() const { return element_; }
    GstHarness* get() const { return harness_; }
    void set_caps(const std::string& caps);
    GstFlowReturn push(GstBuffer* buffer) { return gst_harness_push(harness_, buffer); }
    /// The next buffer that comes out; null after a while.
    GstBuffer* pull() { return gst_harness_pull(harness_); }
    /// A frame in, a frame out: of the size of the caps that came out.
    std::optional<Picture> process(const Picture& in);

    /// The next error or warning on the bus that has come so far, with its debug text; "" if there
    /// is none.
    std::string complaint(GstMessageType type = GST_MESSAGE_ERROR) const;
    /// Waits for one.
    std::string awaited_complaint(GstMessageType type) const;
    GstMessage* awaited_message(GstMessageType type) const;
    std::string stat_text(const char* field) const;
    std::uint64_t stat(const char* field) const;

  private:
    GstElement* element_;
    GstHarness* harness_;
    GstBus* bus_;
};

} // namespace tactus

#define TACTUS_NEEDS_DEVICE()                                                                      \
    do {                                                                                           \
        const std::string why = ::tactus::no_device();                                             \
        if (!why.empty())                                                                          \
            GTEST_SKIP() << why;                                                                   \
    } while (false)
