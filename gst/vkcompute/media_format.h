// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/frame_layout.h"
#include "vkcompute/frame_metas.h"

#include <gst/audio/audio.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// All that the element takes: the caps of its pad templates. The caller owns the reference.
GstCaps* all_caps();

/// What caps say about the frames. A value; any thread.
class MediaFormat {
  public:
    enum class Kind : std::uint8_t { video, audio, raw };

    /// Nothing for caps that are none of ours.
    static std::optional<MediaFormat> from_caps(const GstCaps* caps);

    Kind kind() const { return kind_; }
    bool in_images() const { return in_images_; } ///< of GStreamer's Vulkan device
    PixelFormat format() const { return format_; }
    const GstVideoInfo& video() const { return video_; }
    const GstAudioInfo& audio() const { return audio_; }
    std::uint32_t rate() const;
    /// How long a frame of video lasts; 0 if that is not known.
    GstClockTime frame_duration() const;

    /// Where the frame of a buffer lies in the buffer's bytes, after its video or audio meta and
    /// without what its crop meta cuts away. Nothing, with the reason, if it does not fit.
    std::optional<FrameLayout> layout_of(GstBuffer* buffer, std::string& wrong) const;
    /// A layout for frames to come: that of the caps for video, an empty one otherwise.
    FrameLayout nominal_layout() const;

    /// From a buffer with a frame of this layout (see layout_of) to one of another. Of video only.
    FrameMove move_of(GstBuffer* buffer, const FrameLayout& in, const FrameLayout& out) const;

  private:
    std::optional<FrameLayout> image_layout(GstBuffer* buffer, std::string& wrong) const;
    std::optional<FrameLayout> video_layout(GstBuffer* buffer, std::string& wrong) const;
    std::optional<FrameLayout> audio_layout(GstBuffer* buffer, std::string& wrong) const;

    Kind kind_ = Kind::raw;
    bool in_images_ = false;
    PixelFormat format_ = PixelFormat::bytes;
    GstVideoInfo video_{};
    GstAudioInfo audio_{};
};

} // namespace tactus
