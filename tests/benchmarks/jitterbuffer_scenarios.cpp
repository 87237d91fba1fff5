// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// jitterbuffer beside rtpjitterbuffer: packets as fast as they are taken, and many live streams.
#include "harness.h"
#include "scenarios.h"

#include <gst/gst.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>

namespace tactus::bench {

namespace {

using Goal = Figure::Goal;

struct Subject {
    const char* factory;
    bool direct_push = false;
};

constexpr Subject kPeer{"rtpjitterbuffer"};
constexpr Subject kOurs{"jitterbuffer"};
constexpr Subject kOursDirect{"jitterbuffer", true};
constexpr gsize kPacketBytes = 172;
constexpr std::uint32_t kTicks = 960; ///< 20 ms at 48 kHz
constexpr GstClockTime kSpacing = 20 * GST_MSECOND;
constexpr std::uint64_t kChunk = 50'000;
constexpr std::uint64_t kMostHeld = 2'000;
constexpr unsigned kStreams = 100;

GstBuffer* make_packet(std::uint64_t index, GstClockTime arrival) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, kPacketBytes, nullptr);
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_WRITE);
    std::fill_n(map.data, kPacketBytes, guint8{0});
    map.data[0] = 0x80;
    map.data[1] = 96;
    GST_WRITE_UINT16_BE(map.data + 2, static_cast<guint16>(index));
    GST_WRITE_UINT32_BE(map.data + 4, static_cast<guint32>(index * kTicks));
    GST_WRITE_UINT32_BE(map.data + 8, 0x1234U);
    gst_buffer_unmap(buffer, &map);
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = arrival;
    return buffer;
}

void sleep_ns(std::uint64_t ns) {
    timespec t{};
    t.tv_nsec = static_cast<long>(ns);
    nanosleep(&t, nullptr);
}

/// A subject's element under the system clock, between a source pad and a counter.
class Stream {
  public:
    Stream(const Subject& subject, GstClock* clock, GstClockTime base_time)
        : element_(gst_element_factory_make(subject.factory, nullptr)),
          source_(gst_pad_new("src", GST_PAD_SRC)), counter_("sink") {
        if (element_ == nullptr)
            throw std::runtime_error(std::string("no element ") + subject.factory);
        gst_object_ref_sink(element_);
        if (subject.direct_push)
            g_object_set(element_, "direct-push", TRUE, nullptr);
        link_pad(element_, "sink", source_);
        link_pad(element_, "src", counter_.pad());
        gst_pad_set_active(source_, TRUE);
        gst_element_set_state(element_, GST_STATE_PAUSED); // which sets the base time to 0
        gst_element_set_clock(element_, clock);
        gst_element_set_base_time(element_, base_time);
        gst_element_set_state(element_, GST_STATE_PLAYING);
        begin_stream(source_, gst_caps_from_string("application/x-rtp,media=audio,payload=96,"
                                                   "clock-rate=48000,encoding-name=OPUS"));
    }
    ~Stream() {
        gst_element_set_state(element_, GST_STATE_NULL);
        gst_pad_set_active(source_, FALSE);
        gst_object_unref(source_);
        gst_object_unref(element_);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    void push(GstBuffer* buffer) { gst_pad_push(source_, buffer); }
    std::uint64_t count() const { return counter_.count(); }

  private:
    GstElement* element_;
    GstPad* source_;
    Counter counter_;
};

struct SystemClock {
    GstClock* clock = gst_system_clock_obtain();
    GstClockTime base_time = gst_clock_get_time(clock);

