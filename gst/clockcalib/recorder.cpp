// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/recorder.h"

#include "clockcalib/origin_meta.h"
#include "glue/fast_clock.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <memory>

namespace tactus {

namespace {

constexpr std::size_t kRingUnits = std::size_t{1} << 16; ///< 1 MiB a thread, some 13,000 pushes
constexpr std::uint16_t kMaxListed = 256;                ///< buffers of a list in one record

std::uint64_t time_of(const GstBuffer* buffer) {
    return GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : GST_BUFFER_DTS(buffer);
}

std::uint32_t size_of(GstBuffer* buffer) {
    return static_cast<std::uint32_t>(
        std::min<gsize>(gst_buffer_get_size(buffer), gsize{UINT32_MAX}));
}

// One pointer a thread, in the block that the C library lays out in advance where it has one: a
// call of __tls_get_addr would be a good part of what a record costs.
#if defined(__GLIBC__)
__attribute__((tls_model("initial-exec")))
#endif
thread_local void* current_thread = nullptr;

} // namespace

struct Recorder::Cached {
    GstPad* pad = nullptr;
    Route route;
};

/// What a thread keeps from push to push.
struct Recorder::Thread {
    /// A power of two, several times the pads that one thread commonly pushes through: a chain of
    /// elements meets each of its pads for every buffer, so two that shared a place would both be
    /// looked up again and again.
    static constexpr unsigned kCachedPadsLog2 = 9;
    static constexpr std::size_t kCachedPads = std::size_t{1} << kCachedPadsLog2;
    static constexpr std::size_t kProbes = 16;

    /// Where the pad is, or where it may go.
    Cached& place_of(const GstPad* pad) {
        constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U; // Knuth's multiplicative hashing
        const std::uint64_t hash = reinterpret_cast<std::uintptr_t>(pad) * kGolden;
        const auto first = static_cast<std::size_t>(hash >> (64 - kCachedPadsLog2));
        for (std::size_t i = 0; i < kProbes; ++i) {
            Cached& cached = cache[(first + i) % kCachedPads];
            if (cached.pad == pad || cached.pad == nullptr)
                return cached;
        }
        return cache[(first + victim++ % kProbes) % kCachedPads];
    }
    void forget_pads(std::uint32_t now) {
        generation = now;
        cache.fill({});
    }

    RecordRing* ring = nullptr;
    std::uint32_t number = 0;
    std::uint32_t session = 0;
    std::uint32_t generation = 0; ///< of what is cached
    std::uint32_t victim = 0;
    const GstMeta* last_gpu_meta = nullptr;
    std::uint64_t last_gpu_id = 0;
    std::array<Cached, kCachedPads> cache;
};

/// Some buffers of a list.
struct Recorder::Part {
    GstBufferList* list;
    guint first;
    guint length;
};

/// A buffer with its first identity; the others are still on it.
struct Recorder::Seen {
    std::uint64_t id = 0;
    std::uint64_t t0 = 0;
    std::uint16_t identities = 0;
    std::uint16_t flags = 0;
};

/// What a record tells of the push, beside the buffer.
struct Recorder::Passing {
    const Route& route;
    std::uint64_t stamp;
    RecordKind kind;
    std::uint16_t flags;
    std::uint16_t more;
};

std::atomic<bool> Recorder::active_{false};

Recorder& Recorder::instance() {
    static Recorder* const recorder = new Recorder;
    return *recorder;
}

namespace {

pthread_key_t thread_key;

void write_segment(RecordRing& ring, std::uint32_t src_pad, GstEvent* event, std::uint64_t stamp) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    if (!ring.reserve(record_units<SegmentRecord>()))
        return;
    SegmentRecord record{};
    record.head = RecordHead::of(RecordKind::segment, stamp);
    record.src_pad = src_pad;
    record.in_time = segment->format == GST_FORMAT_TIME ? 1 : 0;
    record.rate = segment->rate;
    record.start_ns = segment->start;
    record.stop_ns = segment->stop;
    record.base_ns = segment->base;
    record.offset_ns = segment->offset;
    ring.write(0, record);
    ring.publish(record_units<SegmentRecord>());
}

void write_pad(RecordRing& ring, RecordKind kind, std::uint32_t src_pad, std::uint64_t stamp) {
    if (!ring.reserve(record_units<PadRecord>()))
        return;
    ring.write(0, PadRecord{RecordHead::of(kind, stamp), src_pad, 0});
    ring.publish(record_units<PadRecord>());
}

} // namespace

