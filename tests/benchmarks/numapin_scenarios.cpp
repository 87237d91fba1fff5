// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What numapin costs a buffer that passes through, beside identity: time of the thread that pushes.
#include "machine.h"
#include "scenarios.h"

#include <gst/gst.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus::bench {

namespace {

/// So many in a row, so that the pads at both ends weigh little.
constexpr unsigned kElements = 8;

/// Elements of one kind in PLAYING between two pads of ours.
class Row {
  public:
    explicit Row(const char* factory)
        : bin_(gst_bin_new(nullptr)), source_(make_pad("src", GST_PAD_SRC)),
          sink_(make_pad("sink", GST_PAD_SINK)),
          buffer_(gst_buffer_new_allocate(nullptr, 64, nullptr)) {
        gst_object_ref_sink(bin_);
        gst_pad_set_chain_function(sink_, [](GstPad*, GstObject*, GstBuffer* buffer) {
            gst_buffer_unref(buffer);
            return GST_FLOW_OK;
        });
        gst_pad_set_event_function(sink_, [](GstPad*, GstObject*, GstEvent* event) -> gboolean {
            gst_event_unref(event);
            return TRUE;
        });
        GstPad* from = GST_PAD(gst_object_ref(source_));
        for (unsigned i = 0; i < kElements; ++i) {
            GstElement* const element = gst_element_factory_make(factory, nullptr);
            if (element == nullptr)
                throw std::runtime_error(std::string("no element ") + factory);
            gst_bin_add(GST_BIN(bin_), element);
            from = link(from, element);
        }
        gst_pad_link(from, sink_);
        gst_object_unref(from);
        start();
    }
    ~Row() {
        gst_pad_set_active(source_, FALSE);
        gst_pad_set_active(sink_, FALSE);
        gst_element_set_state(bin_, GST_STATE_NULL);
        gst_buffer_unref(buffer_);
        for (GstPad* pad : {source_, sink_})
            gst_object_unref(pad);
        gst_object_unref(bin_);
    }
    Row(const Row&) = delete;
    Row& operator=(const Row&) = delete;

    /// Ns of each element for each buffer.
    double push(std::uint64_t buffers) {
        const std::uint64_t begin = cpu_ns();
        for (std::uint64_t i = 0; i < buffers; ++i)
            gst_pad_push(source_, gst_buffer_ref(buffer_));
        return static_cast<double>(cpu_ns() - begin) / static_cast<double>(buffers * kElements);
    }

  private:
    static GstPad* make_pad(const char* name, GstPadDirection direction) {
        GstPad* const pad = gst_pad_new(name, direction);
        gst_object_ref_sink(pad);
        return pad;
    }
    static GstPad* link(GstPad* from, GstElement* element) {
        GstPad* const in = gst_element_get_static_pad(element, "sink");
        gst_pad_link(from, in);
        gst_object_unref(in);
        gst_object_unref(from);
        return gst_element_get_static_pad(element, "src");
    }
    void start() {
        gst_pad_set_active(sink_, TRUE);
        gst_element_set_state(bin_, GST_STATE_PLAYING);
        gst_pad_set_active(source_, TRUE);
        gst_pad_push_event(source_, gst_event_new_stream_start("benchmark"));
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_BYTES);
        gst_pad_push_event(source_, gst_event_new_segment(&segment));
    }

    GstElement* bin_;
    GstPad* source_;
    GstPad* sink_;
    GstBuffer* buffer_;
};

double cost_of(const Options& options, const char* factory) {
    const std::uint64_t buffers = options.quick ? 20'000 : 200'000;
    Row row(factory);
    row.push(buffers / 10);
    return row.push(buffers);
}

} // namespace

std::vector<Scenario> make_scenarios(const Options& options) {
    Scenario passing;
    passing.figures = {{"a buffer that passes through", "ns", Figure::Goal::share, 1.1}};
    passing.peer = [options] { return std::vector<double>{cost_of(options, "identity")}; };
    passing.ours = [options] { return std::vector<double>{cost_of(options, "numapin")}; };
    return {passing};
}

} // namespace tactus::bench
