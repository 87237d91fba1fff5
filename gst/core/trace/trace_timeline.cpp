// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/trace_timeline.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

using Event = PerfettoEncoder::Event;
constexpr double kBitsPerByte = 8;
constexpr double kNsPerS = 1e9;

std::string_view event_name(IncidentKind kind) {
    switch (kind) {
    case IncidentKind::stall:
        return "stall";
    case IncidentKind::clock_jump:
        return "clock jump";
    case IncidentKind::records_lost:
        return "records lost";
    }
    return "incident";
}

} // namespace

TraceTimeline::TraceTimeline(TraceFile& file, const Process& process, const TraceClocks& clocks)
    : file_(file), encoder_(file, clocks), pid_(process.pid), process_(next_track_++),
      elements_(1) {
    encoder_.process(process_, pid_, process.name);
    elements_[0].name = "unknown element";
    elements_[0].title = elements_[0].name;
}

void TraceTimeline::flush(std::uint64_t now_ns) {
    end_bitrate_windows(now_ns, kBitrateWindow_ns);
    file_.flush();
}

void TraceTimeline::close(std::uint64_t now_ns) {
    end_all_slices(now_ns);
    end_bitrate_windows(now_ns, 1);
    file_.flush();
}

// --- names and tracks

TraceTimeline::Element& TraceTimeline::element(std::uint32_t id) {
    return elements_[is_known(id) ? id : 0];
}

TraceTimeline::Thread* TraceTimeline::thread(std::uint32_t id) {
    if (id >= threads_.size() || threads_[id].track == 0) {
        if (id > kMaxThreads)
            return nullptr;
        thread_added({id, 0, "thread " + std::to_string(id)});
    }
    return &threads_[id];
}

std::string TraceTimeline::unique_name(const ElementInfo& info) {
    std::string numbered = info.path + " " + std::to_string(info.id);
    for (const std::string& name : {info.name, info.path, numbered}) {
        if (!name.empty() && names_taken_.insert(name).second)
            return name;
    }
    return numbered; // holds the id, which no other element has
}

void TraceTimeline::element_added(const ElementInfo& info) {
    if (info.id == 0 || info.id > kMaxElements)
        return;
    if (info.id >= elements_.size())
        elements_.resize(info.id + 1);
    Element& element = elements_[info.id];
    // Told again: its tracks and slices keep the name that they have.
    if (element.is_told)
        return;
    element.is_told = true;
    element.name = unique_name(info);
    element.title = info.factory.empty() ? element.name : element.name + " (" + info.factory + ")";
}

void TraceTimeline::thread_added(const ThreadInfo& info) {
    if (info.id > kMaxThreads)
        return;
    if (info.id >= threads_.size())
        threads_.resize(info.id + 1);
    Thread& thread = threads_[info.id];
    if (thread.track == 0)
        thread.track = next_track_++;
    if (info.tid != 0)
        encoder_.thread(thread.track, process_, pid_, info.tid, info.name);
    else
        encoder_.track(thread.track, process_, info.name);
}

TraceTimeline::Track TraceTimeline::group(Track& group, std::string_view name) {
    if (group == 0) {
        group = next_track_++;
        encoder_.track(group, process_, name);
    }
    return group;
}

TraceTimeline::Track TraceTimeline::lane_track(LanedTrack& laned, std::size_t lane) {
    if (lane == laned.tracks.size()) {
        laned.tracks.push_back(next_track_++);
        encoder_.track(laned.tracks.back(), group(laned.group, laned.name),
                       laned.name + " lane " + std::to_string(lane + 1));
    }
    return laned.tracks[lane];
}

void TraceTimeline::write_name(Element& element) {
    if (element.name_id == 0)
        element.name_id = encoder_.intern(element.name);
    if (element.name_id != 0)
        encoder_.name(element.name_id);
    else
        encoder_.name(std::string_view(element.name));
}

void TraceTimeline::write_flows(std::uint64_t buffer_id, const Origins& origins, bool is_last) {
    if (buffer_id != 0) {
        if (is_last)
            encoder_.ends_flow(buffer_id);
        else
            encoder_.flow(buffer_id);
    }
    if (origins.oldest.id != 0 && origins.oldest.id != buffer_id)
        encoder_.flow(origins.oldest.id);
    if (origins.inferred)
        encoder_.annotate("origin inferred", true);
}

void TraceTimeline::write_counter(Track track, std::uint64_t at_ns, std::int64_t value) {
    encoder_.begin(Event::counter, track, at_ns);
    encoder_.value(value);
    encoder_.end();
}

