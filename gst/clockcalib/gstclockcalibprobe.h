// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GType gst_clockcalib_probe_get_type();
GST_ELEMENT_REGISTER_DECLARE(clockcalibprobe)

G_END_DECLS
