// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/gpu_inbox.h"

#include <utility>

namespace tactus {

namespace {

constexpr const char* kMetaName = "tactus-gpu-timing";
constexpr std::size_t kCapacity = 4096;

std::string text_in(const GstStructure* structure, const char* field) {
    const gchar* text = gst_structure_get_string(structure, field);
    return text != nullptr ? text : "";
}

std::uint64_t count_in(const GstStructure* structure, const char* field, std::uint64_t missing) {
    guint64 value = 0;
    return gst_structure_get_uint64(structure, field, &value) ? value : missing;
}

GpuInbox::Work read_work(const GstStructure* fields) {
    GpuInbox::Work work;
    work.device = text_in(fields, "device");
    work.queue = text_in(fields, "queue");
    work.label = text_in(fields, "label");
    work.method = text_in(fields, "method");
    work.work.begin_ticks = count_in(fields, "begin-ticks", 0);
    work.work.end_ticks = count_in(fields, "end-ticks", 0);
    work.work.begin_ns = count_in(fields, "begin-ns", kNoTimeNs);
    work.work.end_ns = count_in(fields, "end-ns", kNoTimeNs);
    work.work.bound_ns = count_in(fields, "bound-ns", 0);
    gdouble skew_ppm = 0;
    if (gst_structure_get_double(fields, "skew-ppm", &skew_ppm))
        work.work.skew_ppm = skew_ppm;
    return work;
}

} // namespace

void GpuInbox::look_for_registration() {
    if (info() == nullptr)
        info_.store(gst_meta_get_info(kMetaName), std::memory_order_relaxed);
}

void GpuInbox::note(GstMeta* meta, std::uint32_t src_pad, std::uint64_t buffer_id,
                    std::uint64_t at_ns) {
    const GstStructure* fields =
        gst_custom_meta_get_structure(reinterpret_cast<GstCustomMeta*>(meta));
    Work work = read_work(fields);
    work.work.src_pad = src_pad;
    work.work.buffer_id = buffer_id;
    work.work.at_ns = at_ns;
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kCapacity)
        waiting_.push_back(std::move(work));
    else
        lost_.fetch_add(1, std::memory_order_relaxed);
}

std::vector<GpuInbox::Work> GpuInbox::take() {
    std::vector<Work> taken;
    {
        const std::lock_guard lock(mutex_);
        taken.swap(waiting_);
    }
    for (Work& work : taken) {
        work.work.device = work.device;
        work.work.queue = work.queue;
        work.work.label = work.label;
        work.work.method = work.method;
    }
    return taken;
}

} // namespace tactus