Recorder::Recorder() : origin_info_(origin_meta_info()), hub_(kRingUnits) {
    pthread_key_create(&thread_key, leave_thread);
    // The child has none of our threads: what it recorded would be read by nobody.
    pthread_atfork(nullptr, nullptr, [] { active_.store(false, std::memory_order_relaxed); });
}

void Recorder::start(Source source) {
    source_ = source;
    session_.fetch_add(1, std::memory_order_relaxed);
    ObjectBook::instance().listen(true);
    hub_.listen(true);
    // release: a thread that sees it sees the source as well, on every machine by the dependency
    // through session_, which it reads next.
    active_.store(true, std::memory_order_release);
}

void Recorder::stop() {
    active_.store(false, std::memory_order_relaxed);
}

void Recorder::close() {
    ObjectBook::instance().listen(false);
    hub_.listen(false);
}

void Recorder::leave_thread(void* thread) {
    const std::unique_ptr<Thread> self(static_cast<Thread*>(thread));
    current_thread = nullptr;
    instance().hub_.close(self->number);
    ObjectBook::instance().thread_left(self->number);
}

Recorder::Thread* Recorder::enter_thread() {
    auto thread = std::make_unique<Thread>();
    const RecordHub::Source source = hub_.add();
    thread->ring = source.ring;
    thread->number = source.thread;
    ObjectBook::instance().note_thread(source.thread);
    pthread_setspecific(thread_key, thread.get());
    current_thread = thread.get();
    return thread.release();
}

Recorder::Thread* Recorder::this_thread() {
    auto* thread = static_cast<Thread*>(current_thread);
    if (thread == nullptr)
        thread = enter_thread();
    if (const auto session = session_.load(std::memory_order_relaxed); thread->session != session) {
        // Pushes that were open when an earlier session stopped have ended unseen.
        thread->ring->forget_open();
        thread->session = session;
        thread->forget_pads(ObjectBook::generation());
    }
    return thread;
}

void Recorder::note_offset(std::uint64_t stamp) {
    if (source_ != Source::hooks)
        return;
    const std::uint64_t offset = FastClock::monotonic_ns() - stamp;
    std::uint64_t least = offset_ns_.load(std::memory_order_relaxed);
    while (offset < least &&
           !offset_ns_.compare_exchange_weak(least, offset, std::memory_order_relaxed)) {
    }
}

void Recorder::refresh(Thread& thread, Cached& cached, GstPad* pad, std::uint64_t stamp) {
    note_offset(stamp);
    gpu_.look_for_registration(); // a pad that is new may be that of the first to publish
    cached.route = ObjectBook::instance().route(pad);
    cached.pad = pad;
    if (!cached.route.is_new || !GST_PAD_IS_SRC(pad))
        return;
    GstEvent* segment = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
    if (segment == nullptr)
        return;
    write_segment(*thread.ring, cached.route.src_pad, segment, stamp);
    gst_event_unref(segment);
}

const Route& Recorder::look_up(Thread& thread, GstPad* pad, std::uint64_t stamp) {
    // Before the graph is looked at: what changes meanwhile makes this out of date at once.
    if (const auto generation = ObjectBook::generation(); thread.generation != generation)
        [[unlikely]]
        thread.forget_pads(generation);
    Cached& cached = thread.place_of(pad);
    if (cached.pad != pad) [[unlikely]]
        refresh(thread, cached, pad, stamp);
    return cached.route;
}

void Recorder::note_gpu(Thread& thread, const Route& route, GstMeta* meta, std::uint64_t id,
                        std::uint64_t stamp) {
    // The same meta passes pad after pad.
    if (thread.last_gpu_meta == meta && thread.last_gpu_id == id)
        return;
    thread.last_gpu_meta = meta;
    thread.last_gpu_id = id;
    gpu_.note(meta, route.src_pad, id, stamp);
}

