// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "ledger.h"
#include "loss_watch.h"
#include "stage.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace tactus::soak {

/// The receiving side of a voice call: appsrc, jitterbuffer (every second one in an rtpbin), Opus
/// decoder, numapin, ringqueue, and one of simdfft, simdfft with simdifft, simdfftfilter and
/// simdspectrogram. Two of those without an rtpbin ask for lost packets again.
///
/// Threads: one, but for `take` and `on_asked`.
class Call {
  public:
    Call(Stage& stage, Ledger& ledger, unsigned number);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// From the network's thread; takes the buffer. False if the call is flushing.
    bool take(GstBuffer* packet);
    /// Called with the sequence number of each packet that is asked for again, in the jitter
    /// buffer's thread. An empty one: nobody listens any more.
    void on_asked(std::function<void(std::uint16_t)> handler);

    void flush();
    void pause() { gst_element_set_state(pipeline_, GST_STATE_PAUSED); }
    void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }
    /// To READY and to PLAYING again. False in an rtpbin, which would keep what it made before.
    bool start_over();
    /// False if nothing streams there now.
    bool replace_queue();
    /// False where it is rtpbin's.
    bool replace_buffer();
    /// False where there is no simdfftfilter.
    bool change_response(unsigned taps, double gain);
    void set_target_quantile(double quantile);
    /// No more packets: what is held goes out.
    void end();

    GstElement* pipeline() const { return pipeline_; }
    const char* name() const { return GST_OBJECT_NAME(pipeline_); }
    bool in_rtpbin() const { return number_ % 2 == 1; }
    bool asks_again() const { return number_ % 4 == 0; }

    /// Of all its jitter buffers, so far.
    struct Counts {
        std::uint64_t handed = 0; ///< that the source took
        std::uint64_t delivered = 0;
        std::uint64_t told_lost = 0; ///< by `stats`
        std::uint64_t dropped = 0;   ///< held, and then dropped because of limits or age
        std::uint64_t asked = 0;     ///< requests for retransmission
        std::uint64_t recovered = 0; ///< packets that came for one
        LossWatch::Counts watched;
    };
    Counts counts();

  private:
    static GstElement* on_request(GstElement* rtpbin, guint session, gpointer self);
    static void on_pad(GstElement* rtpbin, GstPad* pad, gpointer self);
    static GstPadProbeReturn on_upstream(GstPad* pad, GstPadProbeInfo* info, gpointer self);
    static GstCaps* on_map(GstElement* rtpbin, guint session, guint type, gpointer self);
    std::string line() const;
    GstElement* child(const char* name) const;
    void configure(GstElement* buffer) const;
    void adopt(GstElement* buffer);
    Counts counts_of_buffer() const;

    Ledger& ledger_;
    unsigned number_;
    GstElement* pipeline_;
    GstElement* source_;
    std::mutex mutex_; ///< guards buffer_ and watch_, which a thread of rtpbin may set
    GstElement* buffer_ = nullptr;
    std::shared_ptr<LossWatch> watch_;
    Counts past_; ///< of those that were replaced
    std::atomic<std::uint64_t> handed_{0};
    std::mutex asked_mutex_; ///< guards on_asked_, and is held while that is called
    std::function<void(std::uint16_t)> on_asked_;
};

} // namespace tactus::soak
