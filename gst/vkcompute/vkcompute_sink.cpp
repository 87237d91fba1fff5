// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// vkcompute's sink half: from a buffer to a job on the GPU.
#include "glue/fast_clock.h"
#include "vkcompute/frame_metas.h"
#include "vkcompute/gpu_memory.h"
#include "vkcompute/messages.h"
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <exception>
#include <memory>
#include <utility>

namespace tactus {

namespace {

constexpr std::size_t kMostQueued = 64;

// Controlled properties (u0 to u7) get their values for the time of this buffer.
void sync_controls(GstElement* element, const GstSegment& segment, GstBuffer* buffer) {
    if (!GST_BUFFER_PTS_IS_VALID(buffer) || segment.format != GST_FORMAT_TIME)
        return;
    const guint64 time =
        gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (GST_CLOCK_TIME_IS_VALID(time))
        gst_object_sync_values(GST_OBJECT_CAST(element), time);
}

bool is_empty(const FrameLayout& layout) {
    return layout.planes[0].width == 0 || layout.planes[0].height == 0;
}

} // namespace

GstFlowReturn VkComputeState::chain(GstBuffer* raw) {
    BufferHandle buffer(raw);
    ++frames_in;
    is_accounted = false;
    const auto account = [this](void*) {
        if (!is_accounted)
            ++frames_refused;
    };
    const std::unique_ptr<void, decltype(account)> always(this, account); // exceptions included
    return told_once(GST_FLOW_ERROR, [&] { return take(std::move(buffer)); });
}

// What is thrown becomes an element error where this came from. The same with each buffer is one.
template <typename Result, typename Body>
Result VkComputeState::told_once(Result refused, Body body) {
    try {
        return body();
    } catch (const std::exception& thrown) {
        if (told_frames.is_news(thrown.what()))
            throw;
    }
    return refused;
}

GstFlowReturn VkComputeState::take(BufferHandle buffer) {
    {
        const std::lock_guard lock(mutex);
        if (flow != GST_FLOW_OK)
            return flow;
    }
    if (!media) {
        if (told_frames.is_news("no caps"))
            GST_ELEMENT_ERROR(element, CORE, NEGOTIATION, ("A buffer came before its caps"),
                              (nullptr));
        return GST_FLOW_NOT_NEGOTIATED;
    }
    std::string wrong;
    const auto layout = media->layout_of(buffer.get(), wrong);
    if (!layout) {
        if (told_frames.is_news(wrong))
            GST_ELEMENT_ERROR(element, STREAM, FORMAT,
                              ("A frame cannot be read: %s", wrong.c_str()), (nullptr));
        return GST_FLOW_ERROR;
    }
    if (skips_late(buffer.get()))
        return GST_FLOW_OK;
    if (const GstFlowReturn ready = bring_up_to_date(*layout); ready != GST_FLOW_OK)
        return ready;
    if (const GstFlowReturn adapted = adapt_to(*layout); adapted != GST_FLOW_OK)
        return adapted;
    // What is done once is no latency.
    std::uint64_t arrived_ns = FastClock::monotonic_ns();
    sync_controls(element, segment, buffer.get());
    apply_uniforms();
    if (!is_empty(*layout) && try_workgroups(buffer.get(), *layout))
        arrived_ns = FastClock::monotonic_ns();
    if (!is_empty(*layout))
        return process(std::move(buffer), *layout, arrived_ns);
    Item item; // nothing for a shader to do
    item.buffer = std::move(buffer);
    item.arrived_ns = arrived_ns;
    item.held_before_ns = push_times.total_ns(arrived_ns);
    return enqueue(std::move(item));
}

// Sound and data are a whole: what is left out of them is missed more than what comes late.
bool VkComputeState::skips_late(GstBuffer* buffer) {
    bool wanted = false;
    {
        const std::lock_guard lock(mutex);
        wanted = settings.qos;
    }
    const bool counts = wanted && media->kind() == MediaFormat::Kind::video;
    const auto late = counts ? qos.lateness_of(segment, buffer) : std::nullopt;
    if (!late)
        return false;
    ++frames_late;
    is_accounted = true;
    lost_one = true; // what comes next is discontinuous
    QosWatch::report(element, *late, segment, buffer, frames_out, frames_late);
    return true;
}

// A crop that changed changes the size of the frames, and downstream may wish for another one.
GstFlowReturn VkComputeState::adapt_to(const FrameLayout& layout) {
    if (media->kind() != MediaFormat::Kind::video)
        return GST_FLOW_OK;
    if (layout.width == active->layout.width && layout.height == active->layout.height &&
        !(is_scaling && gst_pad_check_reconfigure(src_pad) && choose_shape(layout) != shape))
        return GST_FLOW_OK;
    return set_up(program_layout(layout));
}

// That of programs for such frames: of sound and data they take any amount.
FrameLayout VkComputeState::program_layout(const FrameLayout& frame) const {
    if (media->kind() != MediaFormat::Kind::video)
        return media->nominal_layout();
    return FrameLayout::create(frame.format, frame.width, frame.height).value_or(frame);
}

GstFlowReturn VkComputeState::process(BufferHandle buffer, const FrameLayout& layout,
                                      std::uint64_t arrived_ns) {
    GpuStatus status = GpuStatus::ok;
    GpuError error;
    const std::uint64_t held_before_ns = push_times.total_ns(arrived_ns);
    keep_last_resort(layout);
    for (;;) {
        // With the least memory that there can be, one frame at a time.
        if (const GstFlowReturn now = is_staged_only ? wait_until_idle() : GST_FLOW_OK;
            now != GST_FLOW_OK)
            return now;
        Item item;
        item.arrived_ns = arrived_ns;
        item.held_before_ns = held_before_ns;
        item.program = active;
        FrameProgram::Frame frame;
        status = place(buffer.get(), layout, item, frame, error);
        if (status == GpuStatus::ok && !take_slot(item)) {
            const std::lock_guard lock(mutex);
            if (flow != GST_FLOW_OK)
                return flow;
            status = GpuStatus::device_lost;
        }
        if (status == GpuStatus::ok)
            status = run(item, frame, error);
        if (status == GpuStatus::ok) {
            note_images(buffer.get(), item.buffer.get());
            return enqueue(std::move(item));
        }
        // A lost device has no memory either.
        if (device->lost())
            status = GpuStatus::device_lost;
        if (status != GpuStatus::out_of_memory)
            break;
        // What is on the GPU gives back its own.
        if (const GstFlowReturn now = wait_until_idle(); now != GST_FLOW_OK)
            return now;
        if (!make_do_with_less())
            break;
    }
    return explain(status, error);
}

// To copy frames out takes memory, too. Downstream may hold all that is left once it is short, so
// some is put aside before.
void VkComputeState::keep_last_resort(const FrameLayout& layout) {
    if (is_staged_only || out_images || active->program->passes_input())
        return;
    const std::uint64_t bytes = active->program->out_layout(layout).size_bytes;
    GpuError ignored;
    if (!last_resort || last_resort->size_bytes() < bytes)
        last_resort = route.scratch(bytes, ignored);
}

// Memory is short, and nothing is on the GPU: from now on less is taken. False: it cannot be less.
bool VkComputeState::make_do_with_less() {
    pool.trim();
    host_frames->trim();
    route.trim();
    active->program->trim();
    std::string now;
    {
        const std::lock_guard lock(mutex);
        if (most_in_flight > 1) {
            most_in_flight /= 2;
            now = std::to_string(most_in_flight) + " in flight";
        }
    }
    if (now.empty() && std::exchange(is_staged_only, true))
        return false;
    if (now.empty())
        now = "copied out by the CPU";
    route.set_import(!is_staged_only);
    if (is_staged_only)
        last_resort.reset(); // to the route, which gives it away
    GST_ELEMENT_WARNING(element, RESOURCE, NO_SPACE_LEFT,
                        ("The GPU is short of memory: frames are %s from now on", now.c_str()),
                        ("%s", device->traits().name.c_str()));
    return true;
}

GstFlowReturn VkComputeState::explain(GpuStatus status, const GpuError& error) {
    if (status == GpuStatus::device_lost) {
        ++frames_lost; // the next frame opens the device anew
        is_accounted = true;
        lost_one = true;
        return GST_FLOW_OK;
    }
    const std::string why = error.text.empty() ? gpu_status_name(status) : error.text;
    if (told_frames.is_news(why))
        GST_ELEMENT_ERROR(element, RESOURCE, FAILED,
                          ("A frame cannot be given to the GPU: %s", why.c_str()), (nullptr));
    return GST_FLOW_ERROR;
}

GpuStatus VkComputeState::place(GstBuffer* buffer, const FrameLayout& layout, Item& item,
                                FrameProgram::Frame& frame, GpuError& error) {
    if (media->in_images())
        frame.in = image_frame(buffer, layout, error);
    else
        frame.in = route.take(buffer, layout, error);
    if (!frame.in.buffer && !frame.in.is_in_images())
        return error.status;
    std::string news;
    if (route.take_news(news))
        GST_CAT_LEVEL_LOG(GST_CAT_DEFAULT, route.was_refused() ? GST_LEVEL_WARNING : GST_LEVEL_INFO,
                          element, "memory path %s", news.c_str());
    frame.pts_ns = GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : UINT64_MAX;
    item.path = choose_path(*item.program);
    frame.copied = item.path == MemoryPath::copied;
    const FrameProgram& program = *item.program->program;
    if (program.passes_input()) {
        // A writable one, for what is attached to it; its memory is the same.
        item.buffer.reset(gst_buffer_make_writable(gst_buffer_ref(buffer)));
        return GpuStatus::ok;
    }
    const GpuStatus status = place_output(program.out_layout(layout), item, frame, error);
    if (status != GpuStatus::ok)
        return status;
    if (media->kind() == MediaFormat::Kind::video) {
        const FrameMove move = media->move_of(buffer, layout, frame.out.layout);
        copy_metadata(buffer, item.buffer.get(), &move);
    } else {
        copy_metadata(buffer, item.buffer.get(), nullptr);
    }
    if (media->kind() == MediaFormat::Kind::audio &&
        media->audio().layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
        gst_buffer_add_audio_meta(item.buffer.get(), &media->audio(), layout.width, nullptr);
    return GpuStatus::ok;
}

// In memory that goes downstream as it is; where that is short, in some that stays here.
GpuStatus VkComputeState::place_output(const FrameLayout& layout, Item& item,
                                       FrameProgram::Frame& frame, GpuError& error) {
    frame.out.layout = layout;
    const std::uint64_t bytes = layout.size_bytes;
    const bool is_staged = is_staged_only && !out_images;
    if (is_staged) {
        frame.out.buffer = item.staged = route.scratch(bytes, error);
        item.buffer.reset(item.staged ? gst_buffer_new_allocate(nullptr, bytes, nullptr) : nullptr);
    } else {
        item.buffer.reset(out_images ? shared.acquire() : pool.acquire(bytes));
    }
    if (!item.buffer) {
        error.text = "no memory for a frame of " + std::to_string(bytes) + " bytes";
        return GpuStatus::out_of_memory;
    }
    if (out_images) {
        frame.out = shared.frame_of(item.buffer.get(), layout, error);
        return frame.out.is_in_images() ? GpuStatus::ok : error.status;
    }
    if (!is_staged)
        frame.out.buffer = gpu_buffer_of(gst_buffer_peek_memory(item.buffer.get(), 0));
    // The allocator gives other memory only once the device is lost.
    return frame.out.buffer ? GpuStatus::ok : GpuStatus::device_lost;
}

MemoryPath VkComputeState::choose_path(ActiveProgram& program) const {
    if (is_staged_only)
        return MemoryPath::direct;
    const std::lock_guard lock(mutex);
    if (settings.device_memory == DeviceMemory::automatic)
        return program.trial.next();
    return settings.device_memory == DeviceMemory::yes ? MemoryPath::copied : MemoryPath::direct;
}

// False if the stream is being flushed or has ended, or the device is lost.
bool VkComputeState::take_slot(Item& item) {
    const std::uint64_t begin_ns = FastClock::monotonic_ns();
    std::unique_lock lock(mutex);
    bool taken = false;
    while (flow == GST_FLOW_OK && !device->lost()) {
        std::vector<unsigned>& free = item.program->free;
        const bool is_full = most_in_flight < settings.in_flight &&
                             item.program->contexts - free.size() >= most_in_flight;
        const auto slot = free.empty() || is_full ? std::nullopt : ring->try_acquire();
        if (slot) {
            item.slot = *slot;
            item.context = free.back();
            free.pop_back();
            taken = true;
            break;
        }
        changed.wait(lock);
    }
    blocked.record(FastClock::monotonic_ns() - begin_ns);
    return taken;
}

GpuStatus VkComputeState::run(Item& item, const FrameProgram::Frame& frame, GpuError& error) {
    GpuJob job;
    GpuStatus status = item.program->program->prepare(item.context, frame, job, error);
    if (status == GpuStatus::ok) {
        status = ring->submit(item.slot, job);
        if (status == GpuStatus::bad_input || status == GpuStatus::unsupported)
            error.text = ring->submit_error();
        if (status == GpuStatus::ok)
            item.program->program->submitted(item.context);
    } else {
        ring->release(item.slot);
    }
    if (status == GpuStatus::ok)
        return status;
    item.program->program->forget(item.context);
    const std::lock_guard lock(mutex);
    item.program->free.push_back(item.context);
    return status;
}

// What has no job waits here if there is too much of it: frames wait for a place on the GPU.
GstFlowReturn VkComputeState::enqueue(Item item) {
    std::unique_lock lock(mutex);
    if (!item.program)
        changed.wait(lock, [this] {
            return queue.size() < kMostQueued || (flow != GST_FLOW_OK && flow != GST_FLOW_EOS);
        });
    if (item.buffer) {
        told_frames.forget();
        is_accounted = true;
        item.after_loss = std::exchange(lost_one, false);
    }
    queue.push_back(std::move(item));
    changed.notify_all();
    return flow;
}

void VkComputeState::enqueue_event(EventHandle event) {
    Item item;
    item.event = std::move(event);
    enqueue(std::move(item));
}

// --- events

gboolean VkComputeState::sink_event(GstEvent* raw) {
    EventHandle event(raw);
    switch (GST_EVENT_TYPE(raw)) {
    case GST_EVENT_FLUSH_START:
        begin_flush(std::move(event));
        return TRUE;
    case GST_EVENT_FLUSH_STOP:
        return end_flush(std::move(event));
    case GST_EVENT_CAPS: {
        GstCaps* caps = nullptr;
        gst_event_parse_caps(raw, &caps);
        return told_once(false, [&] { return configure(caps); }) ? TRUE : FALSE;
    }
    case GST_EVENT_SEGMENT:
        gst_event_copy_segment(raw, &segment);
        qos.reset();
        break;
    default:
        break;
    }
    if (!GST_EVENT_IS_SERIALIZED(raw))
        return gst_pad_push_event(src_pad, event.release());
    GstFlowReturn now = GST_FLOW_OK;
    {
        const std::lock_guard lock(mutex);
        now = flow;
    }
    // Nobody else would tell: upstream sees the result of a push with the next one only.
    if (GST_EVENT_TYPE(raw) == GST_EVENT_EOS && (now == GST_FLOW_NOT_LINKED || now < GST_FLOW_EOS))
        GST_ELEMENT_FLOW_ERROR(element, now);
    if (now != GST_FLOW_OK && now != GST_FLOW_EOS && !GST_EVENT_IS_STICKY(raw))
        return FALSE;
    enqueue_event(std::move(event));
    return TRUE;
}

void VkComputeState::begin_flush(EventHandle event) {
    gst_pad_push_event(src_pad, event.release());
    {
        const std::lock_guard lock(mutex);
        flow = GST_FLOW_FLUSHING;
        changed.notify_all();
    }
    gst_pad_pause_task(src_pad);
}

gboolean VkComputeState::end_flush(EventHandle event) {
    drain_queue();
    lost_before = false; // upstream says where the stream goes on
    lost_one = false;
    gst_segment_init(&segment, GST_FORMAT_UNDEFINED);
    qos.reset();
    if (active)
        active->program->reset();
    const gboolean passed = gst_pad_push_event(src_pad, event.release());
    return start_task() && passed;
}

// With the task at rest: what is on the GPU is collected and thrown away. Caps stay in force.
void VkComputeState::drain_queue() {
    for (;;) {
        Item item;
        {
            const std::lock_guard lock(mutex);
            if (queue.empty())
                return;
            item = std::move(queue.front());
            queue.pop_front();
        }
        if (item.program)
            collect(item);
        if (item.buffer)
            ++frames_flushed;
        if (item.event && GST_EVENT_IS_STICKY(item.event.get()) &&
            GST_EVENT_TYPE(item.event.get()) != GST_EVENT_EOS &&
            GST_EVENT_TYPE(item.event.get()) != GST_EVENT_SEGMENT)
            gst_pad_store_sticky_event(src_pad, item.event.get());
    }
}

// Until the task has nothing left to do, or does nothing any more: then not OK.
GstFlowReturn VkComputeState::wait_until_idle() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return (queue.empty() && !busy) || flow != GST_FLOW_OK; });
    return flow;
}

} // namespace tactus
