// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "analyser.h"

#include <chrono>
#include <ctime>
#include <sys/resource.h>

namespace tactus::live {

namespace {

std::uint64_t now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

std::uint64_t thread_cpu_ns() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(used.tv_nsec);
}

// On Linux a thread has a nice value of its own, and 0 means the calling one.
void lower_thread_priority() {
    setpriority(PRIO_PROCESS, 0, 5);
}

} // namespace

Analyser::Analyser(const Workload& workload, const Camera& camera, std::size_t frames_expected)
    : workload_(workload), camera_(camera) {
    if (workload.trial_cpu_ns > 0)
        meter_.emplace(workload.trial_cpu_ns);
    gst_video_info_init(&info_);
    ages_ns_.reserve(frames_expected);
}

void Analyser::attach(GstElement* pipeline, GstElement* sink) {
    pipeline_ = pipeline;
    const PadHandle pad(gst_element_get_static_pad(sink, "sink"));
    const auto mask = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
    gst_pad_add_probe(pad.get(), mask, &Analyser::on_data, this, nullptr);
}

GstPadProbeReturn Analyser::on_data(GstPad*, GstPadProbeInfo* info, gpointer self) noexcept {
    auto* analyser = static_cast<Analyser*>(self);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
        analyser->on_frame(GST_PAD_PROBE_INFO_BUFFER(info));
    } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS) {
        GstCaps* caps = nullptr;
        gst_event_parse_caps(GST_PAD_PROBE_INFO_EVENT(info), &caps);
        gst_video_info_from_caps(&analyser->info_, caps);
    }
    return GST_PAD_PROBE_OK;
}

void Analyser::on_frame(GstBuffer* frame) {
    // The camera's segment starts at 0, so a timestamp is the running time at which it was due.
    const GstClockTime running_ns = gst_element_get_current_running_time(pipeline_);
    const GstClockTime due_ns = GST_BUFFER_PTS(frame);
    if (!camera_.stopped())
        ages_ns_.push_back(running_ns > due_ns ? running_ns - due_ns : 0);

    last_start_ns_ = now_ns();
    if (frames_ == 0) {
        first_start_ns_ = last_start_ns_;
        if (workload_.yields_to_cameras)
            lower_thread_priority();
    }

    const std::uint64_t cpu_before_ns = thread_cpu_ns();
    run_filter(frame);
    const std::uint64_t frame_cpu_ns = thread_cpu_ns() - cpu_before_ns;
    cpu_ns_ += frame_cpu_ns;
    if (meter_)
        meter_->record(frame_cpu_ns);
    ++frames_;
}

void Analyser::run_filter(GstBuffer* frame) {
    GstVideoFrame mapped;
    if (!gst_video_frame_map(&mapped, &info_, frame, GST_MAP_READ))
        return;
    const LumaView luma{static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&mapped, 0)),
                        static_cast<std::size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&mapped, 0)),
                        static_cast<std::size_t>(GST_VIDEO_FRAME_WIDTH(&mapped)),
                        static_cast<std::size_t>(GST_VIDEO_FRAME_HEIGHT(&mapped))};
    const Finding finding = filter_.analyse(luma, meter_ ? meter_->rows() : workload_.rows);
    finding_sum_.motion_energy += finding.motion_energy;
    finding_sum_.edge_energy += finding.edge_energy;
    gst_video_frame_unmap(&mapped);
}

double Analyser::rate() const {
    if (frames_ < 2)
        return 0;
    return static_cast<double>(frames_ - 1) * 1e9 /
           static_cast<double>(last_start_ns_ - first_start_ns_);
}

Finding Analyser::mean_finding() const {
    if (frames_ == 0)
        return {};
    const auto n = static_cast<double>(frames_);
    return {finding_sum_.motion_energy / n, finding_sum_.edge_energy / n};
}

} // namespace tactus::live