Recorder::Seen Recorder::see(Thread& thread, const Route& route, GstBuffer* buffer,
                             std::uint64_t stamp) {
    Seen seen;
    GstMeta* gpu_meta = nullptr;
    gpointer state = nullptr;
    while (GstMeta* meta = gst_buffer_iterate_meta(buffer, &state)) {
        if (meta->info == origin_info_) {
            const auto* origin = reinterpret_cast<const OriginMeta*>(meta);
            if (seen.identities == 0) {
                seen.id = origin->id;
                seen.t0 = origin->t0;
            }
            ++seen.identities;
        } else if (meta->info == gpu_.info()) {
            gpu_meta = meta;
        }
    }
    if (seen.identities == 0) {
        const std::uint64_t number = route.sequence->fetch_add(1, std::memory_order_relaxed);
        seen.id = (std::uint64_t{route.src_pad} << IdStamp::kSequenceBits) | number;
        seen.t0 = stamp;
        seen.identities = 1;
        seen.flags = PushRecord::id_is_new;
        if (gst_buffer_is_writable(buffer))
            add_origin_meta(buffer, seen.id, seen.t0);
        else
            seen.flags |= PushRecord::id_unattached;
    }
    if (gpu_meta != nullptr)
        note_gpu(thread, route, gpu_meta, seen.id, stamp);
    return seen;
}

namespace {

void fill(PushRecord& record, const Route& route, GstBuffer* buffer) {
    record.src_pad = route.src_pad;
    record.dst_pad = route.dst_pad;
    record.address = reinterpret_cast<std::uintptr_t>(buffer);
    record.pts_ns = time_of(buffer);
    record.duration_ns = GST_BUFFER_DURATION(buffer);
    record.size_bytes = size_of(buffer);
}

/// The second and further identities on a buffer. Returns the units they took.
std::uint32_t write_further_ids(RecordRing& ring, std::uint32_t offset, GstBuffer* buffer,
                                const GstMetaInfo* info, std::uint64_t stamp, unsigned identities) {
    const std::uint32_t begin = offset;
    unsigned index = 0;
    gpointer state = nullptr;
    while (index < identities) {
        const GstMeta* meta = gst_buffer_iterate_meta(buffer, &state);
        if (meta == nullptr)
            break;
        if (meta->info != info || index++ == 0)
            continue;
        const auto* origin = reinterpret_cast<const OriginMeta*>(meta);
        ring.write(offset,
                   IdRecord{RecordHead::of(RecordKind::id, stamp), origin->id, origin->t0, 0});
        offset += record_units<IdRecord>();
    }
    return offset - begin;
}

std::uint16_t end_flag(bool has_end) {
    return has_end ? 0 : PushRecord::no_end;
}

std::uint32_t units_of_buffer(unsigned identities) {
    return record_units<PushRecord>() + (identities - 1) * record_units<IdRecord>();
}

} // namespace

/// Writes a buffer `offset` units behind what is published. Returns the units it took.
std::uint32_t Recorder::write_buffer(RecordRing& ring, std::uint32_t offset, const Passing& passing,
                                     const Seen& seen, GstBuffer* buffer) const {
    auto& record = ring.place<PushRecord>(offset);
    record.head = RecordHead::of(passing.kind, passing.stamp);
    record.id = seen.id;
    record.t0 = seen.t0;
    record.flags = static_cast<std::uint16_t>(passing.flags | seen.flags);
    record.more = passing.more;
    fill(record, passing.route, buffer);
    if (seen.identities == 1) [[likely]]
        return record_units<PushRecord>();
    return record_units<PushRecord>() + write_further_ids(ring, offset + record_units<PushRecord>(),
                                                          buffer, origin_info_, passing.stamp,
                                                          seen.identities);
}

void Recorder::record_push(Thread& thread, const Route& route, GstBuffer* buffer,
                           std::uint64_t stamp, bool has_end, bool is_pulled) {
    const Seen seen = see(thread, route, buffer, stamp);
    RecordRing& ring = *thread.ring;
    const bool ends = has_end && ring.may_open();
    const bool recorded = ring.reserve(units_of_buffer(seen.identities) + 1);
    if (recorded) {
        const auto flags =
            static_cast<std::uint16_t>(end_flag(ends) | (is_pulled ? PushRecord::is_pulled : 0));
        const Passing passing{route, stamp, RecordKind::push, flags,
                              static_cast<std::uint16_t>(seen.identities - 1)};
        ring.publish(write_buffer(ring, 0, passing, seen, buffer));
    }
    if (has_end)
        ring.opened(recorded && ends);
}

