// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "ringqueue/ringtee_state.h"

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RING_TEE_PAD (gst_ring_tee_pad_get_type())
G_DECLARE_FINAL_TYPE(GstRingTeePad, gst_ring_tee_pad, GST, RING_TEE_PAD, GstPad)

G_END_DECLS

namespace tactus {

/// A new source pad of `tee`, with its functions set; not yet added to the element.
GstPad* make_tee_pad(RingTeeState& tee, GstPadTemplate* pad_template, const char* name);
RingTeeBranch& branch_of(GstPad* pad);

} // namespace tactus
