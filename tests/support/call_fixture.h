// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Calls with real voice, between pipelines of one process.
#pragma once

#include "voice.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus::calls {

/// The recordings that Debian's alsa-utils brings; empty if they are not installed.
std::string voice_folder();

/// The recordings one after the other, in real time, as the beginning of a launch line: mono, 48
/// kHz.
std::string voice_source();

/// Pipelines with one bus. Whatever a test waits for wakes it there.
///
/// Threads: `nudge` may be called from any, all else from the test's.
class Stage {
  public:
    Stage();
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    /// Null, and a failed test, if the line is wrong. The stage owns the pipeline.
    GstElement* add(const std::string& line);
    void play();
    void stop();
    /// Answers LATENCY messages until `done`. False if that takes for ever or an error comes, which
    /// fails the test.
    bool wait_until(const std::function<bool()>& done);
    /// `done` may have become true.
    void nudge();

  private:
    bool handle(GstMessage* message);

    GstBus* bus_ = nullptr;
    std::vector<GstElement*> pipelines_;
};

/// Drops every tenth packet that passes a pad, but no retransmission, until `count` are gone.
/// Lives as long as the pad's streaming threads.
class Loss {
  public:
    void start(GstPad* pad, unsigned count, int payload_type = -1);
    unsigned lost() const { return lost_; }

  private:
    static GstPadProbeReturn on_packet(GstPad* pad, GstPadProbeInfo* info, gpointer self);

    unsigned count_ = 0;
    int payload_type_ = -1;
    std::atomic<unsigned> seen_{0};
    std::atomic<unsigned> lost_{0};
};

/// Supplies an rtpbin with elements "jitterbuffer" when it asks, and watches them.
///
/// Threads: any. Lives longer than the rtpbin plays.
class SuppliedJitterBuffers {
  public:
    /// `on_new`: called with each one before it gets a packet.
    SuppliedJitterBuffers(Stage& stage, GstElement* rtpbin,
                          std::function<void(GstElement*, guint session)> on_new = {});
    ~SuppliedJitterBuffers();
    SuppliedJitterBuffers(const SuppliedJitterBuffers&) = delete;
    SuppliedJitterBuffers& operator=(const SuppliedJitterBuffers&) = delete;

    /// Buffers that came out of the one of that session.
    unsigned out(guint session);
    /// GstRTPPacketLost events that came out of it.
    unsigned lost_told(guint session);
    guint64 stat(guint session, const char* field);
    gint64 property(guint session, const char* name);

  private:
    struct Watched {
        Stage* stage = nullptr;
        GstElement* element = nullptr;
        std::atomic<unsigned> out{0};
        std::atomic<unsigned> lost_told{0};
    };

    static GstElement* on_request(GstElement* rtpbin, guint session, gpointer self);
    static GstPadProbeReturn on_output(GstPad* pad, GstPadProbeInfo* info, gpointer watched);
    Watched* find(guint session);

    Stage& stage_;
    std::function<void(GstElement*, guint)> on_new_;
    std::mutex mutex_;
    std::map<guint, std::unique_ptr<Watched>> watched_;
};

} // namespace tactus::calls

#define TACTUS_NEEDS_VOICE()                                                                       \
    do {                                                                                           \
        if (::tactus::calls::voice_folder().empty())                                               \
            GTEST_SKIP() << "no recordings in /usr/share/sounds/alsa (package alsa-utils)";        \
    } while (false)
