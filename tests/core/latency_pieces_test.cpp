// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Many buffers of one identity: pieces of a block, and what is sent more than once.
#include "latency_feeder.h"

namespace tactus {
namespace {

class LatencyPieces : public LatencyFeeder {
  protected:
    LatencyPieces() {
        element(1, "filesrc", true);
        element(2, "demux");
        element(3, "multiqueue");
        element(4, "videosink", false, true);
        element(5, "audiosink", false, true);
        element(6, "decoder");
    }

    /// Piece `n` of a block: a buffer of its own that carries the block's id.
    static TestBuffer piece_of(const TestBuffer& block, std::uint64_t n) {
        TestBuffer piece = block;
        piece.address = 0x900000 + n * 64;
        piece.pts_ns = n * 10 * kMs;
        piece.size_bytes = 20 + n % 3;
        return piece;
    }

    /// A buffer that nobody may write to, as it leaves `pad`: under an id that it cannot carry.
    TestBuffer unwritable(std::uint32_t pad, std::uint64_t at_ms) {
        TestBuffer buffer = fresh(pad, at_ms);
        buffer.address = 0x900000;
        buffer.pts_ns = 5;
        buffer.id_unattached = true;
        return buffer;
    }
    void push_unwritable(std::uint32_t src, std::uint32_t dst, std::uint64_t at_ms,
                         std::uint32_t thread = 1) {
        TestBuffer buffer = unwritable(src, at_ms);
        push(src, dst, buffer, at_ms, thread);
    }
};

TEST_F(LatencyPieces, finds_each_piece_on_its_own_pad_of_a_multiqueue) {
    constexpr std::uint64_t kPieces = 300;
    TestBuffer block = feed(1, sink_pad(2), 0);
    for (std::uint64_t n = 0; n < kPieces; ++n) {
        TestBuffer piece = piece_of(block, n);
        const auto pad = static_cast<std::uint32_t>(n % 2);
        push(src_pad(2, pad), sink_pad(3, pad), piece, 10 + n);
        push(src_pad(3, pad), sink_pad(4 + pad), piece, 12 + n, 2 + pad);
    }
    analyzer.eos(src_pad(3, 0), 1000 * kMs);
    analyzer.eos(src_pad(3, 1), 1000 * kMs);
    EXPECT_EQ(stats(2).duplicated, 0u);
    EXPECT_EQ(stats(3).duplicated, 0u);
    EXPECT_EQ(stats(3).dropped, 0u);
    EXPECT_EQ(stats(3).inside, 0u);
    ASSERT_EQ(residences_in(3).size(), kPieces);
    for (const Residence& residence : residences_in(3))
        EXPECT_EQ(residence.out_ns - residence.in_ns, 2 * kMs);
    const LatencySnapshot all = analyzer.snapshot(0);
    ASSERT_EQ(all.paths.size(), 2u);
    for (const PathStats& path : all.paths)
        EXPECT_EQ(path.buffers, kPieces / 2) << path.sink_element;
    EXPECT_EQ(stats(4).duplicated + stats(5).duplicated, 0u);
}

TEST_F(LatencyPieces, counts_the_pieces_that_a_queue_drops_of_a_block) {
    TestBuffer block = feed(1, sink_pad(2), 0);
    for (std::uint64_t n = 0; n < 10; ++n) {
        TestBuffer piece = piece_of(block, n);
        push(src_pad(2), sink_pad(3), piece, 10 + n);
        if (n % 5 != 0)
            push(src_pad(3), sink_pad(4), piece, 10 + n, 2);
    }
    analyzer.eos(src_pad(3), 1000 * kMs);
    EXPECT_EQ(stats(3).dropped, 2u);
    EXPECT_EQ(stats(4).buffers_in, 8u);
}

TEST_F(LatencyPieces, finds_what_a_piece_was_made_of_by_its_timestamp) {
    TestBuffer block = feed(1, sink_pad(2), 0);
    for (std::uint64_t n = 0; n < 4; ++n) {
        TestBuffer piece = piece_of(block, n);
        push(src_pad(2), sink_pad(6), piece, 10 + n);
    }
    for (const std::uint64_t n : {1U, 0U, 3U, 2U}) {
        TestBuffer decoded = piece_of(block, n);
        decoded.address += 0x100000;
        decoded.size_bytes = 5000;
        push(src_pad(6), sink_pad(4), decoded, 50, 2);
        EXPECT_EQ(recorder.residences.back().in_ns, (10 + n) * kMs);
    }
    EXPECT_EQ(stats(6).duplicated, 0u);
    EXPECT_EQ(recorder.arrivals.size(), 4u);
}

// Each packet has the end of one input and the beginning of the next, or is a part of one.
TEST_F(LatencyPieces, does_not_call_an_encoder_that_frames_anew_a_duplicator) {
    element(7, "audiosrc", true);
    element(8, "encoder");
    TestBuffer before = feed_timed(7, sink_pad(8), 0, 0, 10);
    for (std::uint64_t n = 1; n < 50; ++n) {
        TestBuffer next = feed_timed(7, sink_pad(8), n * 10, n * 10, 10);
        TestBuffer packet = piece_of(before, n);
        packet.ids = {before.ids[0], next.ids[0]};
        push(src_pad(8), sink_pad(5), packet, n * 10, 2);
        TestBuffer part = piece_of(next, 100 + n);
        push(src_pad(8), sink_pad(5), part, n * 10, 2);
        before = next;
    }
    EXPECT_EQ(stats(8).duplicated, 0u);
    EXPECT_EQ(stats(8).dropped, 0u);
    EXPECT_EQ(stats(5).duplicated, 0u);
    EXPECT_EQ(recorder.arrivals.size(), 98u);
}

TEST_F(LatencyPieces, knows_a_repeated_frame_through_the_elements_further_down) {
    element(7, "videosrc", true);
    element(8, "videorate");
    element(9, "encoder");
    for (std::uint64_t n = 0; n < 20; ++n) {
        const TestBuffer frame = feed_timed(7, sink_pad(8), n * 30, n * 30, 30);
        for (std::uint64_t i = 0; i < 3; ++i) {
            TestBuffer copy = frame;
            copy.address += 0x100000 + i * 0x10000;
            copy.pts_ns = (n * 30 + i * 10) * kMs;
            push(src_pad(8), sink_pad(3), copy, n * 30 + 1);
            push(src_pad(3), sink_pad(9), copy, n * 30 + 2, 2);
            TestBuffer coded = copy;
            coded.address += 0x1000000;
            coded.size_bytes = 10 + n;
            push(src_pad(9), sink_pad(4), coded, n * 30 + 3, 2);
        }
    }
    EXPECT_EQ(stats(8).duplicated, 40u);
    EXPECT_EQ(stats(3).duplicated, 0u);
    EXPECT_EQ(stats(9).duplicated, 0u);
    EXPECT_EQ(stats(4).duplicated, 40u);
    EXPECT_EQ(recorder.arrivals.size(), 20u) << "the path of the first of each alone";
}

TEST_F(LatencyPieces, knows_a_repetition_of_a_buffer_that_cannot_carry_its_id) {
    push_unwritable(src_pad(1), sink_pad(6), 0);
    push_unwritable(src_pad(6), sink_pad(4), 10);
    push_unwritable(src_pad(6), sink_pad(4), 11);
    EXPECT_EQ(stats(6).duplicated, 1u);
    EXPECT_EQ(stats(4).duplicated, 1u);
    EXPECT_EQ(recorder.arrivals.size(), 1u);
}

TEST_F(LatencyPieces, knows_such_a_repetition_behind_a_queue) {
    push_unwritable(src_pad(1), sink_pad(6), 0);
    push_unwritable(src_pad(6), sink_pad(3), 10);
    push_unwritable(src_pad(6), sink_pad(3), 11);
    push_unwritable(src_pad(3), sink_pad(4), 20, 2);
    push_unwritable(src_pad(3), sink_pad(4), 30, 2);
    EXPECT_EQ(stats(3).duplicated, 0u);
    EXPECT_EQ(residences_in(3).size(), 2u);
    EXPECT_EQ(stats(4).duplicated, 1u);
    ASSERT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_EQ(recorder.arrivals[0].at_ns, 20 * kMs);
}

TEST_F(LatencyPieces, knows_a_buffer_that_comes_in_twice_and_goes_out_twice) {
    for (const unsigned pad : {0U, 1U})
        push_unwritable(src_pad(1), sink_pad(6, pad), pad);
    for (const std::uint64_t at_ms : {10U, 11U})
        push_unwritable(src_pad(6), sink_pad(4), at_ms);
    EXPECT_EQ(stats(6).duplicated, 0u);
    EXPECT_EQ(residences_in(6).size(), 2u);
    analyzer.eos(src_pad(6), 20 * kMs);
    EXPECT_EQ(stats(6).dropped, 0u);
}

/// Blocks go into the demuxer, of which only the second comes out.
class LatencyBlocks : public LatencyPieces {
  protected:
    void demux_blocks(bool are_pulled, std::uint64_t pts_ns = kNoTimeNs) {
        std::vector<TestBuffer> blocks;
        for (std::uint64_t at_ms = 0; at_ms < 4; ++at_ms) {
            blocks.push_back(fresh(src_pad(1), at_ms));
            TestBuffer& block = blocks.back();
            const BufferSeen seen{block.ids, block.address, pts_ns, kNoTimeNs, 4096, true};
            PushBegin push{at_ms * kMs, 1, src_pad(1), sink_pad(2), {&seen, 1}, false};
            push.is_pulled = are_pulled;
            analyzer.begin(push);
            block.id_is_new = false;
        }
        TestBuffer piece = piece_of(blocks[1], 0);
        push(src_pad(2), sink_pad(4), piece, 10);
        analyzer.eos(src_pad(2), 20 * kMs);
    }
    void byte_segment(std::uint32_t pad) {
        SegmentSeen segment;
        segment.src_pad = pad;
        segment.in_time = false;
        analyzer.segment(segment);
    }
};

TEST_F(LatencyBlocks, of_headers_alone_are_not_dropped_by_a_demuxer) {
    byte_segment(src_pad(1));
    time_segment(src_pad(2), 0);
    demux_blocks(false);
    EXPECT_EQ(stats(2).buffers_in, 4u);
    EXPECT_EQ(stats(2).residence.summary.count, 1u);
    EXPECT_EQ(stats(2).dropped, 0u);
    EXPECT_EQ(stats(2).inside, 0u);
    EXPECT_TRUE(recorder.drops.empty());
}

TEST_F(LatencyBlocks, that_a_demuxer_pulls_are_not_dropped_either) {
    time_segment(src_pad(2), 0);
    demux_blocks(true);
    EXPECT_EQ(stats(2).dropped, 0u);
    EXPECT_EQ(stats(2).inside, 0u);
}

TEST_F(LatencyBlocks, are_dropped_by_what_hands_on_bytes) {
    byte_segment(src_pad(1));
    byte_segment(src_pad(2));
    demux_blocks(false);
    EXPECT_EQ(stats(2).dropped, 3u);
}

// An appsrc whose format was left at bytes, but whose buffers have times.
TEST_F(LatencyBlocks, are_none_where_each_has_a_timestamp) {
    byte_segment(src_pad(1));
    time_segment(src_pad(2), 0);
    demux_blocks(false, 0);
    EXPECT_EQ(stats(2).dropped, 3u);
}

TEST_F(LatencyBlocks, that_have_a_time_are_dropped_by_whoever_keeps_them) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(2), 0);
    demux_blocks(false);
    EXPECT_EQ(stats(2).dropped, 3u);
}

} // namespace
} // namespace tactus
