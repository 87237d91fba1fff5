// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

GST_DEBUG_CATEGORY_EXTERN(gst_numa_pin_debug);
#define GST_CAT_DEFAULT gst_numa_pin_debug
