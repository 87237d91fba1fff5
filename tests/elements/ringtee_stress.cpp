// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee: many times over, from many threads. TACTUS_STRESS multiplies the rounds.
#include "tee_fixture.h"

#include <cstdlib>
#include <random>

namespace tactus::tee {
namespace {

int rounds(int base) {
    const char* factor = std::getenv("TACTUS_STRESS");
    return factor != nullptr ? base * std::max(std::atoi(factor), 1) : base;
}

/// Checks, in a branch's thread, that numbers rise, that DISCONT marks just the gaps, and that
/// the caps are those of the number.
struct Auditor {
    explicit Auditor(unsigned pauses) : random(pauses) {}
    void operator()(GstPad* sink, GstBuffer* buffer) {
        const guint64 sequence = GST_BUFFER_OFFSET(buffer);
        const bool discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
        bad += sequence < next || discont != (sequence != next) ? 1 : 0;
        gaps += discont ? 1 : 0;
        next = sequence + 1;
        ++got;
        GstCaps* caps = gst_pad_get_current_caps(sink);
        gint n = -1;
        gst_structure_get_int(gst_caps_get_structure(caps, 0), "n", &n);
        gst_caps_unref(caps);
        bad += n != gint(sequence / 100) ? 1 : 0;
        for (unsigned i = random() % 4; i > 0; --i)
            std::this_thread::yield();
    }
    std::minstd_rand random;
    guint64 next = 0;
    std::atomic<guint64> got{0};
    guint64 gaps = 0;
    int bad = 0;
};

class RingTeeStress : public TeeTest {
  protected:
    /// As far as the element lets us: another thread may be flushing it or shutting it down.
    void stream_some(GstBuffer* buffer, GstBufferList* list) {
        if (!send(gst_event_new_stream_start("test")) || !send(make_segment()))
            return;
        for (int n = 0; n < 20; ++n)
            gst_pad_push(upstream_, gst_buffer_ref(buffer));
        gst_pad_push_list(upstream_, gst_buffer_list_ref(list));
    }

