// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What stands behind a source pad of ringtee in a test.
#pragma once

#include "pad_caps.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tactus::tee {

/// How long anything that must happen may take before a test gives up. Never a measurement.
inline constexpr std::chrono::seconds kPatience{60};

/// What came to a consumer: "buffer 3" (its offset), "list 3+2", "caps", "eos", ...
struct Arrival {
    std::string what;
    std::string caps; ///< of the pad at that moment
    bool is_buffer = false;
    guint64 sequence = 0;
    bool discont = false;
    const void* object = nullptr;
};

/// One request pad of the tee and, linked to it, a sink pad that records what comes.
///
/// It can hold buffers: the branch's task is then in the middle of a push. A flush, or an end of
/// the test, ends the hold.
class Consumer {
  public:
    explicit Consumer(GstElement* tee, bool linked = true) : tee_(tee) {
        pad_ = gst_element_request_pad_simple(tee, "src_%u");
        // With a template, or it would accept no caps but its current ones.
        static GstStaticPadTemplate any =
            GST_STATIC_PAD_TEMPLATE("consumer", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
        sink_ = gst_pad_new_from_static_template(&any, "consumer");
        gst_pad_set_element_private(sink_, this);
        gst_pad_set_chain_function(sink_, chain);
        gst_pad_set_chain_list_function(sink_, chain_list);
        gst_pad_set_event_function(sink_, event);
        gst_pad_set_query_function(sink_, query);
        gst_pad_set_active(sink_, TRUE);
        if (linked)
            link();
    }
    ~Consumer() {
        leave();
        gst_object_unref(pad_);
        gst_object_unref(sink_);
    }
    /// Gives its pad back. Another thread may still be handing it an event (a flush is not ordered
    /// with data), so it has to live until that thread is done.
    void leave() {
        let_go();
        release_pad();
        gst_pad_set_active(sink_, FALSE);
    }
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;

    GstPad* pad() const { return pad_; }
    GstPad* sink() const { return sink_; }
    void link() { EXPECT_EQ(gst_pad_link(pad_, sink_), GST_PAD_LINK_OK); }
    void unlink() { gst_pad_unlink(pad_, sink_); }
    void release_pad() {
        if (!released_.exchange(true))
            gst_element_release_request_pad(tee_, pad_);
    }
    template <typename T>
    T get(const char* name) const {
        T value{};
        g_object_get(pad_, name, &value, nullptr);
        return value;
    }
    guint64 lost() const { return get<guint64>("lost"); }
    guint64 stat(const char* field) const {
        auto* s = get<GstStructure*>("stats");
        guint64 value = 0;
        EXPECT_TRUE(gst_structure_get_uint64(s, field, &value)) << field;
        gst_structure_free(s);
        return value;
    }

    void hold() {
        set([this] { holding_ = true; });
    }
    void release() {
        set([this] { holding_ = false; });
    }
    /// Holds nothing any more, whatever comes.
    void let_go() {
        set([this] {
            holding_ = false;
            gone_ = true;
        });
    }
    void answer_with(GstFlowReturn flow) {
        set([&] { flow_ = flow; });
    }
    void on_query(std::function<bool(GstQuery*)> handler) { handler_ = std::move(handler); }
    /// Called for each buffer, in the branch's thread, instead of recording it.
    void on_buffer(std::function<void(GstBuffer*)> handler) { on_buffer_ = std::move(handler); }

    /// Until the branch's task has found that it is of no use, and has left the ring.
    bool wait_rested() const {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (std::chrono::steady_clock::now() < end) {
            GST_OBJECT_LOCK(pad_);
            GstTask* task = GST_PAD_TASK(pad_);
            const bool rests = task != nullptr && GST_TASK_STATE(task) == GST_TASK_PAUSED;
            GST_OBJECT_UNLOCK(pad_);
            if (rests)
                return true;
            std::this_thread::yield();
        }
        return false;
    }
    bool wait_held() {
        return wait([this] { return held_; });
    }
    bool wait_for(const std::string& what, std::ptrdiff_t times = 1) {
        return wait([&] {
            return std::count_if(arrivals_.begin(), arrivals_.end(),
                                 [&](const Arrival& a) { return a.what == what; }) >= times;
        });
    }
    std::vector<Arrival> arrivals() {
        const std::lock_guard lock(mutex_);
        return arrivals_;
    }
    std::vector<std::string> words() {
        std::vector<std::string> words;
        for (const Arrival& a : arrivals())
            words.push_back(a.what);
        return words;
    }
    std::vector<guint64> sequences() {
        std::vector<guint64> sequences;
        for (const Arrival& a : arrivals()) {
            if (a.is_buffer)
                sequences.push_back(a.sequence);
        }
        return sequences;
    }
    Arrival arrival(const std::string& what) {
        for (const Arrival& a : arrivals()) {
            if (a.what == what)
                return a;
        }
        ADD_FAILURE() << what << " did not arrive";
        return {};
    }
    void forget() {
        set([this] { arrivals_.clear(); });
    }

  private:
    template <typename Change>
    void set(Change change) {
        {
            const std::lock_guard lock(mutex_);
            change();
        }
        changed_.notify_all();
    }
    template <typename Predicate>
    bool wait(Predicate predicate) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, predicate);
    }
    static Consumer& of(GstPad* pad) {
        return *static_cast<Consumer*>(gst_pad_get_element_private(pad));
    }

    GstFlowReturn arrive(Arrival arrival, GstMiniObject* object) {
        std::unique_lock lock(mutex_);
        if (holding_) {
            held_ = true;
            changed_.notify_all();
            changed_.wait(lock, [this] { return !holding_ || flushing_; });
            held_ = false;
        }
        const GstFlowReturn flow = flushing_ ? GST_FLOW_FLUSHING : flow_;
        arrival.caps = caps_text_of(sink_);
        lock.unlock();
        gst_mini_object_unref(object); // first, so that nothing is left when the test looks
        if (flow == GST_FLOW_FLUSHING)
            return flow;
        set([&] { arrivals_.push_back(std::move(arrival)); });
        return flow;
    }
    static GstFlowReturn chain(GstPad* pad, GstObject*, GstBuffer* buffer) {
        Consumer& self = of(pad);
        if (self.on_buffer_) {
            self.on_buffer_(buffer);
            gst_buffer_unref(buffer);
            return GST_FLOW_OK;
        }
        const guint64 sequence = GST_BUFFER_OFFSET(buffer);
        return self.arrive({"buffer " + std::to_string(sequence), "", true, sequence,
                            GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT), buffer},
                           GST_MINI_OBJECT_CAST(buffer));
    }
    static GstFlowReturn chain_list(GstPad* pad, GstObject*, GstBufferList* list) {
        GstBuffer* first = gst_buffer_list_get(list, 0);
        const guint64 sequence = GST_BUFFER_OFFSET(first);
        return of(pad).arrive({"list " + std::to_string(sequence) + "+" +
                                   std::to_string(gst_buffer_list_length(list)),
                               "", true, sequence,
                               GST_BUFFER_FLAG_IS_SET(first, GST_BUFFER_FLAG_DISCONT), list},
                              GST_MINI_OBJECT_CAST(list));
    }
    static gboolean event(GstPad* pad, GstObject*, GstEvent* event) {
        Consumer& self = of(pad);
        const GstEventType type = GST_EVENT_TYPE(event);
        self.set([&] {
            if (type == GST_EVENT_FLUSH_START || type == GST_EVENT_FLUSH_STOP)
                self.flushing_ = type == GST_EVENT_FLUSH_START && !self.gone_;
            Arrival arrival;
            arrival.what = gst_event_type_get_name(type);
            arrival.caps = caps_text_of(self.sink_);
            self.arrivals_.push_back(arrival);
        });
        gst_event_unref(event);
        return TRUE;
    }
    static gboolean query(GstPad* pad, GstObject* parent, GstQuery* query) {
        Consumer& self = of(pad);
        return self.handler_ ? self.handler_(query) : gst_pad_query_default(pad, parent, query);
    }

    GstElement* tee_;
    GstPad* pad_;
    GstPad* sink_;
    std::atomic<bool> released_{false};
    std::function<bool(GstQuery*)> handler_;
    std::function<void(GstBuffer*)> on_buffer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Arrival> arrivals_;
    bool holding_ = false;
    bool held_ = false;
    bool flushing_ = false;
    bool gone_ = false;
    GstFlowReturn flow_ = GST_FLOW_OK;
};

} // namespace tactus::tee
