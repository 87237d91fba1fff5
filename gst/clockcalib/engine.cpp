// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/engine.h"

#include "glue/fast_clock.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

namespace tactus {

namespace {

constexpr std::uint64_t kMillisecondNs = 1'000'000;
constexpr std::uint64_t kClockPeriodNs = 100 * kMillisecondNs;
constexpr std::uint64_t kHealthPeriodNs = 1000 * kMillisecondNs;
constexpr std::uint64_t kSinksPeriodNs = 100 * kMillisecondNs;
// A thread may hold back for so many rounds what it recorded of a pad before the pad went.
constexpr std::uint64_t kGoneRounds = 2;

/// The longer the less there was to do, but never so long that three million pushes a second, more
/// than one thread can do, would fill half a ring meanwhile: the wake-up may be late.
std::chrono::microseconds pause_after(std::size_t fullest_units, std::size_t capacity_units) {
    if (fullest_units > capacity_units / 4)
        return std::chrono::microseconds{0};
    if (fullest_units > capacity_units / 64)
        return std::chrono::microseconds{500};
    return std::chrono::microseconds{fullest_units > 0 ? 1000 : 2000};
}

constexpr std::chrono::seconds kExitPatience{10};

/// The engine of this process.
struct OpenEngine {
    std::mutex mutex; ///< guards `engine`; held while one is made
    std::weak_ptr<Engine> engine;
    /// Whether an engine has the recorder. It keeps it until it has ended, some time after
    /// `engine` has expired.
    std::mutex turn_mutex;
    std::condition_variable turn_over;
    bool is_taken = false;