    SystemClock() = default;
    ~SystemClock() { gst_object_unref(clock); }
    SystemClock(const SystemClock&) = delete;
    SystemClock& operator=(const SystemClock&) = delete;
    GstClockTime now() const { return gst_clock_get_time(clock) - base_time; }
};

// Until `packets` have come out, or no more do; returns when the last one was seen.
std::uint64_t wait_for(const Stream& stream, std::uint64_t packets) {
    constexpr std::uint64_t kPatienceNs = 300'000'000;
    std::uint64_t count = stream.count();
    std::uint64_t seen_ns = now_ns();
    while (count < packets && now_ns() - seen_ns < kPatienceNs) {
        sleep_ns(20'000);
        if (stream.count() == count)
            continue;
        count = stream.count();
        seen_ns = now_ns();
    }
    return seen_ns;
}

// ns per packet; the packets are made before.
std::vector<double> line_rate_ns(const Options& options, const Subject& subject, bool swapped) {
    constexpr std::size_t kFirstSwap = 10;
    constexpr std::size_t kEvery = 8;
    const SystemClock clock;
    Stream stream(subject, clock.clock, clock.base_time);
    // The first one is not counted: the first packet waits for the delay.
    const std::uint64_t chunks = options.quick ? 2 : 4;
    std::vector<GstBuffer*> packets(kChunk);
    std::uint64_t spent_ns = 0;
    std::uint64_t lost = 0;
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
        const std::uint64_t first = chunk * kChunk;
        for (std::uint64_t i = 0; i < kChunk; ++i)
            packets[i] = make_packet(first + i, (first + i) * kSpacing);
        for (std::size_t i = kFirstSwap; swapped && i + 1 < kChunk; i += kEvery)
            std::swap(packets[i], packets[i + 1]);
        const std::uint64_t begin = now_ns();
        for (std::uint64_t i = 0; i < kChunk; ++i) {
            stream.push(packets[i]);
            if (i % 64 == 0 && first + i > lost + stream.count() + kMostHeld)
                wait_for(stream, first + i - lost - kMostHeld);
        }
        const std::uint64_t end = wait_for(stream, first + kChunk - lost);
        spent_ns += chunk > 0 ? end - begin : 0;
        lost = first + kChunk - std::min(stream.count(), first + kChunk);
        if (lost > 0 && options.verbose)
            std::fprintf(stderr, "  %s: %llu packets have not come out\n", subject.factory,
                         static_cast<unsigned long long>(lost));
    }
    return {static_cast<double>(spent_ns) / static_cast<double>((chunks - 1) * kChunk)};
}

// CPU time per packet in ns, of the whole process.
double live_cpu_ns(const Options& options, const Subject& subject) {
    const SystemClock clock;
    std::vector<std::unique_ptr<Stream>> streams;
    for (unsigned i = 0; i < kStreams; ++i)
        streams.push_back(std::make_unique<Stream>(subject, clock.clock, clock.base_time));
    const std::uint64_t packets = options.quick ? 25 : 150;
    const GstClockTime begin = clock.now();
    const std::uint64_t spent_ns = cpu_ns();
    for (std::uint64_t i = 0; i < packets * kStreams; ++i) {
        const GstClockTime due = begin + i * kSpacing / kStreams;
        const GstClockTime now = clock.now();
        if (due > now)
            sleep_ns(due - now);
        streams[i % kStreams]->push(make_packet(i / kStreams, clock.now()));
    }
    return static_cast<double>(cpu_ns() - spent_ns) / static_cast<double>(packets * kStreams);
}

// What the element adds to a pipeline that does nothing with the packets.
std::vector<double> added_cpu_ns(const Options& options, const Subject& subject) {
    const double without = live_cpu_ns(options, {"identity"});
    return {std::max(live_cpu_ns(options, subject) - without, 0.0)};
}

std::string named(const char* name, const Subject& ours) {
    return std::string(name) + (ours.direct_push ? ", direct-push" : "");
}

Scenario line_rate(const Options& options, const Subject& ours, bool swapped) {
    Scenario s;
    s.figures = {{.name = named(swapped ? "adjacent swaps" : "line rate, in order", ours),
                  .unit = "ns/packet",
                  .goal = Goal::speedup,
                  .bound = 1.8}};
    s.peer = [=] { return line_rate_ns(options, kPeer, swapped); };
    s.ours = [=] { return line_rate_ns(options, ours, swapped); };
    return s;
}

Scenario live(const Options& options, const Subject& ours) {
    Scenario s;
    s.figures = {{.name = named("100 live streams, added CPU", ours),
                  .unit = "ns/packet",
                  .goal = Goal::share,
                  .bound = 0.6}};
    s.peer = [=] { return added_cpu_ns(options, kPeer); };
    s.ours = [=] { return added_cpu_ns(options, ours); };
    return s;
}

} // namespace

std::vector<Scenario> make_scenarios(const Options& options) {
    std::vector<Scenario> scenarios;
    for (const Subject& ours : {kOurs, kOursDirect}) {
        scenarios.push_back(line_rate(options, ours, false));
        scenarios.push_back(line_rate(options, ours, true));
        scenarios.push_back(live(options, ours));
    }
    return scenarios;
}

} // namespace tactus::bench
