// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/stft_config.h"
#include "glue/handles.h"

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

#define TACTUS_STFT_MEDIA_TYPE "audio/x-stft"

/// The fields of audio/x-stft that a template has; `formats` is one name or a list in braces.
#define TACTUS_STFT_CAPS(formats)                                                                  \
    TACTUS_STFT_MEDIA_TYPE                                                                         \
    ", format=(string)" formats ", rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 64 ], "         \
    "fft-size=(int)[ 2, 16777216 ], hop-size=(int)[ 1, 16777216 ]"

#define TACTUS_STFT_FORMATS "{ complex-f32, magnitude-f32, power-f32, db-f32, phase-f32 }"

/// What caps of audio/x-stft say; docs/design/stft-caps.md tells them and the buffers.
struct StftStream {
    StftConfig config; ///< resolved; without attack and release, which the caps do not tell
    std::uint64_t channel_mask = 0;

    /// Of one frame in a buffer.
    std::size_t frame_bytes() const { return config.frame_floats() * sizeof(float); }
    /// The offset end of a buffer behind which the next frame is at `next`, as long as the run's
    /// end is not known.
    std::int64_t offset_end(std::int64_t next) const {
        const auto hop = static_cast<std::int64_t>(config.hop_frames);
        return config.center ? next : next - hop + static_cast<std::int64_t>(config.window_length);
    }
    bool operator==(const StftStream&) const = default;
};

/// Throws bad_alloc.
CapsHandle make_stft_caps(const StftStream& stream);

/// Nothing if `caps` are no such caps, or cannot be; then `complaint` says which field is wrong,
/// its value, and what would be right.
std::optional<StftStream> parse_stft_caps(const GstCaps* caps, std::string& complaint);

} // namespace tactus
