// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>

namespace tactus {

/// What a serialized query does while the queue holds something.
enum class SerializedQueries : std::uint8_t { block = 0, timeout = 1, refuse_if_nonempty = 2 };

enum class TeeMode : std::uint8_t { lossless = 0, lossy = 1 };

GType leak_get_type();
GType leak_unit_get_type();
GType serialized_queries_get_type();
GType tee_mode_get_type();

} // namespace tactus
