// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/handles.h"
#include "simdfft/stft_caps.h"

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// For each structure of `peer` that is, or is not, of spectra: `caps` with the rate and the
/// channels of that one.
CapsHandle with_shared_fields_of(GstCaps* peer, bool spectra, GstCaps* caps);

/// 0 if there is none.
std::uint64_t channel_mask_of(const GstCaps* audio);

/// Whether downstream, which takes `peer`, wants spectra and not this `audio`.
bool wants_stft(const GstCaps* peer, GstCaps* audio);

/// The stream that `peer` takes: `wanted` in one of its formats. Nothing if there is none; then
/// `complaint` says why.
std::optional<StftStream> choose_stft(const StftStream& wanted, GstCaps* peer,
                                      std::string& complaint);

/// What the sink pad takes if downstream takes `peer`; the caller owns the result.
GstCaps* sink_caps_for(GstCaps* peer, GstCaps* audio_template);
/// What the source pad can send if upstream sends `peer`; the caller owns the result.
GstCaps* src_caps_for(GstCaps* peer, GstCaps* audio_template);

} // namespace tactus
