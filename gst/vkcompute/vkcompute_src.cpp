// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// vkcompute's source half: the task that collects frames from the GPU and pushes them in order.
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "vkcompute/messages.h"
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

constexpr std::uint64_t kCollectStepNs = 50 * GST_MSECOND;

} // namespace

gboolean VkComputeState::src_activate(bool activate) {
    if (activate)
        return start_task();
    {
        const std::lock_guard lock(mutex);
        flow = GST_FLOW_FLUSHING;
        changed.notify_all();
    }
    return gst_pad_stop_task(src_pad);
}

gboolean VkComputeState::start_task() {
    {
        const std::lock_guard lock(mutex);
        flow = GST_FLOW_OK;
    }
    const auto task = [](gpointer data) {
        auto& self = *static_cast<VkComputeState*>(data);
        if (!completes(self.element, [&self] { self.loop(); }))
            self.set_flow(GST_FLOW_ERROR);
    };
    return gst_pad_start_task(src_pad, task, this, nullptr);
}

void VkComputeState::loop() {
    auto item = next_item();
    if (!item) {
        gst_pad_pause_task(src_pad);
        return;
    }
    if (item->event)
        gst_pad_push_event(src_pad, item->event.release());
    else
        push_frame(std::move(*item));
    const std::lock_guard lock(mutex);
    busy = false;
    changed.notify_all();
}

// Nothing once the stream is flushed or has failed. After EOS from downstream events go on: the one
// that ends the stream has to get there.
std::optional<VkComputeState::Item> VkComputeState::next_item() {
    std::unique_lock lock(mutex);
    const auto goes_on = [this] { return flow == GST_FLOW_OK || flow == GST_FLOW_EOS; };
    changed.wait(lock, [&] { return !goes_on() || !queue.empty(); });
    if (!goes_on())
        return std::nullopt;
    Item item = std::move(queue.front());
    queue.pop_front();
    busy = true;
    return item;
}

void VkComputeState::push_frame(Item item) {
    lost_before = lost_before || item.after_loss;
    if (item.program && !collect(item)) {
        ++frames_lost;
        lost_before = true;
        return;
    }
    bool wanted = true;
    {
        const std::lock_guard lock(mutex);
        wanted = flow == GST_FLOW_OK;
    }
    if (!wanted) {
        ++frames_flushed;
        return;
    }
    if (item.staged)
        gst_buffer_fill(item.buffer.get(), 0, item.staged->data(),
                        gst_buffer_get_size(item.buffer.get()));
    item.staged.reset();
    if (std::exchange(lost_before, false)) {
        item.buffer.reset(gst_buffer_make_writable(item.buffer.release()));
        GST_BUFFER_FLAG_SET(item.buffer.get(), GST_BUFFER_FLAG_DISCONT);
    }
    note_residence(item);
    ++frames_out;
    push_times.begin(FastClock::monotonic_ns());
    const GstFlowReturn pushed = gst_pad_push(src_pad, item.buffer.release());
    push_times.end(FastClock::monotonic_ns());
    set_flow(pushed);
}

void VkComputeState::set_flow(GstFlowReturn result) {
    if (result == GST_FLOW_OK)
        return;
    const std::lock_guard lock(mutex);
    if (flow == GST_FLOW_OK)
        flow = result;
    busy = false;
    changed.notify_all();
}

// Waits for the GPU for as long as gpu-timeout says. False: the frame is lost.
bool VkComputeState::collect(Item& item) {
    std::shared_ptr<SubmissionRing> from;
    std::uint64_t most_ns = 0;
    {
        const std::lock_guard lock(mutex);
        from = ring;
        most_ns = settings.gpu_timeout_ns;
    }
    JobResult result;
    GpuStatus status = GpuStatus::timeout;
    for (std::uint64_t waited_ns = 0; status == GpuStatus::timeout;) {
        const std::uint64_t step_ns = std::min(kCollectStepNs, most_ns - waited_ns);
        status = from->collect(item.slot, step_ns, result);
        waited_ns += step_ns;
        if (status != GpuStatus::timeout || waited_ns < most_ns)
            continue;
        warn_of_timeout(most_ns);
        device->mark_lost();
    }
    if (status == GpuStatus::ok)
        attach_results(item, result);
    else
        GST_DEBUG_OBJECT(element, "a frame is lost: %s", gpu_status_name(status));
    if (status == GpuStatus::ok)
        item.program->program->forget(item.context);
    else
        item.program->program->abandon(item.context);
    const std::lock_guard lock(mutex);
    if (status == GpuStatus::ok)
        item.program->trial.add(item.path, result);
    item.program->free.push_back(item.context);
    changed.notify_all();
    return status == GpuStatus::ok;
}

void VkComputeState::warn_of_timeout(std::uint64_t most_ns) {
    GST_ELEMENT_WARNING(
        element, RESOURCE, FAILED,
        ("The GPU did not finish a frame within %" G_GUINT64_FORMAT " ms", most_ns / GST_MSECOND),
        ("gpu-timeout"));
}

void VkComputeState::attach_results(Item& item, const JobResult& result) {
    if (!result.dispatches.empty()) {
        double sum_ns = 0;
        for (const GpuSpan& part : result.dispatches)
            sum_ns += part.duration_ns;
        item.gpu_ns = static_cast<std::uint64_t>(std::max(sum_ns, 0.0));
        gpu_time.record(item.gpu_ns);
        add_gpu_timing(item.buffer.get(), device->traits().name, item.program->program->passes(),
                       result.dispatches);
    }
    const auto found = item.program->program->results(item.context);
    if (found.empty())
        return;
    bool post = false;
    {
        const std::lock_guard lock(mutex);
        post = settings.post_results;
    }
    GstStructure* meta = add_results(item.buffer.get(), found);
    if (post)
        post_results(element, meta, GST_BUFFER_PTS(item.buffer.get()));
}

// What a live pipeline has to allow for: neither what downstream held back, or a pause would last,
// nor what is done once for a program (drivers compile when it first runs).
void VkComputeState::note_residence(const Item& item) {
    const std::uint64_t now_ns = FastClock::monotonic_ns();
    const std::uint64_t inside_ns = now_ns - item.arrived_ns;
    residence.record(inside_ns);
    if (item.program.get() != warm_program) {
        warm_program = item.program.get();
        warm_since_ns = now_ns;
    }
    if (item.arrived_ns < warm_since_ns)
        return;
    const std::uint64_t held_ns = push_times.total_ns(now_ns) - item.held_before_ns;
    const std::uint64_t spent_ns = std::max(inside_ns - std::min(held_ns, inside_ns), item.gpu_ns);
    if (spent_ns <= latency_ns)
        return;
    // With a little to spare, so that not each slower frame is news.
    latency_ns = spent_ns + spent_ns / 4;
    if (is_live)
        gst_element_post_message(element, gst_message_new_latency(GST_OBJECT_CAST(element)));
}

} // namespace tactus
