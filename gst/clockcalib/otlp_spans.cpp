// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/otlp_spans.h"

#include "clockcalib/otlp_ids.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace tactus {

namespace {

// A buffer merged of very many sampled ones goes to this many of their traces.
constexpr std::uint64_t kMaxTracesOfABuffer = 16;

/// What a GPU did; the strings are only lent to us, so they are kept here.
struct GpuPart {
    std::string device;
    std::string queue;
    std::string label;
    std::uint64_t bound_ns = 0;
};

struct Child {
    Residence residence;
    std::optional<GpuPart> gpu;
};

/// An identity on its way.
struct Journey {
    IdStamp origin;
    std::uint32_t source_element = 0;
    std::uint64_t pts_ns = kNoTimeNs;
    std::vector<Child> children; ///< not yet sent
    std::uint64_t children_lost = 0;
    std::uint32_t next_child = 0;
    std::vector<std::uint32_t> ends; ///< elements where it arrived or was dropped
};

/// Where a root span ends.
struct End {
    std::uint32_t element = 0;
    std::uint64_t at_ns = 0;
};

} // namespace

struct SpanBuilder::Impl {
    Impl(const Settings& s, Sink to) : settings(s), sink(std::move(to)), ids(s.seed) {}

    bool is_sampled(std::uint64_t id) const {
        return id != 0 && IdStamp{id, 0}.sequence() % settings.sample_every == 0;
    }

    template <typename Visit>
    void for_each_sampled(const Origins& origins, Visit visit) const {
        const std::uint64_t first = origins.oldest.id;
        const std::uint64_t last = origins.newest.id;
        if (origins.oldest.pad() == origins.newest.pad() && first <= last) {
            // One source: what lies between the two is in the buffer too.
            const std::uint64_t over = origins.oldest.sequence() % settings.sample_every;
            std::uint64_t id = over == 0 ? first : first + settings.sample_every - over;
            for (std::uint64_t n = 0; id <= last && n < kMaxTracesOfABuffer; ++n) {
                visit(id);
                id += settings.sample_every;
            }
            return;
        }
        if (is_sampled(first))
            visit(first);
        if (is_sampled(last))
            visit(last);
    }

    Journey* find(std::uint64_t id) {
        const auto found = journeys.find(id);
        return found == journeys.end() ? nullptr : &found->second;
    }

    /// The journey of `id`, begun if need be and if its beginning is known.
    Journey* find_or_begin(std::uint64_t id, const Origins& origins) {
        if (Journey* known = find(id))
            return known;
        if (forgotten.contains(id))
            return nullptr;
        if (id == origins.oldest.id)
            return &begin(origins.oldest);
        return id == origins.newest.id ? &begin(origins.newest) : nullptr;
    }

    Journey& begin(const IdStamp& origin) {
        while (journeys.size() >= settings.max_traces && !order.empty())
            forget(order.front());
        order.push_back(origin.id);
        Journey& journey = journeys[origin.id];
        journey.origin = origin;
        const auto source = source_of_pad.find(origin.pad());
        if (source != source_of_pad.end())
            journey.source_element = source->second;
        return journey;
    }

    void forget(std::uint64_t id) {
        order.pop_front();
        const auto found = journeys.find(id);
        if (found->second.ends.empty())
            ++unfinished;
        journeys.erase(found);
        // Its late arrivals must not begin a second, torn trace.
        forgotten.insert(id);
        forgotten_order.push_back(id);
        if (forgotten_order.size() > settings.max_traces) {
            forgotten.erase(forgotten_order.front());
            forgotten_order.pop_front();
        }
    }

    void add_child(Journey& journey, Child child) const {
        if (journey.children.size() < settings.max_children)
            journey.children.push_back(std::move(child));
        else
            ++journey.children_lost;
    }

    void learn_link(std::uint32_t from, std::uint32_t to) {
        auto& before = predecessors[to];
        if (std::find(before.begin(), before.end(), from) == before.end())
            before.push_back(from);
    }

    std::unordered_set<std::uint32_t> elements_before(std::uint32_t element) const {
        std::unordered_set<std::uint32_t> seen{element};
        std::vector<std::uint32_t> open{element};
        while (!open.empty()) {
            const auto found = predecessors.find(open.back());
            open.pop_back();
            if (found == predecessors.end())
                continue;
            for (const std::uint32_t before : found->second)
                if (seen.insert(before).second)
                    open.push_back(before);
        }
        return seen;
    }

