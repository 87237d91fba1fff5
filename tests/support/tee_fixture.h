// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A ringtee between a source pad of the test's own and any number of consumers.
#pragma once

#include "tee_consumer.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tactus::tee {

inline GstBuffer* make_buffer(guint64 sequence, gsize size = 1) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
    GST_BUFFER_OFFSET(buffer) = sequence;
    GST_BUFFER_PTS(buffer) = sequence * GST_USECOND;
    GST_BUFFER_DURATION(buffer) = GST_USECOND;
    return buffer;
}
inline GstBufferList* make_list(guint64 first, guint length) {
    GstBufferList* list = gst_buffer_list_new();
    for (guint i = 0; i < length; ++i)
        gst_buffer_list_add(list, make_buffer(first + i));
    return list;
}
inline GstEvent* make_caps(const std::string& text) {
    GstCaps* caps = gst_caps_from_string(text.c_str());
    GstEvent* event = gst_event_new_caps(caps);
    gst_caps_unref(caps);
    return event;
}
inline GstEvent* make_segment() {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    return gst_event_new_segment(&segment);
}

/// What `future` yields; a failed test and a default value if it takes for ever.
template <typename T>
T result_of(std::future<T>& future) {
    if (future.wait_for(kPatience) != std::future_status::ready) {
        ADD_FAILURE() << "a thread of the test is still blocked";
        std::abort(); // the future's destructor would hang instead
    }
    return future.get();
}

/// The element, its bus, and the source pad before it.
class TeeTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { gst_init(nullptr, nullptr); }

    void SetUp() override {
        tee_ = gst_element_factory_make("ringtee", nullptr);
        ASSERT_NE(tee_, nullptr);
        gst_object_ref_sink(tee_);
        bus_ = gst_bus_new();
        gst_element_set_bus(tee_, bus_);
        // With a template: GStreamer 1.22 answers for a pad without one from its current caps, of
        // which it holds no reference, and another thread may be changing them.
        static GstStaticPadTemplate any =
            GST_STATIC_PAD_TEMPLATE("upstream", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
        upstream_ = gst_pad_new_from_static_template(&any, "upstream");
        gst_pad_set_active(upstream_, TRUE);
        sink_ = gst_element_get_static_pad(tee_, "sink");
        ASSERT_EQ(gst_pad_link(upstream_, sink_), GST_PAD_LINK_OK);
    }
    void TearDown() override {
        for (auto& consumer : consumers_)
            consumer->let_go();
        gst_element_set_state(tee_, GST_STATE_NULL);
        consumers_.clear();
        gst_pad_set_active(upstream_, FALSE);
        gst_object_unref(upstream_);
        gst_object_unref(sink_);
        gst_element_set_bus(tee_, nullptr);
        gst_bus_set_flushing(bus_, TRUE);
        gst_object_unref(bus_);
        // Another thread may be about to end a task that a pad was released from.
        std::promise<void> gone;
        auto is_gone = gone.get_future();
        g_object_weak_ref(
            G_OBJECT(tee_),
            [](gpointer p, GObject*) { static_cast<std::promise<void>*>(p)->set_value(); }, &gone);
        gst_object_unref(tee_);
        ASSERT_EQ(is_gone.wait_for(kPatience), std::future_status::ready) << "the element leaked";
    }

    template <typename... Args>
    void set(const char* name, Args... args) {
        g_object_set(tee_, name, args..., nullptr);
    }
    Consumer& add_consumer(bool linked = true) {
        consumers_.push_back(std::make_unique<Consumer>(tee_, linked));
        return *consumers_.back();
    }
    void play() {
        ASSERT_NE(gst_element_set_state(tee_, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    }
    bool send(GstEvent* event) { return gst_pad_push_event(upstream_, event) != FALSE; }
    /// False if it was refused half-way, as while another thread flushes.
    bool try_start_stream(const std::string& caps) {
        return send(gst_event_new_stream_start("test")) && send(make_caps(caps)) &&
               send(make_segment());
    }
    void start_stream(const std::string& caps = "x/y, n=(int)0") {
        EXPECT_TRUE(try_start_stream(caps));
    }
    void play_stream() {
        play();
        start_stream();
    }
    GstFlowReturn push(guint64 sequence) { return gst_pad_push(upstream_, make_buffer(sequence)); }
    /// Pushes `first` to `last`; the first result that is not OK.
    GstFlowReturn push_range(guint64 first, guint64 last) {
        GstFlowReturn flow = GST_FLOW_OK;
        for (guint64 i = first; i <= last && flow == GST_FLOW_OK; ++i)
            flow = push(i);
        return flow;
    }
    /// Pushes until the answer is not OK; only a broken element makes it take long.
    GstFlowReturn push_until_refused() {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        GstFlowReturn flow = GST_FLOW_OK;
        for (guint64 i = 0; flow == GST_FLOW_OK && std::chrono::steady_clock::now() < end; ++i) {
            flow = push(i);
            std::this_thread::yield();
        }
        return flow;
    }
    template <typename Work>
    static auto async(Work work) {
        return std::async(std::launch::async, std::move(work));
    }
    /// The structure of the next message NAME on the bus, or null. Does not wait.
    GstStructure* pop_message(const char* name) {
        while (GstMessage* message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ELEMENT)) {
            const GstStructure* s = gst_message_get_structure(message);
            GstStructure* copy = gst_structure_has_name(s, name) ? gst_structure_copy(s) : nullptr;
            gst_message_unref(message);
            if (copy != nullptr)
                return copy;
        }
        return nullptr;
    }
    bool pop_error() {
        GstMessage* message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ERROR);
        if (message == nullptr)
            return false;
        gst_message_unref(message);
        return true;
    }

    GstElement* tee_ = nullptr;
    GstBus* bus_ = nullptr;
    GstPad* upstream_ = nullptr;
    GstPad* sink_ = nullptr;
    std::vector<std::unique_ptr<Consumer>> consumers_;
};

inline std::vector<guint64> numbers(guint64 first, guint64 last) {
    std::vector<guint64> all;
    for (guint64 i = first; i <= last; ++i)
        all.push_back(i);
    return all;
}

} // namespace tactus::tee
