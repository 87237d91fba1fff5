// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib-object.h>

#include <cstdint>

namespace tactus {

/// How the values of a spectrum stand in a message.
enum class MessageFormat : std::uint8_t { lists = 0, bytes = 1 };

GType message_format_get_type();

// Of core's WindowKind, StftScaling and FrequencyScale.
GType window_kind_get_type();
GType named_window_get_type(); ///< all but custom, for who has no property for its values
GType stft_scaling_get_type();
GType frequency_scale_get_type();

} // namespace tactus
