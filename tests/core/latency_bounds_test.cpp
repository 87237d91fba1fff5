// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What comes and goes, what is lost, and that memory stays bounded.
#include "core/latency/alias_ring.h"
#include "core/latency/duration_histogram.h"
#include "core/latency/pad_book.h"
#include "latency_feeder.h"

#include <random>
#include <set>

namespace tactus {

namespace {

class LatencyBounds : public LatencyFeeder {
  protected:
    LatencyBounds() {
        element(1, "src", true);
        element(2, "queue");
        element(3, "sink", false, true);
    }
};

TEST_F(LatencyBounds, tells_a_late_observer_of_all_that_is_known) {
    analyzer.thread({7, 1234, "queue0:src"});
    Recorder late;
    analyzer.add_observer(&late);
    EXPECT_EQ(late.elements.size(), 3u);
    ASSERT_EQ(late.threads.size(), 1u);
    EXPECT_EQ(late.threads[0].name, "queue0:src");
    analyzer.remove_observer(&late);
    feed(1, sink_pad(2), 0);
    EXPECT_TRUE(late.begun.empty());
    EXPECT_EQ(recorder.begun.size(), 1u);
}

TEST_F(LatencyBounds, takes_an_element_told_again_as_changed) {
    TestBuffer buffer = feed(1, sink_pad(2), 0);
    analyzer.element({2, 5, "queue9", "pipeline5/queue9", "queue", false, false});
    push(src_pad(2), sink_pad(3), buffer, 9, 2);
    EXPECT_EQ(stats(2).info.name, "queue9");
    EXPECT_EQ(stats(2).info.pipeline, 5u);
    EXPECT_EQ(stats(2).residence.summary.count, 1u);
    EXPECT_EQ(recorder.elements.size(), 4u);
}

TEST_F(LatencyBounds, survives_a_thread_that_goes_with_open_pushes) {
    TestBuffer buffer = fresh(src_pad(1), 0);
    begin(src_pad(1), sink_pad(2), buffer, 0);
    analyzer.thread_gone(1);
    end(5);
    EXPECT_TRUE(recorder.ended.empty());
    push(src_pad(2), sink_pad(3), buffer, 9, 2);
    EXPECT_EQ(residences_in(2).size(), 1u);
}

TEST_F(LatencyBounds, starts_over_with_its_counters_but_knows_what_is_inside) {
    TestBuffer buffer = feed(1, sink_pad(2), 0);
    analyzer.reset();
    EXPECT_EQ(stats(2).buffers_in, 0u);
    EXPECT_EQ(stats(2).inside, 1u);
    push(src_pad(2), sink_pad(3), buffer, 9, 2);
    EXPECT_EQ(stats(2).residence.sum_ns, 9 * kMs);
    EXPECT_EQ(analyzer.snapshot(0).paths.at(0).buffers, 1u);
    analyzer.reset();
    EXPECT_EQ(stats(2).residence.summary.count, 0u);
    EXPECT_EQ(analyzer.snapshot(0).paths.at(0).oldest.summary.count, 0u);
}

TEST_F(LatencyBounds, counts_gpu_work_once) {
    GpuWork work;
    work.device = "llvmpipe";
    work.queue = "compute";
    work.method = "calibrated";
    work.begin_ticks = 100;
    work.begin_ns = 1000;
    work.end_ns = 3000;
    work.buffer_id = 7;
    analyzer.gpu(work);
    analyzer.gpu(work);
    work.buffer_id = 8;
    analyzer.gpu(work);
    work.queue = "transfer";
    work.end_ns = 500; // ends before it begins: no time at all
    analyzer.gpu(work);
    EXPECT_EQ(recorder.gpu.size(), 3u);
    const auto queues = analyzer.snapshot(0).gpu_queues;
    ASSERT_EQ(queues.size(), 2u);
    EXPECT_EQ(queues[0].slices, 2u);
    EXPECT_EQ(queues[0].busy.sum_ns, 4000u);
    EXPECT_EQ(queues[1].busy.sum_ns, 0u);
}

TEST_F(LatencyBounds, bounds_the_number_of_gpu_queues) {
    for (int i = 0; i < 200; ++i) {
        const std::string name = std::to_string(i);
        GpuWork work;
        work.queue = name;
        work.buffer_id = static_cast<std::uint64_t>(i);
        analyzer.gpu(work);
    }
    const auto queues = analyzer.snapshot(0).gpu_queues;
    ASSERT_EQ(queues.size(), 65u);
    EXPECT_EQ(queues.back().device, "others");
    EXPECT_EQ(queues.back().slices, 136u);
}

TEST_F(LatencyBounds, counts_and_passes_on_incidents_and_samples) {
    analyzer.incident({IncidentKind::stall, 1, 30'000'000, "other"});
    analyzer.incident({IncidentKind::clock_jump, 2, -5, "realtime"});
    analyzer.incident({IncidentKind::records_lost, 3, 12, ""});
    analyzer.sampled({4, "level", "buffers", 3});
    const LatencySnapshot all = analyzer.snapshot(0);
    EXPECT_EQ(all.stalls, 1u);
    EXPECT_EQ(all.clock_jumps, 1u);
    EXPECT_EQ(all.records_lost, 12u);
    EXPECT_EQ(recorder.incidents, 3u);
    EXPECT_EQ(recorder.samples, 1u);
}

TEST_F(LatencyBounds, calls_nothing_dropped_whose_records_may_be_lost) {
    feed(1, sink_pad(2), 0);
    analyzer.incident({IncidentKind::records_lost, 1, 12, ""});
    for (std::uint64_t i = 1; i <= 100; ++i) {
        TestBuffer buffer = feed(1, sink_pad(2), i);
        push(src_pad(2), sink_pad(3), buffer, i, 2);
    }
    EXPECT_EQ(stats(2).dropped, 0u);
    EXPECT_EQ(stats(2).inside, 0u);
}

TEST_F(LatencyBounds, pairs_anew_after_records_were_lost) {
    TestBuffer buffer = fresh(src_pad(1), 0);
    begin(src_pad(1), sink_pad(2), buffer, 0); // its end is lost
    analyzer.incident({IncidentKind::records_lost, 1, 1, ""});
    TestBuffer next = fresh(src_pad(1), 10);
    begin(src_pad(1), sink_pad(3), next, 10);
    end(13);
    ASSERT_EQ(recorder.ended.size(), 1u);
    EXPECT_EQ(recorder.ended[0].dst_element, 3u);
    EXPECT_EQ(recorder.ended[0].self_ns, 3 * kMs);
}

TEST_F(LatencyBounds, bears_what_was_never_told) {
    TestBuffer buffer = fresh(999, 0);
    begin(999, 998, buffer, 0, 55);
    end(1, 55);
    end(2, 77);
    begin(0xFFFFFFFF, 0xFFFFFFFE, buffer, 3, 0xFFFFFFFF);
    analyzer.pad({70, 71, "orphan"});
    push(src_pad(1), 70, buffer, 4);
    analyzer.segment({});
    analyzer.eos(997, 5);
    analyzer.flushed(997, 5);
    analyzer.pad_gone(997);
    analyzer.element({});
    analyzer.pad({});
    BufferSeen without_ids;
    analyzer.begin({6, 1, src_pad(1), sink_pad(2), {&without_ids, 1}, true});
    analyzer.begin({7, 1, src_pad(1), sink_pad(2), {}, true});
    EXPECT_EQ(stats(71).buffers_in, 1u);
    EXPECT_EQ(recorder.begun.size(), 5u);
}

TEST_F(LatencyBounds, counts_what_is_inside_a_pad_that_goes) {
    TestBuffer buffer = feed(1, sink_pad(2), 0);
    feed(1, sink_pad(2), 1);
    push(src_pad(2), sink_pad(3), buffer, 9, 2);
    analyzer.pad_gone(sink_pad(2));
    EXPECT_EQ(stats(2).dropped, 1u);
    EXPECT_EQ(stats(2).inside, 0u);
    push(src_pad(1), sink_pad(2), buffer, 10);
    EXPECT_EQ(stats(2).buffers_in, 2u);
}

TEST_F(LatencyBounds, bears_a_pad_that_comes_back) {
    element(4, "tee");
    analyzer.pad_gone(sink_pad(4));
    analyzer.pad_gone(sink_pad(4));
    analyzer.pad({sink_pad(4), 4, "sink"});
    for (std::uint32_t pad = 100; pad < 2000; ++pad) {
        analyzer.pad({pad, 0, "unparented"});
        analyzer.pad_gone(pad);
    }
    feed(1, sink_pad(4), 5);
    EXPECT_EQ(stats(4).buffers_in, 1u);
}

// Elements are told of before their pads.
TEST_F(LatencyBounds, keeps_all_elements_of_a_large_pipeline) {
    constexpr std::uint32_t kElements = 1200;
    for (std::uint32_t id = 10; id < 10 + kElements; ++id)
        analyzer.element({id, 1, "e" + std::to_string(id), "p/e" + std::to_string(id), "e"});
    for (std::uint32_t id = 10; id < 10 + kElements; ++id)
        analyzer.pad({id * 10, id, "src"});
    analyzer.tick(0);
    EXPECT_EQ(stats(10).info.name, "e10");
    EXPECT_EQ(stats(9 + kElements).info.name, "e1209");
    EXPECT_GE(analyzer.snapshot(0).elements.size(), kElements);
}

TEST_F(LatencyBounds, forgets_the_oldest_of_many_pipelines_that_came_and_went) {
    for (std::uint32_t i = 10; i < 3010; i += 3) {
        element(i, "src", true);
        element(i + 1, "queue");
        element(i + 2, "sink", false, true);
        TestBuffer buffer = feed(i, sink_pad(i + 1), i);
        push(src_pad(i + 1), sink_pad(i + 2), buffer, i, 2);
        for (std::uint32_t pad = i * 10; pad < i * 10 + 30; ++pad)
            analyzer.pad_gone(pad);
        analyzer.tick(i * kMs);
    }
    const LatencySnapshot all = analyzer.snapshot(0);
    EXPECT_EQ(all.elements.size(), 512u);
    EXPECT_LE(all.paths.size(), 171u);
    EXPECT_LE(all.edges.size(), 342u);
    EXPECT_EQ(all.elements.back().info.id, 3009u);
    EXPECT_EQ(all.elements.back().buffers_in, 1u);
    EXPECT_EQ(stats(2).info.name, "queue0"); // has its pads still
}

TEST_F(LatencyBounds, tells_of_each_element_that_it_forgets) {
    for (std::uint32_t i = 10; i < 1010; ++i) {
        element(i, "queue");
        for (std::uint32_t pad = i * 10; pad < i * 10 + 10; ++pad)
            analyzer.pad_gone(pad);
        analyzer.tick(i * kMs);
    }
    std::set<std::uint32_t> known;
    for (const ElementInfo& info : recorder.elements)
        known.insert(info.id);
    for (const std::uint32_t id : recorder.gone)
        EXPECT_EQ(known.erase(id), 1u) << id;
    std::set<std::uint32_t> kept;
    for (const ElementStats& stats : analyzer.snapshot(0).elements)
        kept.insert(stats.info.id);
    EXPECT_EQ(kept, known);
    EXPECT_EQ(kept.size(), 512u);
}

TEST_F(LatencyBounds, keeps_all_elements_that_have_pads) {
    for (std::uint32_t i = 10; i < 1010; ++i)
        element(i, "identity");
    EXPECT_EQ(analyzer.snapshot(0).elements.size(), 1003u);
}

BufferSeen at_address(std::uint64_t address) {
    BufferSeen buffer;
    buffer.address = address;
    return buffer;
}

TEST(PadBook, does_not_grow_while_buffers_come_out) {
    PadBook book;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        ASSERT_EQ(book.make_room(0), nullptr);
        BookEntry entry;
        entry.id = i;
        entry.newest_id = i;
        entry.address = 64 * (i % 7);
        book.add(entry);
        if (i >= 20)
            book.take(*book.match(i - 20, at_address(64 * ((i - 20) % 7)), 1).entry, 1);
    }
    EXPECT_EQ(book.capacity(), PadBook::kCapacityMin);
    EXPECT_EQ(book.inside(), 20u);
}

/// What a book has grown to when flushes have dropped 500 times what was inside: each tenth of a
/// second's buffers.
std::size_t capacity_after_flushes(std::uint64_t buffers_per_second) {
    const std::uint64_t step_ns = 1'000'000'000 / buffers_per_second;
    const std::uint64_t flush = std::max<std::uint64_t>(buffers_per_second / 10, 1);
    PadBook book;
    for (std::uint64_t i = 0; i < 500 * 97; ++i) {
        book.make_room(i * step_ns);
        BookEntry entry;
        entry.id = i;
        entry.in_ns = i * step_ns;
        BookEntry& added = book.add(entry);
        book.settle(added, i % 97 < flush ? Fate::dropped : Fate::out);
    }
    return book.capacity();
}

TEST(PadBook, keeps_what_was_dropped_for_five_seconds_and_not_for_longer) {
    EXPECT_EQ(capacity_after_flushes(10), PadBook::kCapacityMin);
    EXPECT_EQ(capacity_after_flushes(50), 256u);
    EXPECT_EQ(capacity_after_flushes(1000), PadBook::kDroppedKept);
}

/// Lets `count` buffers go in, of which `inside` stay for a while.
void pass(PadBook& book, std::uint64_t count, std::uint64_t inside) {
    for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_EQ(book.make_room(0), nullptr);
        BookEntry entry;
        entry.id = book.end();
        book.add(entry);
        while (book.inside() > inside) {
            const PadBook::Match match = book.match(book.first_inside(), at_address(0), 1);
            ASSERT_NE(match.entry, nullptr);
            book.take(*match.entry, 1);
        }
    }
}

