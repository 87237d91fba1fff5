// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "video.h"

#include "glue/handles.h"
#include "relink.h"

namespace tactus::soak {

namespace {

struct Shader {
    const char* shader;
    const char* passes;
};

constexpr std::array<Shader, Video::kBranches> kShaders = {{
    {"invert", nullptr},
    {"gaussian", "<sobel>"},
    {"unsharp", nullptr},
    {"motion", nullptr},
}};

std::string line(const std::string& clip) {
    const std::string source =
        clip.empty() ? "videotestsrc pattern=ball num-buffers=960 ! video/x-raw,framerate=12/1 !"
                     : "filesrc location=\"" + clip + "\" ! decodebin name=decoder ";
    return source + " videoconvert name=convert ! videoscale ! videorate ! "
                    "video/x-raw,format=RGBA,width=320,height=240,framerate=12/1 ! "
                    "clocksync ! numapin name=pin ! ringtee name=tee max-size-buffers=6 "
                    "allow-not-linked=true";
}

} // namespace

std::string why_no_compute() {
    GstElement* element = gst_element_factory_make("vkcompute", nullptr);
    if (element == nullptr)
        return "this build has no vkcompute";
    gst_object_ref_sink(element);
    g_object_set(element, "shader", "invert", nullptr);
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    std::string why;
    if (gst_element_set_state(element, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE) {
        why = "vkcompute does not start";
        if (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
            GError* error = nullptr;
            gst_message_parse_error(message, &error, nullptr);
            why += std::string(": ") + error->message;
            g_error_free(error);
            gst_message_unref(message);
        }
    }
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
    return why;
}

Video::Video(Stage& stage, Ledger& ledger, const std::string& clip, bool compute)
    : ledger_(ledger), compute_(compute), pipeline_(stage.add("video", line(clip))),
      tee_(gst_bin_get_by_name(GST_BIN(pipeline_), "tee")) {
    gst_object_unref(tee_); // the pipeline has it
    const ElementHandle decoder(gst_bin_get_by_name(GST_BIN(pipeline_), "decoder"));
    if (decoder != nullptr)
        g_signal_connect(decoder.get(), "pad-added", G_CALLBACK(on_decoded), this);
    const ElementHandle pin(gst_bin_get_by_name(GST_BIN(pipeline_), "pin"));
    ledger_.open(pin.get());
    ledger_.open(tee_);
    for (unsigned i = 0; i < kBranches; ++i)
        add_branch(i);
}

// Each time that it starts: a launch line links what comes later once alone.
void Video::on_decoded(GstElement*, GstPad* pad, gpointer data) {
    const auto& self = *static_cast<Video*>(data);
    const ElementHandle convert(gst_bin_get_by_name(GST_BIN(self.pipeline_), "convert"));
    const PadHandle sink(gst_element_get_static_pad(convert.get(), "sink"));
    if (gst_pad_is_linked(sink.get()) == FALSE)
        gst_pad_link(pad, sink.get());
}

void Video::restart() {
    gst_element_set_state(pipeline_, GST_STATE_READY);
    play();
}

GstElement* Video::make_compute(unsigned number) const {
    if (!compute_)
        return gst_element_factory_make("identity", nullptr);
    GstElement* element = gst_element_factory_make("vkcompute", nullptr);
    const Shader& chosen = kShaders[number];
    g_object_set(element, "shader", chosen.shader, nullptr);
    if (chosen.passes != nullptr)
        gst_util_set_object_arg(G_OBJECT(element), "passes", chosen.passes);
    return element;
}

GstPadProbeReturn Video::on_frame(GstPad*, GstPadProbeInfo*, gpointer data) {
    ++static_cast<Video*>(data)->frames_;
    return GST_PAD_PROBE_OK;
}

void Video::add_branch(unsigned number) {
    Branch& branch = branches_[number];
    const std::string name = "branch" + std::to_string(number);
    branch.queue = gst_element_factory_make("ringqueue", (name + "-queue").c_str());
    branch.compute = make_compute(number);
    gst_object_set_name(GST_OBJECT(branch.compute), (name + "-compute").c_str());
    branch.sink = gst_element_factory_make("fakesink", (name + "-sink").c_str());
    g_object_set(branch.queue, "max-size-buffers", 3U, nullptr);
    g_object_set(branch.sink, "sync", TRUE, nullptr);
    gst_bin_add_many(GST_BIN(pipeline_), branch.queue, branch.compute, branch.sink, nullptr);
    gst_element_link_many(branch.queue, branch.compute, branch.sink, nullptr);
    ledger_.open(branch.queue);
    if (compute_)
        ledger_.open(branch.compute);
    const PadHandle end(gst_element_get_static_pad(branch.sink, "sink"));
    gst_pad_add_probe(end.get(), GST_PAD_PROBE_TYPE_BUFFER, on_frame, this, nullptr);
    for (GstElement* element : {branch.sink, branch.compute, branch.queue})
        gst_element_sync_state_with_parent(element);
    branch.tee_pad = gst_element_request_pad_simple(tee_, "src_%u");
    ledger_.open_branch(branch.tee_pad);
    const PadHandle sink(gst_element_get_static_pad(branch.queue, "sink"));
    gst_pad_link(branch.tee_pad, sink.get());
}

void Video::remove_branch(unsigned number) {
    Branch& branch = branches_[number];
    // The sink first: what pushes into it may be waiting for the clock there.
    for (GstElement* element : {branch.sink, branch.compute, branch.queue}) {
        gst_element_set_locked_state(element, TRUE);
        gst_element_set_state(element, GST_STATE_NULL);
    }
    const PadHandle sink(gst_element_get_static_pad(branch.queue, "sink"));
    gst_pad_unlink(branch.tee_pad, sink.get());
    gst_element_release_request_pad(tee_, branch.tee_pad);
    ledger_.close_branch(branch.tee_pad);
    gst_object_unref(branch.tee_pad);
    ledger_.close(branch.queue);
    if (compute_)
        ledger_.close(branch.compute);
    for (GstElement* element : {branch.queue, branch.compute, branch.sink})
        gst_bin_remove(GST_BIN(pipeline_), element);
    branch = {};
}

bool Video::replace_compute(unsigned number) {
    Branch& branch = branches_[number % kBranches];
    if (!compute_ || branch.tee_pad == nullptr)
        return false;
    GstElement* fresh = make_compute(number);
    if (!replace_element(ledger_, branch.compute, fresh))
        return false;
    branch.compute = fresh;
    return true;
}

bool Video::seek(double share, double rate, bool through_all) {
    gint64 length = 0;
    if (gst_element_query_duration(pipeline_, GST_FORMAT_TIME, &length) == FALSE)
        return false;
    const auto flags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT);
    const auto position = static_cast<gint64>(share * static_cast<double>(length));
    GstElement* target = pipeline_;
    for (const Branch& branch : branches_) {
        if (!through_all && branch.sink != nullptr)
            target = branch.sink;
    }
    const StateLock lock(pipeline_);
    return gst_element_seek(target, rate, GST_FORMAT_TIME, flags, GST_SEEK_TYPE_SET, position,
                            GST_SEEK_TYPE_NONE, 0) != FALSE;
}

void Video::set_lossy(bool lossy) {
    gst_util_set_object_arg(G_OBJECT(tee_), "mode", lossy ? "lossy" : "lossless");
}

unsigned Video::branches() const {
    unsigned count = 0;
    for (const Branch& branch : branches_)
        count += branch.tee_pad != nullptr ? 1 : 0;
    return count;
}

} // namespace tactus::soak
