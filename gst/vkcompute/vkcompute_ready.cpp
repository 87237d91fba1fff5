// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From caps to a program that is in use. Whoever needs one and finds none makes it here, be it with
// caps or before a frame.
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tactus {

// Caps that are refused leave nothing behind: whatever comes next makes all of it.
bool VkComputeState::configure(GstCaps* caps) {
    bool is_taken = false;
    const auto tidy = [&is_taken](VkComputeState* self) {
        if (!is_taken)
            self->forget_caps();
    };
    const std::unique_ptr<VkComputeState, decltype(tidy)> always(this, tidy); // exceptions included
    is_taken = take_caps(caps);
    return is_taken;
}

void VkComputeState::forget_caps() {
    in_caps.reset();
    media.reset();
    drop_program();
    const std::lock_guard lock(mutex);
    caps_refused = true;
}

void VkComputeState::drop_program() {
    std::shared_ptr<ActiveProgram> old;
    const std::lock_guard lock(mutex);
    std::swap(active, old); // it goes once the lock is open
}

bool VkComputeState::take_caps(GstCaps* caps) {
    // The same once more is the same stream: history and state of the shaders go on.
    const bool goes_on = active && in_caps && gst_caps_is_equal(in_caps.get(), caps) != FALSE;
    may_explain = false;
    media = MediaFormat::from_caps(caps);
    if (!media) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("These caps are none that shaders can take"),
                          ("%" GST_PTR_FORMAT, static_cast<const void*>(caps)));
        return false;
    }
    in_caps.reset(gst_caps_ref(caps));
    latency_ns = std::max(latency_ns.load(), media->frame_duration());
    return make_ready(media->nominal_layout(), goes_on) == GST_FLOW_OK;
}

// All that frames of this layout need, for the caps that are in force. Without a program that goes
// on, shaders that were set or mended come first. What is refused leaves what can be tried again.
GstFlowReturn VkComputeState::make_ready(const FrameLayout& layout, bool goes_on) {
    if (device->lost())
        if (const GstFlowReturn opened = reopen(); opened != GST_FLOW_OK)
            return opened;
    const bool is_exchanged = !goes_on && take_shaders();
    const bool had_images = out_images;
    GstFlowReturn made = GST_FLOW_ERROR;
    if (choose_memory()) {
        made = GST_FLOW_OK;
        if (!goes_on || !active)
            made = set_up(layout);
        else if (out_images != had_images)
            made = announce(active->layout);
    }
    if (is_exchanged)
        ++(made == GST_FLOW_OK ? reloads : reload_failures);
    const std::lock_guard lock(mutex);
    caps_refused = caps_refused && made != GST_FLOW_OK;
    return made == GST_FLOW_ERROR && flow != GST_FLOW_OK ? flow : made;
}

// A program for frames of this layout, and the caps of what it makes. If there is none, what
// downstream wished for is still to be done.
GstFlowReturn VkComputeState::set_up(const FrameLayout& layout) {
    const FrameShape before = shape;
    GstFlowReturn renewed = GST_FLOW_ERROR;
    GstFlowReturn announced = GST_FLOW_ERROR;
    const auto tidy = [&](VkComputeState* self) {
        if (announced == GST_FLOW_OK)
            return;
        if (renewed == GST_FLOW_OK) // downstream does not know what it makes
            self->drop_program();
        self->shape = before;
        gst_pad_mark_reconfigure(self->src_pad);
    };
    const std::unique_ptr<VkComputeState, decltype(tidy)> always(this, tidy); // exceptions included
    shape = choose_shape(layout);
    renewed = renew(layout);
    if (renewed != GST_FLOW_OK)
        return renewed;
    announced = announce(layout);
    return announced;
}

GstFlowReturn VkComputeState::announce(const FrameLayout& layout) {
    const CapsHandle caps = made_caps(active->program->out_layout(layout));
    if (out_images && !shared.begin_output(caps.get())) {
        GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("There is no pool of Vulkan images"),
                          ("%" GST_PTR_FORMAT, static_cast<const void*>(caps.get())));
        return GST_FLOW_NOT_NEGOTIATED;
    }
    // After a lost device they are the same.
    if (!out_caps || !gst_caps_is_equal(out_caps.get(), caps.get()))
        enqueue_event(EventHandle(gst_event_new_caps(caps.get())));
    out_caps.reset(gst_caps_ref(caps.get()));
    return GST_FLOW_OK;
}

// There is a program on a device that is not lost: the one before, made anew, if there was one.
// Then what was set or mended is taken over.
GstFlowReturn VkComputeState::bring_up_to_date(const FrameLayout& layout) {
    do {
        if (device->lost() || !active)
            if (const GstFlowReturn made = make_ready(program_layout(layout), active != nullptr);
                made != GST_FLOW_OK)
                return made;
        if (is_exchange_due())
            read_named();
        take_reload();
    } while (device->lost());
    return GST_FLOW_OK;
}

} // namespace tactus
