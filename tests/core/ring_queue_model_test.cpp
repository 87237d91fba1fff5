// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Random operations on a RingQueue and on a plain reference implementation of what it promises.
#include "ring_queue_fixture.h"

#include <algorithm>
#include <deque>
#include <random>

namespace tactus::test {

namespace {

/// What became of each sequence number.
enum class Fate : std::uint8_t { pending, out, leaked, flushed };

/// The reference: two deques, and levels counted as items come and go.
class Model {
  public:
    Levels limit;
    Leak leak = Leak::none;
    std::deque<Item> ring;
    std::deque<Item> aside;
    std::vector<Fate> fate;

    Levels level() const {
        Levels l;
        for (const Item& item : ring) {
            l.buffers += item.buffers;
            l.bytes += item.bytes;
        }
        const std::int64_t out = out_ == kNoTime ? first_ : out_;
        if (l.buffers != 0 && in_ != kNoTime && in_ > out)
            l.time_ns = static_cast<std::uint64_t>(in_ - out);
        return l;
    }
    bool is_full() const { return any_reached(level(), limit); }

    void enter(Item item) {
        item.sequence = fate.size();
        fate.resize(fate.size() + item.buffers, Fate::pending);
        if (item.is_buffers() && item.end_ns != kNoTime) {
            in_ = item.end_ns;
            first_ = first_ == kNoTime ? item.start_ns : first_;
        }
        ring.push_back(item);
    }
    void refuse(const Item& item) { fate.resize(fate.size() + item.buffers, Fate::leaked); }

    Item leave(Fate reason) {
        const Item item = ring.front();
        ring.pop_front();
        std::fill_n(fate.begin() + static_cast<std::ptrdiff_t>(item.sequence), item.buffers,
                    reason);
        if (item.is_buffers() && item.end_ns != kNoTime)
            out_ = item.end_ns;
        else if (item.has(Item::kGap))
            out_ = std::max(out_, item.end_ns);
        return item;
    }
    void leak_downstream() {
        while (!ring.empty() && is_full()) {
            const Item item = leave(Fate::leaked);
            if (item.has(Item::kSticky))
                aside.push_back(item);
        }
    }
    Item take() {
        if (aside.empty())
            return leave(Fate::out);
        const Item item = aside.front();
        aside.pop_front();
        return item;
    }
    void restart_time() { in_ = out_ = first_ = kNoTime; }

  private:
    std::int64_t in_ = kNoTime;
    std::int64_t out_ = kNoTime;
    std::int64_t first_ = kNoTime;
};

class RingQueueModel : public ::testing::TestWithParam<unsigned> {
  protected:
    static constexpr std::uint64_t kSteps = 20'000;

    unsigned any(unsigned n) { return static_cast<unsigned>(random() % n); }

