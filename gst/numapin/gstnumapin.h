// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_NUMA_PIN (gst_numa_pin_get_type())
G_DECLARE_FINAL_TYPE(GstNumaPin, gst_numa_pin, GST, NUMA_PIN, GstElement)
GST_ELEMENT_REGISTER_DECLARE(numapin);

G_END_DECLS