/// A list that is longer than one record can tell of becomes several; the first one has the end.
void Recorder::record_list(Thread& thread, const Route& route, GstBufferList* list,
                           std::uint64_t stamp, bool has_end) {
    const guint length = gst_buffer_list_length(list);
    guint first = 0;
    do {
        record_part(thread, route, {list, first, std::min<guint>(length - first, kMaxListed)},
                    stamp, has_end && first == 0);
        first += kMaxListed;
    } while (first < length);
}

void Recorder::record_part(Thread& thread, const Route& route, const Part& part,
                           std::uint64_t stamp, bool has_end) {
    std::array<Seen, kMaxListed> all;
    std::uint32_t units = 0;
    unsigned identities = 0;
    for (guint i = 0; i < part.length; ++i) {
        all[i] = see(thread, route, gst_buffer_list_get(part.list, part.first + i), stamp);
        units += units_of_buffer(all[i].identities);
        identities += all[i].identities;
    }
    RecordRing& ring = *thread.ring;
    const bool ends = has_end && ring.may_open();
    const bool recorded = part.length > 0 && ring.reserve(units + 1);
    std::uint32_t offset = 0;
    for (guint i = 0; recorded && i < part.length; ++i) {
        GstBuffer* buffer = gst_buffer_list_get(part.list, part.first + i);
        const Passing passing{route, stamp, i == 0 ? RecordKind::push : RecordKind::item,
                              end_flag(ends),
                              static_cast<std::uint16_t>(i == 0 ? identities - 1 : 0)};
        offset += write_buffer(ring, offset, passing, all[i], buffer);
    }
    ring.publish(offset);
    if (has_end)
        ring.opened(recorded && ends);
}

/// What a C callback does: nothing that it meets may unwind into GStreamer.
template <typename Body>
void Recorder::with_thread(Body&& body) noexcept {
    try {
        body(*this_thread());
    } catch (...) {
        failures_.fetch_add(1, std::memory_order_relaxed);
    }
}

void Recorder::push(std::uint64_t stamp, GstPad* pad, GstBuffer* buffer, bool is_pulled) noexcept {
    with_thread([&](Thread& thread) {
        const Route& route = look_up(thread, pad, stamp);
        const bool has_end = source_ == Source::hooks;
        if (!route.ignored)
            record_push(thread, route, buffer, stamp, has_end, is_pulled);
        else if (has_end)
            thread.ring->opened(false);
    });
}

void Recorder::push_list(std::uint64_t stamp, GstPad* pad, GstBufferList* list) noexcept {
    with_thread([&](Thread& thread) {
        const Route& route = look_up(thread, pad, stamp);
        const bool has_end = source_ == Source::hooks;
        if (!route.ignored)
            record_list(thread, route, list, stamp, has_end);
        else if (has_end)
            thread.ring->opened(false);
    });
}

void Recorder::pulled(std::uint64_t stamp, GstPad* sink_pad, GstBuffer* buffer) noexcept {
    with_thread([&](Thread& thread) {
        const Route& route = look_up(thread, sink_pad, stamp);
        if (!route.ignored && route.sequence != nullptr)
            record_push(thread, route, buffer, stamp, false, true);
    });
}

void Recorder::pushed(std::uint64_t stamp, GstFlowReturn flow) noexcept {
    auto* thread = static_cast<Thread*>(current_thread);
    if (thread == nullptr || !thread->ring->closed())
        return;
    thread->ring->write(0, EndRecord{RecordHead::of(RecordKind::end, stamp), flow, 0});
    thread->ring->publish(record_units<EndRecord>());
}

void Recorder::event(std::uint64_t stamp, GstPad* pad, GstEvent* event) noexcept {
    const GstEventType type = GST_EVENT_TYPE(event);
    if (type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS && type != GST_EVENT_FLUSH_STOP)
        return;
    with_thread([&](Thread& thread) {
        const Route& route = look_up(thread, pad, stamp);
        if (route.ignored)
            return;
        if (type == GST_EVENT_SEGMENT)
            write_segment(*thread.ring, route.src_pad, event, stamp);
        else
            write_pad(*thread.ring, type == GST_EVENT_EOS ? RecordKind::eos : RecordKind::flushed,
                      route.src_pad, stamp);
    });
}

} // namespace tactus
