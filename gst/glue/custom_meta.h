// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

/// Registers the name of a custom meta if nobody has. Any thread.
void register_custom_meta(const char* name);

/// Adds a named custom meta to a writable buffer, and registers the name first if nobody has. The
/// structure belongs to the meta. Any thread.
GstStructure* add_custom_meta(GstBuffer* buffer, const char* name);

} // namespace tactus
