// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee: flushes that meet pads on their way in and out. Each case was a hang.
#include "tee_fixture.h"

namespace tactus::tee {
namespace {

/// Something that happens once, and that others wait for.
class Moment {
  public:
    void come() {
        if (!came_.exchange(true))
            promise_.set_value();
    }
    bool wait() { return future_.wait_for(kPatience) == std::future_status::ready; }

  private:
    std::atomic<bool> came_{false};
    std::promise<void> promise_;
    std::future<void> future_{promise_.get_future()};
};

// Gives a thread that was seen right before a wait the time to begin it. Without that the case
// still holds, but may pass where it should fail.
void let_others_run() {
    for (int i = 0; i < 2000; ++i)
        std::this_thread::yield();
}

class RingTeeRaces : public TeeTest {
  protected:
    void release(GstPad* pad) {
        gst_element_release_request_pad(tee_, pad);
        gst_object_unref(pad);
    }
};

} // namespace

TEST_F(RingTeeRaces, APadMayBeReplacedFromItsOwnThreadWhileAnotherFlushes) {
    Consumer& a = add_consumer();
    add_consumer();
    Moment inside;
    Moment go;
    std::atomic<bool> first{true};
    std::promise<GstPad*> replaced;
    a.on_buffer([&](GstBuffer*) {
        if (!first.exchange(false))
            return;
        inside.come();
        go.wait();
        a.release_pad();
        replaced.set_value(gst_element_request_pad_simple(tee_, "src_%u"));
    });
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(inside.wait());
    auto flushed = async([&] { return send(gst_event_new_flush_start()); });
    ASSERT_TRUE(a.wait_for("flush-start"));
    let_others_run();
    go.come();
    EXPECT_TRUE(result_of(flushed));
    auto replacement = replaced.get_future();
    GstPad* pad = result_of(replacement);
    ASSERT_NE(pad, nullptr);
    send(gst_event_new_flush_stop(TRUE));
    release(pad);
}

TEST_F(RingTeeRaces, ABranchMayFlushFromItsOwnThreadWhileAnotherIsActivated) {
    Consumer& a = add_consumer();
    Consumer& b = add_consumer();
    Consumer& c = add_consumer();
    Moment b_inside;
    Moment b_go;
    std::promise<bool> flush_done;
    std::atomic<bool> first_a{true};
    std::atomic<bool> first_b{true};
    b.on_buffer([&](GstBuffer*) {
        if (!first_b.exchange(false))
            return;
        b_inside.come();
        b_go.wait();
    });
    a.on_buffer([&](GstBuffer*) {
        if (!first_a.exchange(false))
            return;
        b_inside.wait();
        send(gst_event_new_flush_start());
        flush_done.set_value(send(gst_event_new_flush_stop(TRUE)));
    });
    play_stream();
    gst_pad_set_active(c.pad(), FALSE);
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(b.wait_for("flush-start"));
    let_others_run();
    gst_pad_set_active(c.pad(), TRUE);
    let_others_run();
    b_go.come();
    auto flushed = flush_done.get_future();
    EXPECT_TRUE(result_of(flushed));
}

TEST_F(RingTeeRaces, APadThatComesWhileAFlushIsOnItsWayIsNotWaitedFor) {
    Consumer& a = add_consumer();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_eos()));
    ASSERT_TRUE(a.wait_for("eos"));
    static Moment* reached;
    static Moment* go;
    Moment reached_here;
    Moment go_here;
    reached = &reached_here;
    go = &go_here;
    gst_pad_add_probe(
        a.sink(), GST_PAD_PROBE_TYPE_EVENT_FLUSH,
        [](GstPad*, GstPadProbeInfo*, gpointer) {
            reached->come();
            go->wait();
            return GST_PAD_PROBE_REMOVE;
        },
        nullptr, nullptr);
    auto flushed = async([&] { return send(gst_event_new_flush_start()); });
    ASSERT_TRUE(reached_here.wait());
    // A sink in PAUSED keeps the end of the stream, which a late pad gets, until it plays.
    GstElement* sink = gst_element_factory_make("fakesink", nullptr);
    gst_object_ref_sink(sink);
    gst_element_set_state(sink, GST_STATE_PAUSED);
    GstPad* late = gst_element_request_pad_simple(tee_, "src_%u");
    GstPad* sink_pad = gst_element_get_static_pad(sink, "sink");
    ASSERT_EQ(gst_pad_link(late, sink_pad), GST_PAD_LINK_OK);
    let_others_run();
    go_here.come();
    EXPECT_TRUE(result_of(flushed));
    gst_element_set_state(sink, GST_STATE_NULL);
    send(gst_event_new_flush_stop(TRUE));
    release(late);
    gst_object_unref(sink_pad);
    gst_object_unref(sink);
}

TEST_F(RingTeeRaces, ASyncHandlerOfStreamStatusMayRequestAPad) {
    add_consumer();
    struct Handler {
        GstElement* tee;
        GstPad* pad = nullptr;
        std::atomic<bool> done{false};
    } handler{tee_};
    gst_bus_set_sync_handler(
        bus_,
        [](GstBus*, GstMessage* message, gpointer data) {
            auto& self = *static_cast<Handler*>(data);
            if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_STREAM_STATUS && !self.done.exchange(true))
                self.pad = gst_element_request_pad_simple(self.tee, "src_%u");
            return GST_BUS_PASS;
        },
        &handler, nullptr);
    auto played = async(
        [&] { return gst_element_set_state(tee_, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE; });
    EXPECT_TRUE(result_of(played));
    gst_bus_set_sync_handler(bus_, nullptr, nullptr, nullptr);
    ASSERT_NE(handler.pad, nullptr);
    release(handler.pad);
}

} // namespace tactus::tee
