// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "ledger.h"

#include <gst/gst.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

namespace tactus::soak {

/// Holds a pad's streaming thread where it is about to push. Lives shorter than the pad.
class PadBlock {
  public:
    explicit PadBlock(GstPad* pad);
    ~PadBlock();
    PadBlock(const PadBlock&) = delete;
    PadBlock& operator=(const PadBlock&) = delete;

    /// False if nothing comes there for half a second.
    bool wait();

  private:
    static GstPadProbeReturn on_block(GstPad* pad, GstPadProbeInfo* info, gpointer self);

    GstPad* pad_;
    gulong probe_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool blocked_ = false;
};

/// Holds a pipeline's state lock. A sink or source that is sent an event holds its own and may want
/// the pipeline's; a pipeline that goes to PLAYING by itself takes them in the other order.
class StateLock {
  public:
    explicit StateLock(GstElement* pipeline) : pipeline_(pipeline) { GST_STATE_LOCK(pipeline_); }
    ~StateLock() { GST_STATE_UNLOCK(pipeline_); }
    StateLock(const StateLock&) = delete;
    StateLock& operator=(const StateLock&) = delete;

  private:
    GstElement* pipeline_;
};

/// Puts `fresh` (floating) in the place of `old` while the pipeline plays, under the same name:
/// between two buffers, and what `old` still holds goes with it. `prepare` is called before
/// anything comes through. False if it is paused or nothing streams there; then `fresh` is gone and
/// `old` stays.
bool replace_element(Ledger& ledger, GstElement* old, GstElement* fresh,
                     const std::function<void(GstElement*)>& prepare = {});

} // namespace tactus::soak