// --- pushes: slices of threads

void TraceTimeline::push_began(const PushBegan& push) {
    Element& into = element(push.dst_element);
    into.inside += push.buffers;
    if (into.level_track != 0)
        write_level(into, push.at_ns);
    count_bytes(into, push);

    Thread* const on = thread(push.thread);
    if (on == nullptr || on->open.size() >= kMaxDepth) {
        ++left_out_.pushes;
        return;
    }
    on->last_ns = std::max(on->last_ns, push.at_ns);
    encoder_.begin(push.has_end ? Event::slice_begin : Event::instant, on->track, on->last_ns);
    write_name(into);
    write_flows(push.buffer_id, push.origins, push.is_last);
    encoder_.end();
    if (push.has_end)
        on->open.push_back({push.at_ns, push.dst_element});
}

void TraceTimeline::push_ended(const PushEnded& push) {
    Thread* const on = thread(push.thread);
    if (on == nullptr)
        return;
    std::size_t depth = on->open.size();
    while (depth > 0 && (on->open[depth - 1].began_ns != push.began_ns ||
                         on->open[depth - 1].element != push.dst_element))
        --depth;
    // Not drawn, or ended already when records were lost.
    if (depth == 0)
        return;
    end_slices_above(*on, depth, push.at_ns);
    on->open.pop_back();
    on->last_ns = std::max(on->last_ns, push.at_ns);
    encoder_.begin(Event::slice_end, on->track, on->last_ns);
    if (push.flow != 0)
        encoder_.annotate("flow", std::int64_t{push.flow});
    encoder_.end();
}

void TraceTimeline::end_slices_above(Thread& thread, std::size_t depth, std::uint64_t now_ns) {
    if (thread.open.size() <= depth)
        return;
    thread.last_ns = std::max(thread.last_ns, now_ns);
    for (; thread.open.size() > depth; thread.open.pop_back()) {
        encoder_.begin(Event::slice_end, thread.track, thread.last_ns);
        encoder_.end();
    }
}

void TraceTimeline::end_all_slices(std::uint64_t now_ns) {
    for (Thread& thread : threads_)
        end_slices_above(thread, 0, now_ns);
}

void TraceTimeline::count_bytes(Element& into, const PushBegan& push) {
    const std::uint32_t src = is_known(push.src_element) ? push.src_element : 0;
    const auto has_src = [src](const Edge& e) { return e.src_element == src; };
    auto edge = std::find_if(into.edges.begin(), into.edges.end(), has_src);
    if (edge == into.edges.end()) {
        into.edges.push_back({src, 0, push.at_ns, 0, false});
        edge = into.edges.end() - 1;
    } else if (edge->is_idle) {
        edge->window_began_ns = push.at_ns;
        edge->is_idle = false;
    } else if (push.at_ns >= edge->window_began_ns + kBitrateWindow_ns) {
        end_bitrate_window(into, *edge, push.at_ns);
        edge->is_idle = false;
    }
    edge->bytes += push.size_bytes;
}

void TraceTimeline::end_bitrate_windows(std::uint64_t now_ns, std::uint64_t shortest_ns) {
    for (Element& into : elements_) {
        for (Edge& edge : into.edges) {
            if (!edge.is_idle && now_ns >= edge.window_began_ns + shortest_ns)
                end_bitrate_window(into, edge, now_ns);
        }
    }
}

void TraceTimeline::end_bitrate_window(Element& into, Edge& edge, std::uint64_t now_ns) {
    if (edge.track == 0) {
        edge.track = next_track_++;
        encoder_.counter(edge.track, group(bitrates_, "bitrate"),
                         element(edge.src_element).name + " -> " + into.name + " bitrate", "bit/s");
    }
    const double window_s = static_cast<double>(now_ns - edge.window_began_ns) / kNsPerS;
    const auto bytes = static_cast<double>(std::exchange(edge.bytes, 0));
    // A value holds until the next one, so it stands where its window began.
    encoder_.begin(Event::counter, edge.track, edge.window_began_ns);
    encoder_.value(bytes * kBitsPerByte / window_s);
    encoder_.end();
    edge.window_began_ns = now_ns;
    edge.is_idle = bytes == 0;
}

// --- residences: lanes of elements

void TraceTimeline::make_waiting(Element& element) {
    element.waiting.name = element.title;
    group(element.waiting.group, element.title);
    element.level_track = next_track_++;
    encoder_.counter(element.level_track, element.waiting.group, element.name + " level",
                     "buffers");
}

