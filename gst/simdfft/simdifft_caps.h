// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "simdfft/stft_caps.h"

#include <gst/audio/audio.h>

namespace tactus {

/// Caps of `media`, one structure of it for each of `caps`, with the rate and the channels of that
/// one: what an element takes that changes neither. The caller owns the result.
GstCaps* with_rate_and_channels_of(const GstCaps* caps, GstCaps* media);

/// Interleaved F32 with the rate, the channels and the positions of `stream`.
GstAudioInfo audio_info_of(const StftStream& stream);

} // namespace tactus
