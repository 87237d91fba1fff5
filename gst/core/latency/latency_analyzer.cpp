// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/latency_analyzer.h"

#include "core/latency/exit_ledger.h"
#include "core/latency/gpu_ledger.h"
#include "core/latency/latency_registry.h"

#include <algorithm>

namespace tactus {

namespace {

// So often histograms that nothing falls into are looked for.
constexpr std::uint64_t kPackPeriodNs = 10'000'000'000;

// Under which ids a buffer goes into the next element.
struct Identity {
    std::uint64_t id = 0;
    std::uint64_t newest_id = 0;
    std::uint64_t flow_id = 0;
    Origins origins;
    bool is_first = false;
    bool is_repeat = false; ///< an element further up sends its content more than once
};

} // namespace

struct LatencyAnalyzer::Impl {
    ObserverList observers;
    LatencyRegistry registry;
    ExitLedger exits{observers};
    GpuLedger gpu_queues;
    std::uint64_t records_lost = 0;
    std::uint64_t stalls = 0;
    std::uint64_t clock_jumps = 0;
    std::uint32_t last_serial = 0;
    std::uint64_t last_ns = 0; ///< the latest time that was told
    std::uint64_t next_pack_ns = 0;

    /// One push and whom it concerns.
    struct Push {
        const PushBegin& seen;
        PadState* src = nullptr;
        PadState* dst = nullptr;
        ElementState* from = nullptr;
        ElementState* to = nullptr;
        ThreadState* thread = nullptr;
        std::uint32_t serial = 0; ///< 0: its end will not be seen
        std::uint64_t wait_ns = kNoTimeNs;
    };