    void take_turn() {
        const std::lock_guard lock(turn_mutex);
        is_taken = true;
    }
    void end_turn() {
        const std::lock_guard lock(turn_mutex);
        is_taken = false;
        turn_over.notify_all();
    }
    void await_turn() {
        std::unique_lock lock(turn_mutex);
        turn_over.wait(lock, [this] { return !is_taken; });
    }
};

constinit std::atomic<OpenEngine*> the_open_engine{nullptr};
constinit std::atomic<Engine*> the_parents{nullptr};

OpenEngine& open_engine() {
    static const bool once = [] {
        the_open_engine = new OpenEngine;
        // The child begins anew: it has none of our threads, and a lock may be held for ever.
        pthread_atfork(nullptr, nullptr, [] { the_open_engine = new OpenEngine; });
        return true;
    }();
    static_cast<void>(once);
    return *the_open_engine;
}

/// An application that never calls gst_deinit gets its report as well.
void finish_at_exit() {
    OpenEngine& open = open_engine();
    if (const auto engine = open.engine.lock())
        engine->finish();
    // Another thread may be at it.
    std::unique_lock lock(open.turn_mutex);
    open.turn_over.wait_for(lock, kExitPatience, [&] { return !open.is_taken; });
}

} // namespace

std::shared_ptr<Engine> Engine::open(const Settings& settings, Recorder::Source source,
                                     std::vector<std::string>& problems) {
    OpenEngine& open = open_engine();
    const std::lock_guard lock(open.mutex);
    std::shared_ptr<Engine> engine = open.engine.lock();
    if (!engine) {
        open.await_turn();
        engine = std::shared_ptr<Engine>(new Engine(source, settings), let_go);
        open.engine = engine;
    }
    engine->add_outputs(settings, problems);
    return engine;
}

Engine::Engine(Recorder::Source source, const Settings& settings)
    : stall_threshold_ms_(settings.stall_threshold_ms), recorder_(Recorder::instance()) {
    static std::once_flag once;
    std::call_once(once, [] { std::atexit(finish_at_exit); });
    FastClock::prepare();
    clock_.set_rate(FastClock::ns_per_raw_step());
    analyzer_.add_observer(&incidents_);
    health_.start(stall_threshold_ms_ * kMillisecondNs);
    lost_told_ = lost();
    recorder_.start(source);
    try {
        thread_ = std::thread([this] { drain(); });
    } catch (...) {
        recorder_.stop();
        recorder_.close();
        throw;
    }
    open_engine().take_turn();
}

/// What the last owner does.
void Engine::let_go(Engine* engine) {
    if (engine->is_foreign()) {
        // There is no thread to wait for; so it stays, where a leak checker can see it.
        engine->outputs_.abandon();
        the_parents = engine;
    } else if (engine->thread_.get_id() == std::this_thread::get_id()) {
        // A message's handler, or the last reference to a pipeline that was told something.
        std::thread([engine] { delete engine; }).detach();
    } else {
        delete engine;
    }
}

bool Engine::is_foreign() const {
    return getpid() != process_;
}

Engine::~Engine() {
    finish();
}

void Engine::finish() {
    if (is_foreign()) // the files are the parent's
        return;
    {
        const std::lock_guard lock(wake_mutex_);
        if (std::exchange(stop_, true))
            return;
    }
    recorder_.stop();
    wake_.notify_all();
    if (thread_.get_id() == std::this_thread::get_id())
        thread_.detach(); // a message's handler ends the process
    else
        thread_.join();
    health_.stop();
    std::unique_ptr<MetricsEndpoint> metrics;
    std::vector<std::string> problems;
    {
        const Hold hold(*this);
        settle();
        recorder_.close();
        is_settled_ = true;
        problems = outputs_.finish(snapshot(), FastClock::monotonic_ns());
        metrics = outputs_.take_metrics();
    }
    metrics.reset();
    open_engine().end_turn();
    for (const std::string& problem : problems)
        RecordLog::warn(problem);
}

void Engine::add_outputs(const Settings& settings, std::vector<std::string>& problems) {
    // Made outside of the mutex, which its thread takes for each scrape.
    std::unique_ptr<MetricsEndpoint> metrics;
    const auto scrape = [this]() -> MetricsInput {
        Stats all = stats();
        return {std::move(all.latency), std::move(all.clocks)};
    };
    std::unique_lock lock(mutex_);
    const bool serves = outputs_.has_metrics();
    lock.unlock();
    if (serves && !settings.metrics.empty())
        problems.push_back("metrics '" + settings.metrics +
                           "' are not served: this process already serves '" + metrics_address() +
                           "'");
    else
        metrics = Outputs::open_metrics(settings, scrape, problems);
    lock.lock();
    if (metrics)
        outputs_.keep_metrics(std::move(metrics));
    for (LatencyObserver* observer : outputs_.add(settings, FastClock::monotonic_ns(), problems))
        analyzer_.add_observer(observer);
    if (settings.records && !log_.is_enabled()) {
        log_.enable();
        analyzer_.add_observer(&log_);
    }
    if (settings.wants_stall_threshold && settings.stall_threshold_ms != stall_threshold_ms_)
        problems.push_back("stall-threshold " + std::to_string(settings.stall_threshold_ms) +
                           " ms is not used: this process already uses " +
                           std::to_string(stall_threshold_ms_) +
                           " ms, which the first to start has set");
    if (settings.interval_ms != 0)
        bus_.set_interval_ns(settings.interval_ms * kMillisecondNs);
}

std::string Engine::metrics_address() {
    if (is_foreign())
        return {};
    const std::lock_guard lock(mutex_);
    return outputs_.metrics_address();
}

void Engine::drain() {
    pthread_setname_np(pthread_self(), "clockcalib");
    std::unique_lock wake_lock(wake_mutex_);
    while (!stop_) {
        wake_lock.unlock();
        std::size_t fullest = 0;
        {
            const Hold hold(*this);
            fullest = round();
        }
        chores();
        wake_lock.lock();
        const auto pause = pause_after(fullest, recorder_.hub().ring_capacity_units());
        if (pause.count() > 0)
            wake_.wait_for(wake_lock, pause, [this] { return stop_; });
    }
}

/// What has become known is told before the records that may name it.
void Engine::learn() {
    ObjectBook::Changes changes = ObjectBook::instance().take_changes();
    for (const ThreadInfo& thread : changes.threads)
        analyzer_.thread(thread);
    for (const ElementInfo& element : changes.elements)
        analyzer_.element(element);
    for (const PadInfo& pad : changes.pads)
        analyzer_.pad(pad);
    if (!changes.gone_pads.empty())
        gone_.push_back({round_, std::move(changes.gone_pads)});
    if (!changes.elements.empty())
        next_sinks_ns_ = 0;
}

std::size_t Engine::round() {
    const std::uint64_t now_ns = FastClock::monotonic_ns();
    tick_clock(now_ns);
    ++round_;
    const auto result = recorder_.hub().collect(
        [&] {
            learn();
            look_at_sinks(now_ns);
        },
        [this](std::uint32_t thread, const RecordRing& ring, std::uint64_t position,
               RecordHead head) { visit(thread, ring, position, head); },
        [this](std::uint32_t thread) { analyzer_.thread_gone(thread); });
    visit_gpu();
    count_lost(now_ns);
    forget_pads();
    analyzer_.tick(now_ns);
    return result.left_over ? std::max<std::size_t>(result.fullest_units, 1) : result.fullest_units;
}

/// The best of a few tries: a thread may lose its processor between the two.
void Engine::sample_clock() {
    constexpr int kTries = 5;
    std::uint64_t ticks = 0;
    std::uint64_t middle_ns = 0;
    std::uint64_t narrowest_ns = UINT64_MAX;
    for (int i = 0; i < kTries; ++i) {
        const std::uint64_t before_ns = FastClock::monotonic_ns();
        const std::uint64_t read = FastClock::raw_stamp();
        const std::uint64_t width_ns = FastClock::monotonic_ns() - before_ns;
        if (width_ns < narrowest_ns) {
            narrowest_ns = width_ns;
            ticks = read;
            middle_ns = before_ns + width_ns / 2;
        }
    }
    clock_.sample(ticks, middle_ns);
}

void Engine::tick_clock(std::uint64_t now_ns) {
    if (recorder_.source() == Recorder::Source::hooks) {
        clock_.set_offset(recorder_.stamp_offset_ns());
    } else if (now_ns >= next_clock_ns_) {
        sample_clock();
        next_clock_ns_ = now_ns + kClockPeriodNs;
    }
}

void Engine::look_at_sinks(std::uint64_t now_ns) {
    if (now_ns < next_sinks_ns_)
        return;
    next_sinks_ns_ = now_ns + kSinksPeriodNs;
    for (const SinkSync& sync : sinks_.look())
        analyzer_.sink_sync(sync);
    recorder_.gpu().look_for_registration();
}

void Engine::visit(std::uint32_t thread, const RecordRing& ring, std::uint64_t position,
                   RecordHead head) {
    const std::uint64_t at_ns = clock_.to_ns(head.stamp());
    switch (head.kind()) {
    case RecordKind::push:
        visit_push(thread, ring, position);
        break;
    case RecordKind::end:
        analyzer_.end({at_ns, thread, ring.read<EndRecord>(position).flow});
        break;
    case RecordKind::segment:
        visit_segment(ring.read<SegmentRecord>(position));
        break;
    case RecordKind::eos:
        analyzer_.eos(ring.read<PadRecord>(position).src_pad, at_ns);
        break;
    case RecordKind::flushed:
        analyzer_.flushed(ring.read<PadRecord>(position).src_pad, at_ns);
        break;
    case RecordKind::item: // read with their push
    case RecordKind::id:
        break;
    }
}

namespace {

BufferSeen buffer_of(const PushRecord& record) {
    BufferSeen buffer;
    buffer.address = record.address;
    buffer.pts_ns = record.pts_ns;
    buffer.duration_ns = record.duration_ns;
    buffer.size_bytes = record.size_bytes;
    buffer.id_is_new = (record.flags & PushRecord::id_is_new) != 0;
    buffer.id_unattached = (record.flags & PushRecord::id_unattached) != 0;
    return buffer;
}

} // namespace

void Engine::visit_push(std::uint32_t thread, const RecordRing& ring, std::uint64_t position) {
    const auto first = ring.read<PushRecord>(position);
    const unsigned records = first.more + 1U;
    ids_.clear();
    buffers_.clear();
    starts_.clear();
    for (unsigned i = 0; i < records; ++i) {
        const auto head = ring.read<RecordHead>(position);
        if (head.kind() == RecordKind::id) {
            const auto further = ring.read<IdRecord>(position);
            ids_.push_back({further.id, clock_.to_ns(further.t0)});
        } else {
            const auto record = ring.read<PushRecord>(position);
            buffers_.push_back(buffer_of(record));
            starts_.push_back(ids_.size());
            ids_.push_back({record.id, clock_.to_ns(record.t0)});
        }
        position += units_of(head.kind());
    }
    starts_.push_back(ids_.size());
    for (std::size_t i = 0; i < buffers_.size(); ++i)
        buffers_[i].ids = std::span(ids_).subspan(starts_[i], starts_[i + 1] - starts_[i]);
    PushBegin push;
    push.at_ns = clock_.to_ns(first.head.stamp());
    push.thread = thread;
    push.src_pad = first.src_pad;
    push.dst_pad = first.dst_pad;
    push.buffers = buffers_;
    push.has_end = (first.flags & PushRecord::no_end) == 0;
    push.is_pulled = (first.flags & PushRecord::is_pulled) != 0;
    analyzer_.begin(push);
}

void Engine::visit_segment(const SegmentRecord& record) {
    SegmentSeen segment;
    segment.src_pad = record.src_pad;
    segment.rate = record.rate;
    segment.start_ns = record.start_ns;
    segment.stop_ns = record.stop_ns;
    segment.base_ns = record.base_ns;
    segment.offset_ns = record.offset_ns;
    segment.in_time = record.in_time != 0;
    analyzer_.segment(segment);
}

void Engine::visit_gpu() {
    for (GpuInbox::Work& work : recorder_.gpu().take()) {
        work.work.at_ns = clock_.to_ns(work.work.at_ns);
        if (work.work.begin_ns != kNoTimeNs && work.work.end_ns != kNoTimeNs)
            analyzer_.gpu(work.work);
    }
}

/// Since the process began, whoever listened.
std::uint64_t Engine::lost() {
    return recorder_.hub().records_lost() + recorder_.failures() + recorder_.gpu().lost();
}

void Engine::count_lost(std::uint64_t now_ns) {
    const std::uint64_t all = lost();
    if (all == lost_told_)
        return;
    analyzer_.incident({IncidentKind::records_lost,
                        now_ns,
                        static_cast<std::int64_t>(all - std::exchange(lost_told_, all)),
                        {}});
}

void Engine::forget_pads() {
    while (!gone_.empty() && gone_.front().round + kGoneRounds <= round_) {
        for (const std::uint32_t pad : gone_.front().pads)
            analyzer_.pad_gone(pad);
        gone_.pop_front();
    }
}

/// What is due now and then.
void Engine::chores() {
    std::optional<Hold> hold(*this);
    const std::uint64_t now_ns = FastClock::monotonic_ns();
    const std::vector<std::string> problems = outputs_.serve(now_ns);
    HealthReport findings;
    if (now_ns >= next_health_ns_) {
        next_health_ns_ = now_ns + kHealthPeriodNs;
        findings = poll_health();
    }
    for (const Incident& incident : findings.incidents)
        analyzer_.incident(incident);
    for (const CounterSample& sample : findings.samples)
        analyzer_.sampled(sample);
    std::optional<Stats> to_post;
    if (bus_.due(now_ns))
        to_post = snapshot();
    hold.reset();
    if (to_post)
        BusPoster::post_stats(*to_post);
    for (const Incident& incident : findings.incidents)
        BusPoster::post_incident(incident);
    for (const std::string& problem : problems)
        RecordLog::warn(problem);
}

HealthReport Engine::poll_health() {
    if (const auto seen = sinks_.read_pipeline_clock())
        return health_.poll(seen->monotonic_ns, seen->clock_ns);
    return health_.poll(FastClock::monotonic_ns(), std::nullopt);
}

/// Two rounds read all that was published before.
void Engine::settle() {
    if (is_settled_)
        return;
    round();
    round();
}

Stats Engine::snapshot() {
    return {analyzer_.snapshot(FastClock::monotonic_ns()), health_.snapshot(),
            incidents_.snapshot()};
}

// In a forked child the drain thread may have held the mutex, and nobody will let it go.
Stats Engine::stats() {
    if (is_foreign())
        return {};
    const Hold hold(*this);
    settle();
    return snapshot();
}

void Engine::reset() {
    if (is_foreign())
        return;
    const Hold hold(*this);
    settle();
    analyzer_.reset();
    incidents_.reset();
}

std::string Engine::write_report(const std::string& path) {
    if (is_foreign())
        return "report '" + path + "' is not written: the figures are those of the parent process";
    return Outputs::write_report(path, stats());
}

} // namespace tactus
