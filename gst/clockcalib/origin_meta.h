// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>

namespace tactus {

/// The identity of a buffer, on the buffer. Private to this plugin and without tags, so that
/// elements which copy metadata take it along. `t0` is in the clock of the recorder.
struct OriginMeta {
    GstMeta meta;
    std::uint64_t id;
    std::uint64_t t0;
};

/// More identities than this are not kept on one buffer: the oldest stay, and the newest.
constexpr unsigned kMaxIdentities = 64;

/// Registers the meta; any thread, again and again. Never null after it has returned once.
const GstMetaInfo* origin_meta_info();

/// Puts an identity on a buffer that is writable.
void add_origin_meta(GstBuffer* buffer, std::uint64_t id, std::uint64_t t0);

} // namespace tactus
