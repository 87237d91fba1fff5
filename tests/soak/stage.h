// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "life_watch.h"

#include <gst/gst.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tactus::soak {

/// The pipelines, with one bus, and what they have to say.
///
/// Threads: one, but for `complaints` of the log, which any thread makes.
class Stage {
  public:
    Stage();
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    /// A pipeline of that name from a launch line. Throws std::runtime_error if the line is wrong.
    /// The stage owns it.
    GstElement* add(const std::string& name, const std::string& line);
    void on_eos(std::function<void(GstElement* pipeline)> handler) { on_eos_ = std::move(handler); }

    void play();
    /// Answers messages until then.
    void run_until(std::chrono::steady_clock::time_point end);
    /// To NULL, one after the other; the seconds that all and the slowest took.
    struct Shutdown {
        double all_s = 0;
        double slowest_s = 0;
        std::string slowest;
    };
    Shutdown stop();
    /// Lets go of the pipelines and of what waits on the bus.
    void clear();

    /// Of the pipelines and all that ever was in them.
    const LifeWatch& lives() const { return lives_; }
    const std::vector<std::string>& errors() const { return errors_; }
    /// How often each warning came, by the kind of element that gave it.
    const std::map<std::string, unsigned>& warnings() const { return warnings_; }
    const std::map<std::string, unsigned>& messages() const { return messages_; }

  private:
    void handle(GstMessage* message);
    void note_error(GstMessage* message);
    void note_warning(GstMessage* message);

    GstBus* bus_ = nullptr;
    std::vector<GstElement*> pipelines_;
    LifeWatch lives_;
    std::function<void(GstElement*)> on_eos_;
    std::vector<std::string> errors_;
    std::map<std::string, unsigned> warnings_;
    std::map<std::string, unsigned> messages_;
};

/// Criticals and warnings of GLib's log, whoever gives them. From `watch_log` on.
void watch_log();
unsigned criticals_logged();
unsigned warnings_logged();

} // namespace tactus::soak
