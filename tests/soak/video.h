// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "ledger.h"
#include "stage.h"

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <string>

namespace tactus::soak {

/// A clip through numapin and ringtee to four branches: ringqueue, vkcompute, and a sink that
/// follows the clock. It starts again when it ends.
///
/// Threads: one.
class Video {
  public:
    static constexpr unsigned kBranches = 4;

    /// `clip`: "" for a test picture. Without `compute` frames pass unchanged.
    Video(Stage& stage, Ledger& ledger, const std::string& clip, bool compute);

    /// To a share of the clip's length. Through one sink, or through all as an application does
    /// that seeks the pipeline. False if it is refused.
    bool seek(double share, double rate, bool through_all);
    void start_over() { seek(0, 1, false); }
    void pause() { gst_element_set_state(pipeline_, GST_STATE_PAUSED); }
    void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }
    /// To READY, where the file is closed and its decoder goes, and to PLAYING again.
    void restart();
    void remove_branch(unsigned number);
    void add_branch(unsigned number);
    /// By another one with the same shader, so that memory does not depend on which are in use.
    /// False if there is no vkcompute, or nothing streams there.
    bool replace_compute(unsigned number);
    void set_lossy(bool lossy);

    GstElement* pipeline() const { return pipeline_; }
    unsigned branches() const;
    std::uint64_t frames() const { return frames_; }

  private:
    struct Branch {
        GstPad* tee_pad = nullptr; ///< null: it is away
        GstElement* queue = nullptr;
        GstElement* compute = nullptr;
        GstElement* sink = nullptr;
    };

    GstElement* make_compute(unsigned number) const;
    static void on_decoded(GstElement* decoder, GstPad* pad, gpointer self);
    static GstPadProbeReturn on_frame(GstPad* pad, GstPadProbeInfo* info, gpointer self);

    Ledger& ledger_;
    bool compute_;
    GstElement* pipeline_;
    GstElement* tee_;
    std::array<Branch, kBranches> branches_;
    std::atomic<std::uint64_t> frames_{0}; ///< that came to a sink
};

/// Why vkcompute cannot run here, or "".
std::string why_no_compute();

} // namespace tactus::soak