    // What a handler writes outlives the test's body.
    std::vector<std::unique_ptr<Auditor>> auditors_;
    std::atomic<guint64> got_{0};
    guint64 messages_sum(guint64* messages) {
        guint64 sum = 0;
        while (GstStructure* s = pop_message("ringtee-lost")) {
            guint64 count = 0;
            EXPECT_TRUE(gst_structure_get_uint64(s, "count", &count));
            EXPECT_GT(count, 0U);
            sum += count;
            ++*messages;
            gst_structure_free(s);
        }
        return sum;
    }
};

TEST_F(RingTeeStress, LossyPadsAccountForEveryBuffer) {
    gst_util_set_object_arg(G_OBJECT(tee_), "mode", "lossy");
    set("max-size-buffers", 8U);
    const guint64 sent = guint64(rounds(100000));
    for (unsigned i = 0; i < 4; ++i) {
        auditors_.push_back(std::make_unique<Auditor>(i));
        Consumer& consumer = add_consumer();
        consumer.on_buffer([&audit = *auditors_.back(), sink = consumer.sink()](GstBuffer* buffer) {
            audit(sink, buffer);
        });
    }
    play_stream();
    for (guint64 i = 0; i < sent; ++i) {
        if (i % 100 == 0 && i > 0) {
            ASSERT_TRUE(send(make_caps("x/y, n=(int)" + std::to_string(i / 100))));
        }
        ASSERT_EQ(push(i), GST_FLOW_OK);
    }
    ASSERT_TRUE(send(gst_event_new_eos()));
    guint64 lost = 0;
    guint64 gaps = 0;
    for (unsigned i = 0; i < 4; ++i) {
        ASSERT_TRUE(consumers_[i]->wait_for("eos"));
        EXPECT_EQ(auditors_[i]->bad, 0);
        EXPECT_EQ(auditors_[i]->got + consumers_[i]->lost(), sent);
        EXPECT_EQ(consumers_[i]->stat("buffers-in"), sent);
        EXPECT_EQ(consumers_[i]->stat("buffers-out"), auditors_[i]->got);
        lost += consumers_[i]->lost();
        gaps += auditors_[i]->gaps + (auditors_[i]->next != sent ? 1 : 0);
    }
    guint64 messages = 0;
    EXPECT_EQ(messages_sum(&messages), lost);
    EXPECT_EQ(messages, gaps);
}

TEST_F(RingTeeStress, StateCyclesLeakNeitherBuffersNorPads) {
    GstBuffer* tracked = make_buffer(0);
    GstBufferList* list = gst_buffer_list_new();
    gst_buffer_list_add(list, gst_buffer_ref(tracked));
    std::atomic<int> alive{0};
    const auto watch = [&alive](GstPad* pad) {
        ++alive;
        g_object_weak_ref(
            G_OBJECT(pad), [](gpointer p, GObject*) { --*static_cast<std::atomic<int>*>(p); },
            &alive);
    };
    gst_bus_set_flushing(bus_, TRUE); // its messages about tasks would keep the pads
    Consumer& steady = add_consumer();
    steady.on_buffer([](GstBuffer*) {});
    watch(steady.pad());
    for (int i = 0; i < rounds(2000); ++i) {
        gst_pad_set_active(upstream_, FALSE);
        gst_pad_set_active(upstream_, TRUE);
        gst_pad_set_active(steady.sink(), TRUE);
        Consumer visitor(tee_, i % 3 != 0);
        visitor.on_buffer([](GstBuffer*) {});
        watch(visitor.pad());
        ASSERT_NE(gst_element_set_state(tee_, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
        auto upstream = async([&] {
            stream_some(tracked, list);
            if (i % 4 == 0)
                send(gst_event_new_eos());
            return true;
        });
        if (i % 5 == 0) {
            send(gst_event_new_flush_start());
            EXPECT_TRUE(result_of(upstream));
            send(gst_event_new_flush_stop(TRUE));
            stream_some(tracked, list);
        }
        ASSERT_EQ(gst_element_set_state(tee_, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
        EXPECT_TRUE(i % 5 == 0 || result_of(upstream));
        if (i % 100 == 0) {
            EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(list), 1);
            EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(tracked), 2); // and the list's
        }
    }
    EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(list), 1);
    EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(tracked), 2);
    gst_buffer_list_unref(list);
    gst_buffer_unref(tracked);
    EXPECT_EQ(alive, 1);
    consumers_.clear();
    EXPECT_EQ(alive, 0);
}

TEST_F(RingTeeStress, PadsFlushesAndNewStreamsFromManyThreads) {
    set("max-size-buffers", 5U);
    gst_bus_set_flushing(bus_, TRUE);
    for (int i = 0; i < 2; ++i)
        add_consumer().on_buffer([this](GstBuffer*) { ++got_; });
    play_stream();
    std::atomic<bool> stop{false};
    std::mutex streaming; // what a source's streaming lock is
    auto producer = async([&] {
        for (guint64 i = 0; !stop; ++i) {
            const std::lock_guard lock(streaming);
            push(i);
            if (i % 50 == 0) {
                send(gst_event_new_eos());
                try_start_stream("x/y, n=(int)" + std::to_string(i / 50));
            } else if (i % 7 == 0) {
                gst_pad_push_list(upstream_, make_list(i, 3));
            }
        }
        return true;
    });
    std::vector<std::unique_ptr<Consumer>> visitors[2];
    const auto visit = [&](unsigned seed) {
        std::minstd_rand random(seed);
        for (int i = 0; i < rounds(300); ++i) {
            visitors[seed].push_back(std::make_unique<Consumer>(tee_, random() % 3 != 0));
            Consumer& visitor = *visitors[seed].back();
            const GstFlowReturn flows[] = {GST_FLOW_OK, GST_FLOW_ERROR, GST_FLOW_EOS,
                                           GST_FLOW_NOT_LINKED};
            visitor.answer_with(flows[random() % 4]);
            if (random() % 4 == 0)
                visitor.hold();
            if (random() % 4 == 0 && gst_pad_is_linked(visitor.pad()))
                visitor.unlink();
            for (unsigned n = random() % 20; n > 0; --n)
                std::this_thread::yield();
            visitor.get<guint64>("current-level-buffers");
            visitor.stat("buffers-in");
            visitor.leave();
        }
        return true;
    };
    auto first = async([&] { return visit(0); });
    auto second = async([&] { return visit(1); });
    for (int i = 0; i < rounds(200); ++i) {
        send(gst_event_new_flush_start());
        const std::lock_guard lock(streaming);
        send(gst_event_new_flush_stop(TRUE));
        start_stream();
        gst_util_set_object_arg(G_OBJECT(tee_), "mode", i % 2 == 0 ? "lossy" : "lossless");
        set("max-size-buffers", guint(1 + i % 9));
        std::this_thread::yield();
    }
    const auto finish = [&](std::future<bool>& visitor) { EXPECT_TRUE(result_of(visitor)); };
    finish(first);
    finish(second);
    stop = true;
    EXPECT_TRUE(result_of(producer));
    EXPECT_GT(got_, 0U);
    // After all that it still works.
    send(gst_event_new_flush_start());
    send(gst_event_new_flush_stop(TRUE));
    start_stream();
    const guint64 before = got_;
    EXPECT_EQ(push_range(0, 9), GST_FLOW_OK);
    send(gst_event_new_eos());
    for (auto& consumer : consumers_)
        EXPECT_TRUE(consumer->wait_for("eos"));
    EXPECT_GT(got_, before);
}

TEST_F(RingTeeStress, SeeksInARealPipelineArriveOnAllBranches) {
    GstElement* pipeline = gst_parse_launch(
        "videotestsrc ! video/x-raw,width=32,height=32,framerate=30/1 ! ringtee name=t "
        "t. ! fakesink name=a sync=false t. ! fakesink name=b sync=false t. ! queue ! "
        "fakesink name=c sync=false",
        nullptr);
    ASSERT_NE(pipeline, nullptr);
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    ASSERT_EQ(gst_element_get_state(pipeline, nullptr, nullptr, 60 * GST_SECOND),
              GST_STATE_CHANGE_SUCCESS);
    std::mt19937 random(1);
    for (int i = 0; i < 40; ++i) {
        const auto to = static_cast<gint64>((1 + random() % 1000) * GST_SECOND);
        gst_element_set_state(pipeline, i % 2 == 0 ? GST_STATE_PLAYING : GST_STATE_PAUSED);
        ASSERT_TRUE(gst_element_seek_simple(
            pipeline, GST_FORMAT_TIME,
            static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE), to));
        ASSERT_NE(gst_element_get_state(pipeline, nullptr, nullptr, 60 * GST_SECOND),
                  GST_STATE_CHANGE_FAILURE);
        for (const char* name : {"a", "b", "c"}) {
            GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), name);
            GstSample* sample = nullptr;
            g_object_get(sink, "last-sample", &sample, nullptr);
            EXPECT_NE(sample, nullptr) << name;
            if (sample != nullptr) {
                EXPECT_GE(GST_BUFFER_PTS(gst_sample_get_buffer(sample)), GstClockTime(to)) << name;
                gst_sample_unref(sample);
            }
            gst_object_unref(sink);
        }
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
}

} // namespace
} // namespace tactus::tee