    std::string name_of(std::uint32_t element) const {
        const auto found = elements.find(element);
        return found == elements.end() ? "element " + std::to_string(element) : found->second.name;
    }

    std::uint64_t unix_ns(std::uint64_t monotonic_ns) const {
        return monotonic_ns + static_cast<std::uint64_t>(realtime_offset_ns);
    }

    void add_element_attributes(std::uint32_t element, std::vector<SpanAttribute>& to) const {
        const auto found = elements.find(element);
        if (found == elements.end())
            return;
        const std::string& path = found->second.path;
        to.push_back({"tactus.pipeline", path.substr(0, path.find('/'))});
        to.push_back({"tactus.element", path});
        to.push_back({"tactus.factory", found->second.factory});
    }

    OtlpSpan root_span(const Journey& journey, const End& end, std::uint32_t times) const {
        OtlpSpan span;
        span.trace_id = ids.trace(journey.origin.id);
        span.span_id = ids.root(journey.origin.id, end.element, times);
        span.name = name_of(journey.source_element) + " -> " + name_of(end.element);
        span.start_unix_ns = unix_ns(journey.origin.t0_ns);
        span.end_unix_ns = unix_ns(std::max(end.at_ns, journey.origin.t0_ns));
        add_element_attributes(end.element, span.attributes);
        span.attributes.push_back({"tactus.source", name_of(journey.source_element)});
        span.attributes.push_back({"tactus.origin", static_cast<std::int64_t>(journey.origin.id)});
        if (journey.pts_ns != kNoTimeNs)
            span.attributes.push_back({"tactus.pts_ns", static_cast<std::int64_t>(journey.pts_ns)});
        if (journey.children_lost > 0)
            span.attributes.push_back(
                {"tactus.spans_lost", static_cast<std::int64_t>(journey.children_lost)});
        return span;
    }

    OtlpSpan child_span(Journey& journey, const OtlpSpan& root, const Child& child) const {
        const Residence& stay = child.residence;
        OtlpSpan span;
        span.trace_id = root.trace_id;
        span.span_id = ids.child(journey.origin.id, journey.next_child++);
        span.parent_id = root.span_id;
        span.has_parent = true;
        span.name = name_of(stay.element);
        span.start_unix_ns = unix_ns(stay.in_ns);
        span.end_unix_ns = unix_ns(std::max(stay.out_ns, stay.in_ns));
        add_element_attributes(stay.element, span.attributes);
        span.attributes.push_back({"tactus.buffer", static_cast<std::int64_t>(stay.buffer_id)});
        if (child.gpu) {
            span.name = child.gpu->label;
            span.attributes.push_back({"tactus.gpu.device", child.gpu->device});
            span.attributes.push_back({"tactus.gpu.queue", child.gpu->queue});
            span.attributes.push_back(
                {"tactus.gpu.bound_ns", static_cast<std::int64_t>(child.gpu->bound_ns)});
            return span;
        }
        span.attributes.push_back({"tactus.queued", stay.queued});
        span.attributes.push_back({"tactus.inferred", stay.origins.inferred});
        return span;
    }

    /// Takes those children out of the journey that lie on the way to where it ended.
    void add_children(Journey& journey, std::uint32_t end, std::vector<OtlpSpan>& spans) const {
        const auto on_the_way = elements_before(end);
        const auto stays = [&](const Child& child) {
            // The element that had the GPU work done is not known: 0.
            const std::uint32_t element = child.residence.element;
            return element != 0 && !on_the_way.contains(element);
        };
        const auto taken =
            std::stable_partition(journey.children.begin(), journey.children.end(), stays);
        for (auto child = taken; child != journey.children.end(); ++child)
            spans.push_back(child_span(journey, spans.front(), *child));
        journey.children.erase(taken, journey.children.end());
    }

    void add_link(const IdStamp& origin, const char* which, const Arrived& arrival,
                  OtlpSpan& root) const {
        OtlpSpan::Link link;
        link.trace_id = ids.trace(origin.id);
        if (origin.id == 0 || link.trace_id == root.trace_id)
            return;
        link.span_id = ids.root(origin.id, arrival.sink_element, 0);
        link.sampled = is_sampled(origin.id);
        link.origin = which;
        root.links.push_back(std::move(link));
    }

    /// The spans of one end of a journey, the root first.
    std::vector<OtlpSpan> end_journey(Journey& journey, const End& end) const {
        const auto times = std::count(journey.ends.begin(), journey.ends.end(), end.element);
        journey.ends.push_back(end.element);
        std::vector<OtlpSpan> spans;
        spans.push_back(root_span(journey, end, static_cast<std::uint32_t>(times)));
        add_children(journey, end.element, spans);
        return spans;
    }

