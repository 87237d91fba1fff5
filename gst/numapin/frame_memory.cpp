// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/frame_memory.h"

#include "glue/stats_fields.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::size_t kSampledPages = 512;

bool is_same_memory(const ArenaOptions& a, const ArenaOptions& b) {
    return a.node == b.node && a.alignment_bytes == b.alignment_bytes && a.pages == b.pages &&
           a.lock == b.lock && a.prefault == b.prefault && a.shared == b.shared;
}

void set_list(GstStructure* structure, const char* field,
              const std::vector<std::uint64_t>& values) {
    GValue list = G_VALUE_INIT;
    gst_value_array_init(&list, static_cast<guint>(values.size()));
    for (const std::uint64_t value : values) {
        GValue one = G_VALUE_INIT;
        g_value_init(&one, G_TYPE_UINT64);
        g_value_set_uint64(&one, value);
        gst_value_array_append_and_take_value(&list, &one);
    }
    gst_structure_take_value(structure, field, &list);
}

FramePlaces places_of(const PageSample& sample) {
    FramePlaces places;
    places.node_pages = sample.node_pages;
    const auto most = std::max_element(places.node_pages.begin(), places.node_pages.end());
    if (most != places.node_pages.end() && *most > 0)
        places.node = static_cast<unsigned>(most - places.node_pages.begin());
    return places;
}

FramePlaces put_arena(GstStructure* stats, FrameArena& arena) {
    const ArenaStats counted = arena.stats();
    set_count(stats, "acquired", counted.acquired);
    set_count(stats, "mapped", counted.mapped);
    set_count(stats, "unmapped", counted.unmapped);
    set_count(stats, "frames-in-use", counted.blocks_in_use);
    set_count(stats, "mapped-bytes", counted.mapped_bytes);
    set_count(stats, "idle-bytes", counted.idle_bytes);
    const PageSample sample = arena.sample(kSampledPages);
    set_count(stats, "sampled-pages", sample.sampled_pages);
    set_count(stats, "absent-pages", sample.absent_pages);
    set_list(stats, "node-pages", sample.node_pages);
    set_list(stats, "node-bytes", sample.node_bytes);
    set_count(stats, "huge-bytes", sample.huge_bytes);
    set_count(stats, "locked-bytes", sample.locked_bytes);
    const auto& node = arena.options().node;
    gst_structure_set(stats, "node", G_TYPE_INT, node ? static_cast<gint>(*node) : -1, nullptr);
    if (node)
        set_real(stats, "remote-share", sample.remote_share(*node));
    return places_of(sample);
}

} // namespace

double FramePlaces::remote_share(unsigned thread_node) const {
    PageSample sample;
    sample.node_pages = node_pages;
    return sample.remote_share(thread_node);
}

bool FrameMemory::set_property(guint id, const GValue* value) {
    const std::lock_guard hold(lock_);
    if (!set_memory_setting(settings_, id, value))
        return false;
    if (id == kMaxIdleBytesId && allocator_ != nullptr)
        arena_of(allocator_.get()).set_max_idle_bytes(settings_.max_idle_bytes);
    return true;
}

bool FrameMemory::get_property(guint id, GValue* value) const {
    const std::lock_guard hold(lock_);
    return get_memory_setting(settings_, id, value);
}

std::string FrameMemory::problem() const {
    const std::lock_guard hold(lock_);
    return memory_settings_problem(settings_);
}

void FrameMemory::set_thread_node(std::optional<unsigned> node) {
    bool is_needed = false;
    {
        const std::lock_guard hold(lock_);
        thread_node_ = node;
        is_needed = settings_.process_default;
    }
    if (is_needed)
        allocator();
}

ArenaOptions FrameMemory::wanted() const {
    ArenaOptions options;
    if (settings_.node >= 0)
        options.node = static_cast<unsigned>(settings_.node);
    else if (settings_.node == MemorySettings::kNodeOfThread)
        options.node = thread_node_;
    options.alignment_bytes = settings_.alignment_bytes;
    options.pages = settings_.pages;
    options.lock = settings_.lock;
    options.prefault = settings_.prefault;
    options.shared = settings_.shared;
    options.max_idle_bytes = settings_.max_idle_bytes;
    options.news = news_;
    return options;
}

FrameMemory::AllocatorHandle FrameMemory::current() const {
    const std::lock_guard hold(lock_);
    return allocator_ == nullptr ? nullptr
                                 : AllocatorHandle(GST_ALLOCATOR(gst_object_ref(allocator_.get())));
}

FrameMemory::AllocatorHandle FrameMemory::allocator() {
    AllocatorHandle old; // goes without the lock: it may unmap much
    const std::lock_guard hold(lock_);
    const ArenaOptions options = wanted();
    if (allocator_ == nullptr || !is_same_memory(arena_of(allocator_.get()).options(), options)) {
        old = std::move(allocator_);
        allocator_.reset(make_frame_allocator(options));
        if (allocator_ != nullptr && settings_.process_default)
            process_default_.enter(allocator_.get());
    }
    return allocator_ == nullptr ? nullptr
                                 : AllocatorHandle(GST_ALLOCATOR(gst_object_ref(allocator_.get())));
}

AllocationAnswer FrameMemory::answer(GstQuery* query) {
    const AllocatorHandle ours = allocator();
    AllocationAnswer answer;
    if (ours != nullptr)
        answer = answer_allocation(query, ours.get());
    const std::lock_guard hold(lock_);
    ++answers_;
    left_alone_ += !answer.left_alone.empty();
    last_answer_ = answer;
    return answer;
}

GstBuffer* FrameMemory::make_buffer(gsize bytes) {
    const AllocatorHandle ours = allocator();
    if (ours == nullptr)
        return nullptr;
    GstMemory* memory = gst_allocator_alloc(ours.get(), bytes, nullptr);
    if (memory == nullptr)
        return nullptr;
    GstBuffer* buffer = gst_buffer_new();
    gst_buffer_append_memory(buffer, memory);
    return buffer;
}

void FrameMemory::close() {
    AllocatorHandle old;
    const std::lock_guard hold(lock_);
    process_default_.leave();
    old = std::move(allocator_);
    last_answer_ = {};
}

std::vector<Complaint> FrameMemory::take_complaints() {
    std::vector<Complaint> complaints;
    const AllocatorHandle ours = current();
    news_->store(false, std::memory_order_relaxed);
    if (ours == nullptr)
        return complaints;
    FrameArena& arena = arena_of(ours.get());
    const std::vector<ArenaWarning> warnings = arena.take_warnings();
    const MemoryLimits limits = warnings.empty() ? MemoryLimits{} : read_memory_limits();
    for (const ArenaWarning& warning : warnings)
        complaints.push_back({Complaint::Kind::memory,
                              memory_remedy(warning, arena.options(), limits), warning.trouble});
    return complaints;
}

GstStructure* FrameMemory::make_stats(FramePlaces& places) {
    GstStructure* stats = gst_structure_new_empty("numapin-memory");
    {
        const std::lock_guard hold(lock_);
        set_count(stats, "answers", answers_);
        set_count(stats, "left-alone", left_alone_);
        if (!last_answer_.left_alone.empty())
            set_text(stats, "left-alone-for", last_answer_.left_alone);
    }
    if (const AllocatorHandle ours = current())
        places = put_arena(stats, arena_of(ours.get()));
    return stats;
}

} // namespace tactus