TEST(PadBook, gives_back_what_a_jam_has_taken) {
    PadBook book;
    pass(book, 3000, 3000);
    EXPECT_EQ(book.capacity(), PadBook::kCapacityMax);
    pass(book, 4 * PadBook::kCapacityMax - 1, 30);
    EXPECT_EQ(book.capacity(), PadBook::kCapacityMax); // it might come again
    pass(book, 5 * PadBook::kCapacityMax, 30);
    EXPECT_LE(book.capacity(), 128u);
    EXPECT_EQ(book.inside(), 30u);
}

TEST(PadBook, stays_as_large_as_a_steady_queue_needs) {
    PadBook book;
    pass(book, 100, 100);
    EXPECT_EQ(book.capacity(), 128u);
    pass(book, 100'000, 100);
    EXPECT_EQ(book.capacity(), 128u);
    pass(book, 100'000, 40); // more than a quarter
    EXPECT_EQ(book.capacity(), 128u);
}

// Against the plain way to count: the number of newer ones that are out.
TEST(PadBook, counts_overtakers_like_a_plain_list) {
    std::mt19937_64 random(3);
    PadBook book;
    std::vector<bool> out;
    std::vector<std::uint64_t> inside;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        book.make_room(0);
        BookEntry entry;
        entry.id = i;
        book.add(entry);
        out.push_back(false);
        inside.push_back(i);
        if (inside.size() < 20)
            continue;
        const std::size_t pick = random() % inside.size();
        const std::uint64_t id = inside[pick];
        inside.erase(inside.begin() + static_cast<std::ptrdiff_t>(pick));
        const auto newer = static_cast<std::uint64_t>(
            std::count(out.begin() + static_cast<std::ptrdiff_t>(id) + 1, out.end(), true));
        const PadBook::Match match = book.match(id, at_address(0), 1);
        ASSERT_NE(match.entry, nullptr);
        ASSERT_EQ(match.entry->id, id);
        ASSERT_EQ(book.take(*match.entry, 1), newer);
        out[id] = true;
        ASSERT_EQ(book.first_inside(), *std::min_element(inside.begin(), inside.end()));
    }
}

TEST(AliasRing, grows_only_for_what_is_young) {
    AliasRing ring;
    for (std::uint64_t i = 0; i < 1000; ++i)
        ring.put({i, i * 1'000'000'000, i, {}});
    EXPECT_EQ(ring.capacity(), AliasRing::kCapacityMin);
    for (std::uint64_t i = 1000; i < 1'000'000; ++i)
        ring.put({i, 1'000'000'000'000, i, {}});
    EXPECT_EQ(ring.capacity(), AliasRing::kCapacityMax);
    EXPECT_EQ(ring.find(990'000), nullptr);
    ASSERT_NE(ring.find(999'000), nullptr);
    EXPECT_EQ(ring.find(999'000)->flow_id, 999'000u);
}

TEST(DurationHistogram, agrees_with_the_shared_histogram) {
    std::mt19937_64 random(1);
    DurationHistogram mine;
    LogLinearHistogram shared;
    std::uint64_t sum = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t value = random() >> (random() % 64);
        mine.record(value);
        shared.record(value);
        sum += value;
    }
    const DurationStats stats = mine.stats();
    const auto summary = shared.summary();
    EXPECT_EQ(stats.sum_ns, sum);
    EXPECT_EQ(stats.summary.count, summary.count);
    EXPECT_EQ(stats.summary.p50, summary.p50);
    EXPECT_EQ(stats.summary.p99, summary.p99);
    EXPECT_EQ(stats.summary.p999, summary.p999);
    EXPECT_EQ(stats.summary.max, summary.max);
    std::uint64_t in_buckets = 0;
    for (const auto& bucket : stats.buckets)
        in_buckets += bucket.count;
    EXPECT_EQ(in_buckets, 20'000u);
    mine.reset();
    EXPECT_TRUE(mine.stats().buckets.empty());
    EXPECT_EQ(mine.stats().summary.p50, 0u);
}

void expect_same(const DurationHistogram& mine, const DurationHistogram& other) {
    const DurationStats a = mine.stats();
    const DurationStats b = other.stats();
    EXPECT_EQ(a.summary.count, b.summary.count);
    EXPECT_EQ(a.summary.p50, b.summary.p50);
    EXPECT_EQ(a.summary.p999, b.summary.p999);
    EXPECT_EQ(a.summary.max, b.summary.max);
    EXPECT_EQ(a.sum_ns, b.sum_ns);
    ASSERT_EQ(a.buckets.size(), b.buckets.size());
    for (std::size_t i = 0; i < a.buckets.size(); ++i) {
        EXPECT_EQ(a.buckets[i].upper_ns, b.buckets[i].upper_ns);
        EXPECT_EQ(a.buckets[i].count, b.buckets[i].count);
    }
}

TEST(DurationHistogram, loses_nothing_when_it_is_packed_and_recorded_to_again) {
    std::mt19937_64 random(2);
    DurationHistogram packed;
    DurationHistogram plain;
    packed.pack_if_idle(); // empty
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 5000; ++i) {
            const std::uint64_t value = random() >> (random() % 64);
            packed.record(value);
            plain.record(value);
        }
        packed.pack_if_idle(); // not yet
        expect_same(packed, plain);
        packed.pack_if_idle();
        expect_same(packed, plain);
    }
    packed.reset();
    EXPECT_TRUE(packed.stats().buckets.empty());
}

} // namespace

} // namespace tactus