    Origins resolve(const IdStamp& stamp, std::uint64_t& flow_id) const;
    Identity identify_carried(const BufferSeen& buffer) const;
    Identity identify_new(const Push& push, const BufferSeen& buffer);
    void enter(Push& push, const BufferSeen& buffer, const Identity& identity);
    void arrive(const Push& push, const Identity& identity, std::uint64_t wait_ns);
    void count_path(const Push& push, const Origins::Span& span, bool inferred) const;
    std::uint64_t sync_wait(const Push& push, const BufferSeen& buffer) const;
    void count(const Push& push) const;
    Push open(const PushBegin& seen);
    void follow(Push& push, const BufferSeen& buffer, PushBegan& began);
    void begin(const PushBegin& seen);
    void tell_begun(const Push& push, PushBegan& began) const;
    void end(const PushEnd& seen);
    void lose_records();
    void pack_idle_histograms(std::uint64_t now_ns);
};

Origins LatencyAnalyzer::Impl::resolve(const IdStamp& stamp, std::uint64_t& flow_id) const {
    const PadState* pad = registry.find_pad(stamp.pad());
    const Alias* alias = pad ? pad->aliases.find(stamp.sequence()) : nullptr;
    flow_id = alias ? alias->flow_id : stamp.id;
    return alias ? alias->origins : Origins{stamp, stamp, false};
}

Identity LatencyAnalyzer::Impl::identify_carried(const BufferSeen& buffer) const {
    Identity identity;
    IdStamp oldest = buffer.ids[0];
    IdStamp newest = buffer.ids[0];
    identity.origins = resolve(oldest, identity.flow_id);
    for (const IdStamp& stamp : buffer.ids.subspan(1)) {
        std::uint64_t flow_id = 0;
        merge(identity.origins, resolve(stamp, flow_id));
        if (stamp.t0_ns < oldest.t0_ns) {
            oldest = stamp;
            identity.flow_id = flow_id;
        }
        if (stamp.t0_ns > newest.t0_ns)
            newest = stamp;
    }
    identity.id = oldest.id;
    identity.newest_id = newest.id;
    return identity;
}

Identity LatencyAnalyzer::Impl::identify_new(const Push& push, const BufferSeen& buffer) {
    const IdStamp stamp = buffer.ids[0];
    Identity identity{stamp.id, stamp.id, stamp.id, {stamp, stamp, false}, true};
    if (!push.from || push.from->sink_pads.empty())
        return identity;
    const ExitLedger::Exit exit{*push.src,   *push.from,       buffer,
                                push.thread, push.seen.thread, push.seen.at_ns};
    if (const auto [entry, is_repeat] = exits.leave_unattached(exit); entry) {
        identity.origins = entry->origins;
        identity.flow_id = entry->flow_id;
        identity.is_first = false;
        identity.is_repeat = is_repeat;
    } else if (const auto origins = exits.infer(exit)) {
        identity.origins = *origins;
        identity.is_first = false;
    }
    if (!identity.is_first && !buffer.id_unattached)
        if (PadState* giver = registry.find_pad(stamp.pad()))
            giver->aliases.put({stamp.sequence(), stamp.t0_ns, identity.flow_id, identity.origins});
    return identity;
}

void LatencyAnalyzer::Impl::enter(Push& push, const BufferSeen& buffer, const Identity& identity) {
    PadBook& book = *push.dst->book;
    ++push.to->buffers_in;
    if (push.to->info.is_sink) {
        const std::uint64_t wait_ns = sync_wait(push, buffer);
        if (wait_ns != kNoTimeNs)
            push.wait_ns = push.wait_ns == kNoTimeNs ? wait_ns : std::max(push.wait_ns, wait_ns);
        if (identity.is_repeat || book.has_seen(identity.id, identity.newest_id, buffer)) {
            ++push.to->duplicated;
            return;
        }
        arrive(push, identity, wait_ns);
    }
    exits.make_room(*push.to, book, push.seen.at_ns);
    BookEntry entry;
    entry.id = identity.id;
    entry.newest_id = identity.newest_id;
    entry.flow_id = identity.flow_id;
    entry.address = buffer.address;
    entry.in_ns = push.seen.at_ns;
    entry.pts_ns = buffer.pts_ns;
    entry.size_bytes = buffer.size_bytes;
    entry.out_address = buffer.address;
    entry.out_pts_ns = buffer.pts_ns;
    entry.origins = identity.origins;
    entry.running = push.src ? push.src->place(buffer) : RunningInterval{};
    entry.thread = push.seen.thread;
    entry.push_serial = push.serial;
    entry.push_depth = push.thread ? static_cast<std::uint32_t>(push.thread->open.size()) : 0;
    entry.fate = push.to->info.is_sink ? Fate::forgotten : Fate::inside;
    entry.unattached = buffer.id_unattached;
    entry.is_repeat = identity.is_repeat;
    entry.is_block = push.seen.is_pulled || (buffer.pts_ns == kNoTimeNs && push.src &&
                                             push.src->has_segment && !push.src->segment.in_time);
    book.add(entry);
}

std::uint64_t LatencyAnalyzer::Impl::sync_wait(const Push& push, const BufferSeen& buffer) const {
    const SinkSync& sync = push.to->sync;
    if (!sync.sync || sync.base_time_ns == kNoTimeNs || !push.src)
        return kNoTimeNs;
    const RunningInterval running = push.src->place(buffer);
    if (!running.is_timed())
        return kNoTimeNs;
    const std::int64_t target = static_cast<std::int64_t>(sync.base_time_ns + sync.latency_ns) +
                                running.start_ns + sync.ts_offset_ns;
    const std::int64_t wait = target - static_cast<std::int64_t>(push.seen.at_ns);
    return wait > 0 ? static_cast<std::uint64_t>(wait) : 0;
}

void LatencyAnalyzer::Impl::count_path(const Push& push, const Origins::Span& span,
                                       bool inferred) const {
    const std::uint32_t source = registry.source_of(span.oldest);
    auto& paths = push.to->paths;
    auto found = std::find_if(paths.begin(), paths.end(), [source](const auto& path) {
        return path->source_element == source;
    });
    if (found == paths.end()) {
        paths.push_back(std::make_unique<PathState>());
        paths.back()->source_element = source;
        found = paths.end() - 1;
    }
    const auto since = [&](std::uint64_t t0_ns) {
        return push.seen.at_ns > t0_ns ? push.seen.at_ns - t0_ns : 0;
    };
    PathState& path = **found;
    ++path.buffers;
    path.inferred += inferred ? 1 : 0;
    path.oldest.record(since(span.oldest.t0_ns));
    path.newest.record(since(span.newest.t0_ns));
}

void LatencyAnalyzer::Impl::arrive(const Push& push, const Identity& identity,
                                   std::uint64_t wait_ns) {
    const Origins& origins = identity.origins;
    if (origins.span_count == 0)
        count_path(push, {origins.oldest, origins.newest}, origins.inferred);
    for (std::size_t i = 0; i < origins.span_count; ++i)
        count_path(push, origins.spans[i], origins.inferred);
    const Arrived arrived{push.to->info.id, registry.source_of(origins.oldest),
                          push.seen.at_ns,  identity.flow_id,
                          origins,          wait_ns == kNoTimeNs ? 0 : wait_ns};
    observers.tell([&](LatencyObserver& o) { o.arrived(arrived); });
}

void LatencyAnalyzer::Impl::count(const Push& push) const {
    std::uint64_t bytes = 0;
    for (const BufferSeen& buffer : push.seen.buffers)
        bytes += buffer.size_bytes;
    if (!push.from)
        return;
    push.from->buffers_out += push.seen.buffers.size();
    push.from->bytes_out += bytes;
    if (!push.to)
        return;
    EdgeState*& edge = push.src->edge;
    if (!edge || edge->dst_element != push.to->info.id) {
        auto& edges = push.from->edges;
        const auto found = std::find_if(edges.begin(), edges.end(), [&](const auto& e) {
            return e->dst_element == push.to->info.id;
        });
        edge =
            found == edges.end()
                ? edges.emplace_back(std::make_unique<EdgeState>(EdgeState{push.to->info.id})).get()
                : found->get();
    }
    edge->buffers += push.seen.buffers.size();
    edge->bytes += bytes;
}

LatencyAnalyzer::Impl::Push LatencyAnalyzer::Impl::open(const PushBegin& seen) {
    Push push{seen, registry.find_pad(seen.src_pad), registry.find_pad(seen.dst_pad)};
    push.thread = registry.use_thread(seen.thread);
    if (push.src) {
        push.from = push.src->element;
        push.src->last_dst = seen.dst_pad;
        push.src->eos = false;
        if (push.from && push.src->bit == 0)
            LatencyRegistry::use_as_source(*push.src);
    }
    if (push.dst) {
        push.to = push.dst->element;
        if (push.to && !push.dst->book)
            LatencyRegistry::use_as_sink(*push.dst);
    }
    if (seen.has_end && push.thread) {
        if (++last_serial == 0)
            ++last_serial;
        push.serial = last_serial;
    }
    return push;
}

void LatencyAnalyzer::Impl::follow(Push& push, const BufferSeen& buffer, PushBegan& began) {
    began.size_bytes += buffer.size_bytes;
    if (buffer.ids.empty())
        return;
    const bool is_repeat = push.from && !buffer.id_is_new &&
                           exits.leave({*push.src, *push.from, buffer, push.thread,
                                        push.seen.thread, push.seen.at_ns});
    Identity identity = buffer.id_is_new ? identify_new(push, buffer) : identify_carried(buffer);
    identity.is_repeat |= is_repeat;
    if (began.buffer_id == 0) {
        began.buffer_id = identity.flow_id;
        began.origins = identity.origins;
        began.is_first = identity.is_first;
        began.pts_ns = buffer.pts_ns;
    } else {
        merge(began.origins, identity.origins);
    }
    if (push.to)
        enter(push, buffer, identity);
}

void LatencyAnalyzer::Impl::begin(const PushBegin& seen) {
    last_ns = std::max(last_ns, seen.at_ns);
    Push push = open(seen);
    count(push);
    PushBegan began;
    for (const BufferSeen& buffer : seen.buffers)
        follow(push, buffer, began);
    if (push.from)
        exits.drop_overtaken(*push.from, seen.at_ns);
    if (push.serial != 0) {
        auto& open_pushes = push.thread->open;
        if (open_pushes.size() >= ThreadState::kDepthMax)
            open_pushes.clear(); // ends were lost
        open_pushes.push_back(
            {seen.at_ns, 0, push.wait_ns, push.to ? push.to->info.id : 0, push.serial});
    } else if (push.to && push.wait_ns != kNoTimeNs) {
        push.to->sync_wait.record(push.wait_ns);
    }
    if (!observers.all.empty())
        tell_begun(push, began);
}

void LatencyAnalyzer::Impl::tell_begun(const Push& push, PushBegan& began) const {
    const PushBegin& seen = push.seen;
    began.at_ns = seen.at_ns;
    began.thread = seen.thread;
    began.src_element = push.from ? push.from->info.id : 0;
    began.dst_element = push.to ? push.to->info.id : 0;
    began.buffers = static_cast<std::uint32_t>(seen.buffers.size());
    began.has_end = seen.has_end;
    began.is_last = push.to && push.to->info.is_sink;
    observers.tell([&](LatencyObserver& o) { o.push_began(began); });
}

void LatencyAnalyzer::Impl::end(const PushEnd& seen) {
    ThreadState* thread = registry.find_thread(seen.thread);
    if (!thread || thread->open.empty())
        return; // its begin was lost, or was before we listened
    const OpenPush push = thread->open.back();
    thread->open.pop_back();
    const std::uint64_t inclusive = seen.at_ns > push.began_ns ? seen.at_ns - push.began_ns : 0;
    std::uint64_t self = inclusive > push.nested_ns ? inclusive - push.nested_ns : 0;
    if (!thread->open.empty())
        thread->open.back().nested_ns += inclusive;
    if (ElementState* element = registry.find_element(push.dst_element)) {
        if (push.wait_ns != kNoTimeNs) {
            const std::uint64_t waited = std::min(self, push.wait_ns);
            element->sync_wait.record(waited);
            self -= waited;
        }
        element->self.record(self);
    }
    if (observers.all.empty())
        return;
    const PushEnded ended{seen.at_ns,  push.began_ns,    self,
                          seen.thread, push.dst_element, seen.flow};
    observers.tell([&](LatencyObserver& o) { o.push_ended(ended); });
}

void LatencyAnalyzer::Impl::lose_records() {
    // Begins and ends no longer pair, and what comes out may not have been seen.
    registry.for_each_thread([](ThreadState& thread) { thread.open.clear(); });
    registry.for_each_element([](ElementState& element) {
        for (PadState* pad : element.sink_pads)
            pad->book->doubt_inside();
    });
}

// Those of elements that have gone, above all. Their pads do not tell when the last figure comes:
// what is on its way from a source still arrives, and a push into an element may end after it went.
void LatencyAnalyzer::Impl::pack_idle_histograms(std::uint64_t now_ns) {
    if (now_ns < next_pack_ns)
        return;
    next_pack_ns = now_ns + kPackPeriodNs;
    registry.for_each_element([](ElementState& element) { pack_idle(element); });
}

LatencyAnalyzer::LatencyAnalyzer() : impl_(std::make_unique<Impl>()) {}
LatencyAnalyzer::~LatencyAnalyzer() = default;

void LatencyAnalyzer::add_observer(LatencyObserver* observer) {
    impl_->observers.all.push_back(observer);
    impl_->registry.for_each_element(
        [observer](const ElementState& element) { observer->element_added(element.info); });
    impl_->registry.for_each_thread([observer](const ThreadState& thread) {
        if (thread.is_told)
            observer->thread_added(thread.info);
    });
}

void LatencyAnalyzer::remove_observer(LatencyObserver* observer) {
    std::erase(impl_->observers.all, observer);
}

void LatencyAnalyzer::element(const ElementInfo& info) {
    impl_->registry.element(info);
    impl_->observers.tell([&](LatencyObserver& o) { o.element_added(info); });
}

void LatencyAnalyzer::pad(const PadInfo& info) {
    impl_->registry.pad(info);
}

void LatencyAnalyzer::thread(const ThreadInfo& info) {
    impl_->registry.thread(info);
    impl_->observers.tell([&](LatencyObserver& o) { o.thread_added(info); });
}

void LatencyAnalyzer::pad_gone(std::uint32_t pad) {
    PadState* state = impl_->registry.find_pad(pad);
    if (!state || state->is_gone)
        return;
    if (state->book && state->element->ever_pushed && !state->element->info.is_sink)
        impl_->exits.drop_inside(*state->element, *state->book, impl_->last_ns);
    impl_->registry.forget_pad(*state);
}

void LatencyAnalyzer::thread_gone(std::uint32_t thread) {
    impl_->registry.forget_thread(thread);
}

void LatencyAnalyzer::begin(const PushBegin& push) {
    impl_->begin(push);
}
void LatencyAnalyzer::end(const PushEnd& push) {
    impl_->end(push);
}

void LatencyAnalyzer::segment(const SegmentSeen& segment) {
    if (PadState* pad = impl_->registry.find_pad(segment.src_pad)) {
        pad->segment = segment;
        pad->has_segment = true;
        if (!pad->element)
            return;
        pad->element->last_out_end = kNoRunningTime; // running time may begin anew
        pad->element->makes_time |= segment.in_time;
    }
}

void LatencyAnalyzer::eos(std::uint32_t src_pad, std::uint64_t at_ns) {
    PadState* pad = impl_->registry.find_pad(src_pad);
    if (!pad || !pad->element || pad->element->info.is_sink)
        return;
    pad->eos = true;
    const auto& pads = pad->element->pads;
    if (std::all_of(pads.begin(), pads.end(),
                    [](const PadState* p) { return p->bit == 0 || p->eos; }))
        impl_->exits.drop_inside(*pad->element, at_ns);
}

void LatencyAnalyzer::flushed(std::uint32_t src_pad, std::uint64_t at_ns) {
    const PadState* src = impl_->registry.find_pad(src_pad);
    PadState* dst = src ? impl_->registry.find_pad(src->last_dst) : nullptr;
    if (dst && dst->element && dst->book && !dst->element->info.is_sink) {
        dst->element->last_out_end = kNoRunningTime;
        impl_->exits.drop_inside(*dst->element, *dst->book, at_ns);
    }
}

void LatencyAnalyzer::sink_sync(const SinkSync& sync) {
    if (ElementState* element = impl_->registry.find_element(sync.element))
        element->sync = sync;
}

void LatencyAnalyzer::gpu(const GpuWork& work) {
    if (impl_->gpu_queues.add(work))
        impl_->observers.tell([&](LatencyObserver& o) { o.gpu_worked(work); });
}

void LatencyAnalyzer::incident(const Incident& incident) {
    switch (incident.kind) {
    case IncidentKind::stall:
        ++impl_->stalls;
        break;
    case IncidentKind::clock_jump:
        ++impl_->clock_jumps;
        break;
    case IncidentKind::records_lost:
        impl_->records_lost +=
            incident.amount > 0 ? static_cast<std::uint64_t>(incident.amount) : 0;
        impl_->lose_records();
        break;
    }
    impl_->observers.tell([&](LatencyObserver& o) { o.incident(incident); });
}

void LatencyAnalyzer::sampled(const CounterSample& sample) {
    impl_->observers.tell([&](LatencyObserver& o) { o.sampled(sample); });
}

void LatencyAnalyzer::tick(std::uint64_t now_ns) {
    for (const std::uint32_t id : impl_->registry.forget_elements())
        impl_->observers.tell([id](LatencyObserver& o) { o.element_gone(id); });
    impl_->registry.for_each_element(
        [&](ElementState& element) { impl_->exits.tick(element, now_ns); });
    impl_->pack_idle_histograms(now_ns);
}

LatencySnapshot LatencyAnalyzer::snapshot(std::uint64_t now_ns) const {
    LatencySnapshot all;
    all.at_ns = now_ns;
    all.records_lost = impl_->records_lost;
    all.stalls = impl_->stalls;
    all.clock_jumps = impl_->clock_jumps;
    all.gpu_queues = impl_->gpu_queues.stats();
    impl_->registry.for_each_element([&](const ElementState& e) { append_stats(all, e); });
    return all;
}

void LatencyAnalyzer::reset() {
    impl_->records_lost = 0;
    impl_->stalls = 0;
    impl_->clock_jumps = 0;
    impl_->gpu_queues.reset();
    impl_->registry.for_each_element([](ElementState& element) { reset_stats(element); });
}

} // namespace tactus
