// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/frame_metas.h"

#include "vkcompute/messages.h"

#include <algorithm>

namespace tactus {

namespace {

struct MetaCopy {
    GstBuffer* to;
    const FrameMove* move;
};

/// Along one axis.
struct AxisMove {
    guint begin; ///< of the part
    guint in;    ///< its length
    guint out;

    // A place in the frame that came in, as one in what comes out.
    guint of(guint64 place) const {
        const guint64 inside = std::clamp<guint64>(place, begin, guint64{begin} + in) - begin;
        return static_cast<guint>(inside * out / in);
    }
    bool touches(guint64 first, guint64 length) const {
        return first < guint64{begin} + in && first + length > begin;
    }
};

AxisMove along_x(const FrameMove& move) {
    return {move.x, static_cast<guint>(move.in.width), static_cast<guint>(move.out.width)};
}

AxisMove along_y(const FrameMove& move) {
    return {move.y, static_cast<guint>(move.in.height), static_cast<guint>(move.out.height)};
}

bool has_tag(const GstMetaInfo* info, const char* tag) {
    return gst_meta_api_type_has_tag(info->api, g_quark_from_string(tag)) != FALSE;
}

gpointer copy_structure(gconstpointer structure, gpointer) {
    return gst_structure_copy(static_cast<const GstStructure*>(structure));
}

void move_region(const GstVideoRegionOfInterestMeta& region, const MetaCopy& copy) {
    const AxisMove x = along_x(*copy.move);
    const AxisMove y = along_y(*copy.move);
    if (!x.touches(region.x, region.w) || !y.touches(region.y, region.h))
        return; // it was cut off
    const guint left = x.of(region.x);
    const guint top = y.of(region.y);
    GstVideoRegionOfInterestMeta* moved = gst_buffer_add_video_region_of_interest_meta_id(
        copy.to, region.roi_type, left, top, x.of(guint64{region.x} + region.w) - left,
        y.of(guint64{region.y} + region.h) - top);
    moved->id = region.id;
    moved->parent_id = region.parent_id;
    moved->params = g_list_copy_deep(region.params, copy_structure, nullptr);
}

void move_bars(const GstVideoBarMeta& bars, const MetaCopy& copy) {
    const AxisMove axis = bars.is_letterbox ? along_y(*copy.move) : along_x(*copy.move);
    gst_buffer_add_video_bar_meta(copy.to, bars.field, bars.is_letterbox, axis.of(bars.bar_data1),
                                  axis.of(bars.bar_data2));
}

// Those whose own type knows what to do.
void pass_meta(GstBuffer* from, GstMeta* meta, bool of_places, const MetaCopy& copy) {
    const GstMetaInfo* info = meta->info;
    if (!of_places || (!copy.move->is_cut && info->api == GST_VIDEO_AFD_META_API_TYPE)) {
        GstMetaTransformCopy whole{FALSE, 0, static_cast<gsize>(-1)};
        info->transform_func(copy.to, meta, from, g_quark_from_static_string("gst-copy"), &whole);
    } else if (!copy.move->is_cut) {
        FrameMove move = *copy.move;
        GstVideoMetaTransform scale{&move.in, &move.out};
        info->transform_func(copy.to, meta, from, gst_video_meta_transform_scale_get_quark(),
                             &scale);
    }
}

gboolean copy_meta(GstBuffer* from, GstMeta** meta, gpointer data) {
    const auto& copy = *static_cast<MetaCopy*>(data);
    const GstMetaInfo* info = (*meta)->info;
    if (info->api == GST_VIDEO_META_API_TYPE || info->api == GST_VIDEO_CROP_META_API_TYPE ||
        has_tag(info, "memory") || info == gst_meta_get_info(kTimingMeta) ||
        info->transform_func == nullptr)
        return TRUE;
    const bool moves = copy.move != nullptr && (copy.move->is_cut || copy.move->is_scaled());
    if (moves && info->api == GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)
        move_region(*reinterpret_cast<GstVideoRegionOfInterestMeta*>(*meta), copy);
    else if (moves && info->api == GST_VIDEO_BAR_META_API_TYPE)
        move_bars(*reinterpret_cast<GstVideoBarMeta*>(*meta), copy);
    else
        pass_meta(from, *meta, moves && (has_tag(info, "size") || has_tag(info, "orientation")),
                  copy);
    return TRUE;
}

} // namespace

void copy_metadata(GstBuffer* from, GstBuffer* to, const FrameMove* move) {
    gst_buffer_copy_into(
        to, from,
        static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS), 0,
        static_cast<gsize>(-1));
    MetaCopy copy{to, move};
    gst_buffer_foreach_meta(from, copy_meta, &copy);
}

} // namespace tactus
