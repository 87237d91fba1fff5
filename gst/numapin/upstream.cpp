// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/upstream.h"

#include "core/topology/device_locator.h"

#include <algorithm>
#include <cstddef>

namespace tactus {

namespace {

/// A graph that is larger is not looked at in full.
constexpr std::size_t kMostPads = 256;

bool has_property(GstElement* element, const char* name) {
    return g_object_class_find_property(G_OBJECT_GET_CLASS(element), name) != nullptr;
}

std::string text_property(GstElement* element, const char* name) {
    GParamSpec* const spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name);
    if (spec == nullptr || spec->value_type != G_TYPE_STRING ||
        (spec->flags & G_PARAM_READABLE) == 0)
        return {};
    gchar* text = nullptr;
    g_object_get(element, name, &text, nullptr);
    std::string result = text != nullptr ? text : "";
    g_free(text);
    return result;
}

/// Those of gst-plugins-rs are named ts-…, and each has a named context with a throttling time.
bool shares_its_thread(GstElement* element) {
    GstElementFactory* const factory = gst_element_get_factory(element);
    const bool is_named =
        factory != nullptr && g_str_has_prefix(GST_OBJECT_NAME(factory), "ts-") != FALSE;
    return is_named || (has_property(element, "context") && has_property(element, "context-wait"));
}

std::optional<std::string> device_of(GstElement* source) {
    for (const char* name : {"device", "multicast-iface"})
        if (const std::string device = text_property(source, name); !device.empty())
            if (auto address = pci_address_of_device("/", device))
                return address;
    const std::string file = text_property(source, "location");
    return file.empty() ? std::nullopt : pci_address_of_file("/", file);
}

/// The source pad of an element that pushes into `sink`, through any ghost pads.
PadHandle pusher_of(GstPad* sink) {
    PadHandle pad(gst_pad_get_peer(sink));
    for (std::size_t i = 0; pad != nullptr && i < kMostPads; ++i) {
        if (GST_IS_GHOST_PAD(pad.get())) {
            // Out of a bin: what it stands for.
            pad.reset(gst_ghost_pad_get_target(GST_GHOST_PAD(pad.get())));
        } else if (GST_IS_PROXY_PAD(pad.get())) {
            // Into a bin: the other face of its ghost pad.
            PadHandle outside(GST_PAD(gst_proxy_pad_get_internal(GST_PROXY_PAD(pad.get()))));
            pad.reset(outside != nullptr ? gst_pad_get_peer(outside.get()) : nullptr);
        } else {
            break;
        }
    }
    return pad;
}

bool has_task(GstPad* pad) {
    GST_OBJECT_LOCK(pad);
    const bool has = GST_PAD_TASK(pad) != nullptr;
    GST_OBJECT_UNLOCK(pad);
    return has;
}

/// A sink pad still to be looked at.
struct Step {
    PadHandle sink;
    bool same_thread;
};

void add_sinks(GstElement* element, bool same_thread, std::vector<Step>& steps) {
    GST_OBJECT_LOCK(element);
    for (GList* item = element->sinkpads; item != nullptr; item = item->next)
        steps.push_back({PadHandle(GST_PAD(gst_object_ref(item->data))), same_thread});
    GST_OBJECT_UNLOCK(element);
}

void take_step(const Step& step, Upstream& found, std::vector<Step>& steps) {
    PadHandle pad = pusher_of(step.sink.get());
    if (pad == nullptr)
        return;
    const ElementHandle element(gst_pad_get_parent_element(pad.get()));
    if (element == nullptr)
        return;
    bool same_thread = step.same_thread;
    if (same_thread && has_task(pad.get())) {
        same_thread = false;
        found.boundaries.push_back(std::move(pad));
    } else if (same_thread && found.threadshare.empty() && shares_its_thread(element.get())) {
        found.threadshare = GST_OBJECT_NAME(element.get());
    }
    const std::size_t before = steps.size();
    add_sinks(element.get(), same_thread, steps);
    if (steps.size() == before && !found.device)
        found.device = device_of(element.get());
}

ElementHandle outermost(GstElement* element) {
    ElementHandle top(GST_ELEMENT_CAST(gst_object_ref(element)));
    while (GstObject* const parent = gst_object_get_parent(GST_OBJECT_CAST(top.get())))
        top.reset(GST_ELEMENT_CAST(parent));
    return top;
}

} // namespace

Upstream look_upstream(GstPad* sink_pad) {
    Upstream found;
    std::vector<Step> steps;
    steps.push_back({PadHandle(GST_PAD(gst_object_ref(sink_pad))), true});
    for (std::size_t i = 0; i < steps.size() && i < kMostPads; ++i) {
        // Taken out first: the list grows.
        const Step step{std::move(steps[i].sink), steps[i].same_thread};
        take_step(step, found, steps);
    }
    return found;
}

BusHandle toplevel_bus(GstElement* element) {
    const ElementHandle top = outermost(element);
    return BusHandle(gst_element_get_bus(top.get()));
}

const void* toplevel_of(GstElement* element) {
    // A name only: nobody looks behind it, so nothing has to hold the bin.
    const void* name = nullptr;
    name = outermost(element).get();
    return name;
}

} // namespace tactus
