// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

GType jitter_mode_get_type();
GType adapt_by_get_type();

} // namespace tactus
