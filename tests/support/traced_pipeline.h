// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pipelines under clockcalib, what it says of them, and the truth to compare it with.
#pragma once

#include "factories.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus::traced {

/// How long anything that must happen may take before a test gives up on it. Never a measurement.
inline constexpr GstClockTime kPatience = 60 * GST_SECOND;

std::uint64_t monotonic_ns();

/// What is p50, p99 … in the figures, in ns.
struct Quantiles {
    std::uint64_t p50 = 0;
    std::uint64_t p99 = 0;
    std::uint64_t p999 = 0;
    std::uint64_t max = 0;
};

struct PathFigures {
    std::string source;
    std::string sink;
    std::uint64_t buffers = 0;
    std::uint64_t inferred = 0;
    Quantiles latency;
    Quantiles newest;
};

struct ElementFigures {
    std::string path;
    std::string factory;
    std::uint64_t in = 0;
    std::uint64_t out = 0;
    std::uint64_t inside = 0;
    std::uint64_t dropped = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t inferred = 0;
    std::uint64_t reorder_depth_max = 0;
    bool queues = false;
    Quantiles residence;
    Quantiles self;
    Quantiles sync_wait;
};

/// A "clockcalib-stats" structure.
class Figures {
  public:
    explicit Figures(const GstStructure* stats);

    /// The path between two elements, named as in "case/src"; all zero if there is none.
    PathFigures path(const std::string& source, const std::string& sink) const;
    ElementFigures element(const std::string& path) const;
    const std::vector<PathFigures>& paths() const { return paths_; }
    const std::vector<ElementFigures>& elements() const { return elements_; }
    std::uint64_t records_lost() const { return records_lost_; }
    std::string text() const { return text_; }

  private:
    std::vector<PathFigures> paths_;
    std::vector<ElementFigures> elements_;
    std::uint64_t records_lost_ = 0;
    std::string text_;
};

/// The tracer of this process; a reference to hold, or null.
GstObject* find_tracer();
void reset_figures();
Figures take_figures();

/// What tells one buffer from another in the truth.
enum class Key {
    running_time,
    offset,
    payload, ///< a number that the test wrote at the beginning of the memory
    content  ///< a hash of all of the memory
};

struct Passage {
    std::uint64_t key = 0;
    std::uint64_t before_ns = 0; ///< taken before clockcalib's hook or probe
    std::uint64_t after_ns = 0;  ///< taken after it
    std::uint64_t duration_ns = 0;
    std::uint64_t size_bytes = 0;
};

/// Notes what a source pad pushes, just before and just after clockcalib does. So the truth about
/// its stamps is an interval, as narrow as the scheduler allows and never wrong.
class Watch {
  public:
    Watch(GstPad* src_pad, Key key);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    std::vector<Passage> passages() const;
    std::size_t count() const { return passages().size(); }
    bool wait_count(std::size_t at_least) const;

    void about_to_push(std::uint64_t before_ns);

  private:
    static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self);
    void note(GstPad* pad, GstBuffer* buffer, std::uint64_t after_ns);

    GstPad* pad_;
    Key key_;
    gulong probe_ = 0;
    mutable std::mutex mutex_;
    std::uint64_t before_ns_ = 0;
    std::vector<Passage> passages_;
};

/// Latencies that are known up to what the scheduler did between two stamps.
struct Truth {
    std::vector<std::uint64_t> at_least;
    std::vector<std::uint64_t> at_most;
    std::size_t unmatched = 0; ///< arrivals for which there was no departure

    void add(const Passage& departure, const Passage& arrival);
};

/// Each arrival with the departure of the same key. Arrivals of a key that came before are left
/// out: they are repetitions.
Truth truth_between(const Watch& departures, const Watch& arrivals);
/// Each arrival with the oldest or the newest departure whose time overlaps its own; the nearest if
/// none does.
enum class Content { oldest, newest };
Truth truth_of_content(const Watch& departures, const Watch& arrivals, Content which);

/// How many arrivals are before the first departure begins or after the last has ended: where there
/// are other sources, what is pushed then holds nothing of this one.
std::size_t arrivals_outside(const Watch& departures, const Watch& arrivals);

/// P50 and max of `figure` are those of `truth`, within 1 ms or 2 %, and a histogram's 1.6 %.
/// Prints both, for the table in the documents.
void expect_truth(const Quantiles& figure, const Truth& truth, const std::string& what);

/// A pipeline from a launch line, which gets a name that no other in the process has.
class Pipeline {
  public:
    Pipeline(const std::string& name, const std::string& line);
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    GstElement* get() const { return pipeline_; }
    GstBus* bus() const { return bus_; }
    std::string name() const { return name_; }
    /// "NAME/ELEMENT"
    std::string path(const std::string& element) const { return name_ + "/" + element; }

    /// Watches what `element` pushes from `pad`. The watch lives as long as the pipeline.
    Watch& watch(const std::string& element, const std::string& pad = "src",
                 Key key = Key::running_time);
    Watch& watch(GstPad* pad, Key key = Key::running_time);
    /// Watches what is pushed into the sink pad of `element`.
    Watch& watch_into(const std::string& element, const std::string& pad = "sink",
                      Key key = Key::running_time);

    bool reach(GstState state);
    bool settled(GstState expected);
    /// "eos", or "error: " with its text, or "nothing".
    std::string ending();
    /// Plays until it ends.
    std::string run();
    void stop();

  private:
    std::string name_;
    GstElement* pipeline_ = nullptr;
    GstBus* bus_ = nullptr;
    std::vector<std::unique_ptr<Watch>> watches_;
};

/// No element of the pipeline holds a buffer, and only those in `may_drop` have dropped any.
void expect_nothing_left(const Figures& figures, const Pipeline& pipeline,
                         std::initializer_list<const char*> may_drop = {});

/// The path from `source` to `sink` has every buffer that `arrivals` saw, and its latency.
/// `unsure`: buffers of which it may be open whether they have content of that source.
void expect_path(const Figures& figures, const Pipeline& pipeline, const std::string& source,
                 const std::string& sink, const Truth& truth, std::size_t unsure = 0);

GstElement* make(const char* factory, const char* name = nullptr);

} // namespace tactus::traced