    Item any_item() {
        const std::uint64_t id = ++ids;
        const unsigned kind = any(20);
        now_ms += any(100) == 0 ? -1000 : any(30);
        if (kind == 0)
            return gap(id, now_ms, now_ms + any(40));
        if (kind == 1)
            return event(id, any(2) == 0 ? std::uint8_t{0} : std::uint8_t{Item::kSticky});
        if (kind == 2)
            return query(id);
        if (kind == 3)
            return untimed(id);
        if (kind == 4)
            return list(id, 1 + any(6), any(1000));
        return buffer(id, now_ms, now_ms + any(40));
    }
    void offer_one() {
        const Item item = any_item();
        const bool full = item.is_buffers() && model.is_full();
        const Offered got = offer(queue, refs, item);
        if (full && model.leak == Leak::none) {
            ASSERT_EQ(got, Offered::blocked);
        } else if (full && model.leak == Leak::upstream) {
            ASSERT_EQ(got, Offered::refused);
            model.refuse(item);
        } else {
            ASSERT_EQ(got, Offered::queued);
            if (full)
                model.leak_downstream();
            model.enter(item);
        }
    }
    void take_one() {
        const auto taken = take(queue, refs);
        if (model.ring.empty() && model.aside.empty()) {
            ASSERT_FALSE(taken);
            return;
        }
        const Item expected = model.take();
        ASSERT_TRUE(taken);
        ASSERT_EQ(id_of(taken->item), id_of(expected));
        if (!expected.is_buffers())
            return;
        ASSERT_EQ(taken->item.sequence, expected.sequence);
        ASSERT_EQ(taken->discont, leaked_between(next_out, expected.sequence));
        next_out = expected.sequence + expected.buffers;
    }
    bool leaked_between(std::uint64_t first, std::uint64_t end) const {
        return std::any_of(model.fate.begin() + static_cast<std::ptrdiff_t>(first),
                           model.fate.begin() + static_cast<std::ptrdiff_t>(end),
                           [](Fate f) { return f == Fate::leaked; });
    }
    void change_settings() {
        model.limit = {any(3) == 0 ? 0 : any(12), any(3) == 0 ? any(2000) : 0,
                       any(3) == 0 ? any(300) * static_cast<std::uint64_t>(kMs) : 0};
        model.leak = static_cast<Leak>(any(3));
        queue.max_size().set(model.limit);
        queue.set_leak(model.leak);
        queue.limits_changed();
        if (model.leak == Leak::downstream)
            model.leak_downstream();
    }
    void flush() {
        queue.drain([this](const Item& item) {
            ASSERT_FALSE(model.aside.empty() && model.ring.empty());
            const bool from_aside = !model.aside.empty();
            const Item expected = from_aside ? model.take() : model.leave(Fate::flushed);
            ASSERT_EQ(id_of(item), id_of(expected));
            refs.release(item);
        });
        ASSERT_TRUE(model.ring.empty() && model.aside.empty());
        queue.restart_time();
        model.restart_time();
        now_ms = any(2) == 0 ? now_ms : 0;
        if (any(2) == 0)
            queue.reclaim();
    }
    void compare() {
        const Levels got = queue.level();
        const Levels expected = model.level();
        ASSERT_EQ(got.buffers, expected.buffers);
        ASSERT_EQ(got.bytes, expected.bytes);
        ASSERT_EQ(got.time_ns, expected.time_ns);
        ASSERT_EQ(queue.is_full(), model.is_full());
        const RingQueueStats s = queue.stats();
        ASSERT_EQ(s.buffers_in, model.fate.size());
        ASSERT_EQ(s.buffers_in,
                  s.buffers_out + s.buffers_dropped + s.buffers_flushed + got.buffers);
    }
    void step() {
        const unsigned choice = any(1000);
        if (choice < 3)
            flush();
        else if (choice < 10)
            change_settings();
        else if (choice < 560)
            offer_one();
        else
            take_one();
    }
    /// Every number that was leaked is in exactly one burst, and no other.
    void compare_bursts() {
        queue.settle(UINT64_MAX);
        std::vector<bool> reported(model.fate.size());
        for (const DropBurst& burst : queue.bursts()) {
            for (std::uint64_t s = burst.first_sequence; s < burst.end_sequence(); ++s) {
                ASSERT_EQ(model.fate.at(s), Fate::leaked) << s;
                ASSERT_FALSE(reported[s]) << s;
                reported[s] = true;
            }
        }
        for (std::size_t s = 0; s < reported.size(); ++s)
            ASSERT_EQ(reported[s], model.fate[s] == Fate::leaked) << s;
    }

    std::mt19937 random{GetParam()};
    std::uint64_t ids = 0;
    std::int64_t now_ms = 0;
    std::uint64_t next_out = 0;
    Model model;
    References refs{kSteps};
    RingQueue queue{refs.disposer(), GetParam() % 2 == 0 ? 2u : 256u};
};

TEST_P(RingQueueModel, behaves_like_the_reference) {
    for (std::uint64_t i = 0; i < kSteps; ++i) {
        step();
        if (HasFatalFailure())
            FAIL() << "at step " << i;
        compare();
        if (HasFatalFailure())
            FAIL() << "after step " << i;
    }
    flush();
    compare_bursts();
    EXPECT_EQ(refs.unbalanced(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RingQueueModel, ::testing::Range(1u, 9u));

} // namespace

} // namespace tactus::test