    const Settings settings;
    const Sink sink;
    const SpanIds ids;
    std::int64_t realtime_offset_ns = 0;
    std::uint64_t unfinished = 0;
    std::unordered_map<std::uint32_t, ElementInfo> elements;
    std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> predecessors;
    std::unordered_map<std::uint32_t, std::uint32_t> source_of_pad;
    std::unordered_map<std::uint64_t, Journey> journeys;
    std::deque<std::uint64_t> order; ///< of journeys, by their beginning
    std::unordered_set<std::uint64_t> forgotten;
    std::deque<std::uint64_t> forgotten_order;
};

SpanBuilder::SpanBuilder(const Settings& settings, Sink sink)
    : impl_(std::make_unique<Impl>(settings, std::move(sink))) {}

SpanBuilder::~SpanBuilder() = default;

void SpanBuilder::set_realtime_offset_ns(std::int64_t offset_ns) {
    impl_->realtime_offset_ns = offset_ns;
}

std::uint64_t SpanBuilder::unfinished() const {
    return impl_->unfinished;
}

void SpanBuilder::element_added(const ElementInfo& info) {
    impl_->elements[info.id] = info;
}

void SpanBuilder::element_gone(std::uint32_t element) {
    impl_->elements.erase(element);
    impl_->predecessors.erase(element);
    for (auto& [to, before] : impl_->predecessors)
        std::erase(before, element);
    std::erase_if(impl_->source_of_pad,
                  [element](const auto& pad) { return pad.second == element; });
}

void SpanBuilder::push_began(const PushBegan& push) {
    impl_->for_each_sampled(push.origins, [&](std::uint64_t id) {
        const bool begins = push.is_first && !push.origins.inferred && id == push.buffer_id;
        if (begins)
            impl_->source_of_pad[IdStamp{id, 0}.pad()] = push.src_element;
        impl_->learn_link(push.src_element, push.dst_element);
        if (!begins || impl_->find(id) != nullptr)
            return;
        Journey& journey = impl_->begin(push.origins.oldest);
        journey.source_element = push.src_element;
        journey.pts_ns = push.pts_ns;
    });
}

void SpanBuilder::left(const Residence& residence) {
    impl_->for_each_sampled(residence.origins, [&](std::uint64_t id) {
        if (Journey* journey = impl_->find_or_begin(id, residence.origins))
            impl_->add_child(*journey, {residence, std::nullopt});
    });
}

void SpanBuilder::gpu_worked(const GpuWork& work) {
    Journey* journey = impl_->is_sampled(work.buffer_id) ? impl_->find(work.buffer_id) : nullptr;
    if (journey == nullptr)
        return;
    Child child;
    child.residence.buffer_id = work.buffer_id;
    child.residence.in_ns = work.begin_ns;
    child.residence.out_ns = work.end_ns;
    child.gpu = GpuPart{std::string(work.device), std::string(work.queue),
                        "gpu " + std::string(work.label), work.bound_ns};
    impl_->add_child(*journey, std::move(child));
}

void SpanBuilder::dropped(const Dropped& drop) {
    Journey* journey = impl_->is_sampled(drop.buffer_id) ? impl_->find(drop.buffer_id) : nullptr;
    if (journey == nullptr)
        return;
    auto spans = impl_->end_journey(*journey, {drop.element, drop.noticed_ns});
    spans.front().error = "dropped in " + impl_->name_of(drop.element);
    impl_->sink(std::move(spans));
}

void SpanBuilder::arrived(const Arrived& arrival) {
    impl_->for_each_sampled(arrival.origins, [&](std::uint64_t id) {
        Journey* journey = impl_->find_or_begin(id, arrival.origins);
        if (journey == nullptr)
            return;
        if (journey->source_element == 0 && id == arrival.origins.oldest.id)
            journey->source_element = arrival.source_element;
        auto spans = impl_->end_journey(*journey, {arrival.sink_element, arrival.at_ns});
        OtlpSpan& root = spans.front();
        root.attributes.push_back({"tactus.inferred", arrival.origins.inferred});
        root.attributes.push_back(
            {"tactus.sync_wait_ns", static_cast<std::int64_t>(arrival.sync_wait_ns)});
        impl_->add_link(arrival.origins.oldest, "oldest", arrival, root);
        impl_->add_link(arrival.origins.newest, "newest", arrival, root);
        impl_->sink(std::move(spans));
    });
}

} // namespace tactus