void TraceTimeline::write_level(Element& element, std::uint64_t at_ns) {
    write_counter(element.level_track, at_ns, std::max<std::int64_t>(element.inside, 0));
}

void TraceTimeline::left(const Residence& residence) {
    Element& from = element(residence.element);
    --from.inside;
    if (residence.queued && from.level_track == 0)
        make_waiting(from);
    if (from.level_track != 0)
        write_level(from, residence.out_ns);
    if (!residence.queued)
        return;
    const std::uint64_t out_ns = std::max(residence.in_ns, residence.out_ns);
    const auto lane = from.waiting.lanes.place(residence.in_ns, out_ns);
    if (!lane) {
        ++left_out_.residences;
        return;
    }
    const Track track = lane_track(from.waiting, *lane);
    encoder_.begin(Event::slice_begin, track, residence.in_ns);
    write_name(from);
    write_flows(residence.buffer_id, residence.origins, false);
    encoder_.end();
    encoder_.begin(Event::slice_end, track, out_ns);
    encoder_.end();
}

void TraceTimeline::dropped(const Dropped& drop) {
    Element& in = element(drop.element);
    --in.inside;
    if (in.level_track != 0)
        write_level(in, drop.noticed_ns);
    if (in.drops_track == 0) {
        in.drops_track = next_track_++;
        encoder_.counter(in.drops_track, group(drops_, "drops"), in.name + " drops", "buffers");
    }
    write_counter(in.drops_track, drop.noticed_ns, ++in.drops);
    encoder_.begin(Event::instant, group(incidents_, "incidents"), drop.noticed_ns);
    encoder_.name("drop");
    encoder_.flow(drop.buffer_id);
    encoder_.annotate("element", std::string_view(in.name));
    encoder_.annotate("entered ns", drop.in_ns);
    encoder_.end();
}

// --- the rest

void TraceTimeline::gpu_worked(const GpuWork& work) {
    std::string name = "GPU ";
    name.append(work.device).append(" ").append(work.queue);
    auto queue = gpu_queues_.find(name);
    if (queue == gpu_queues_.end() && gpu_queues_.size() < kMaxGpuQueues) {
        queue = gpu_queues_.try_emplace(name).first;
        queue->second.name = name;
    }
    const std::uint64_t end_ns = std::max(work.begin_ns, work.end_ns);
    const auto lane = queue == gpu_queues_.end() ? std::nullopt
                                                 : queue->second.lanes.place(work.begin_ns, end_ns);
    if (!lane) {
        ++left_out_.gpu_slices;
        return;
    }
    const Track track = lane_track(queue->second, *lane);
    encoder_.begin(Event::slice_begin, track, work.begin_ns);
    encoder_.name(work.label.empty() ? std::string_view("GPU work") : work.label);
    if (work.buffer_id != 0)
        encoder_.flow(work.buffer_id);
    encoder_.annotate("begin ticks", work.begin_ticks);
    encoder_.annotate("end ticks", work.end_ticks);
    encoder_.annotate("bound ns", work.bound_ns);
    encoder_.annotate("skew ppm", work.skew_ppm);
    encoder_.annotate("method", work.method);
    encoder_.end();
    encoder_.begin(Event::slice_end, track, end_ns);
    encoder_.end();
}

void TraceTimeline::incident(const Incident& incident) {
    // What began before may never be seen to end.
    if (incident.kind == IncidentKind::records_lost)
        end_all_slices(incident.at_ns);
    encoder_.begin(Event::instant, group(incidents_, "incidents"), incident.at_ns);
    encoder_.name(event_name(incident.kind));
    encoder_.annotate(incident.kind == IncidentKind::records_lost ? "records" : "ns",
                      incident.amount);
    if (!incident.subject.empty())
        encoder_.annotate("subject", incident.subject);
    encoder_.end();
}

void TraceTimeline::sampled(const CounterSample& sample) {
    auto counter = counters_.find(sample.name);
    if (counter == counters_.end()) {
        if (counters_.size() >= kMaxCounters) {
            ++left_out_.samples;
            return;
        }
        const Track track = next_track_++;
        counter = counters_.emplace(sample.name, track).first;
        encoder_.counter(track, group(health_, "health"), sample.name, sample.unit);
    }
    encoder_.begin(Event::counter, counter->second, sample.at_ns);
    encoder_.value(sample.value);
    encoder_.end();
}

} // namespace tactus
