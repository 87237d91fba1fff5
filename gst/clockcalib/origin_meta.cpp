// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/origin_meta.h"

namespace tactus {

namespace {

gboolean init_meta(GstMeta* meta, gpointer, GstBuffer*) {
    auto* origin = reinterpret_cast<OriginMeta*>(meta);
    origin->id = 0;
    origin->t0 = 0;
    return TRUE;
}

/// Where `id` is to go on a buffer: nullptr if it has it already, a meta to write over if the
/// buffer is full, else a new one.
OriginMeta* place_for(GstBuffer* buffer, std::uint64_t id) {
    unsigned count = 0;
    OriginMeta* newest = nullptr;
    gpointer state = nullptr;
    while (GstMeta* meta = gst_buffer_iterate_meta(buffer, &state)) {
        if (meta->info != origin_meta_info())
            continue;
        auto* origin = reinterpret_cast<OriginMeta*>(meta);
        if (origin->id == id)
            return nullptr;
        if (newest == nullptr || origin->t0 > newest->t0)
            newest = origin;
        ++count;
    }
    if (count >= kMaxIdentities)
        return newest;
    return reinterpret_cast<OriginMeta*>(gst_buffer_add_meta(buffer, origin_meta_info(), nullptr));
}

/// Whatever becomes of the content (a copy, a scaled picture), it stays the same moment.
gboolean transform_meta(GstBuffer* target, GstMeta* meta, GstBuffer*, GQuark, gpointer) {
    const auto* origin = reinterpret_cast<const OriginMeta*>(meta);
    const OriginMeta source = *origin;
    OriginMeta* place = place_for(target, source.id);
    if (place != nullptr && (place->id == 0 || source.t0 > place->t0)) {
        place->id = source.id;
        place->t0 = source.t0;
    }
    return TRUE;
}

const GstMetaInfo* register_meta() {
    static const gchar* no_tags[] = {nullptr};
    const GType api = gst_meta_api_type_register("TactusOriginMetaAPI", no_tags);
    return gst_meta_register(api, "TactusOriginMeta", sizeof(OriginMeta), init_meta, nullptr,
                             transform_meta);
}

} // namespace

const GstMetaInfo* origin_meta_info() {
    static const GstMetaInfo* const info = register_meta();
    return info;
}

void add_origin_meta(GstBuffer* buffer, std::uint64_t id, std::uint64_t t0) {
    auto* origin =
        reinterpret_cast<OriginMeta*>(gst_buffer_add_meta(buffer, origin_meta_info(), nullptr));
    if (origin == nullptr)
        return;
    origin->id = id;
    origin->t0 = t0;
}

} // namespace tactus
