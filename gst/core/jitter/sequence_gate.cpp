// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/sequence_gate.h"

#include "core/jitter/unwrap.h"

#include <algorithm>

namespace tactus {

void SequenceGate::set_limits(std::int64_t max_dropout, std::int64_t max_misorder) {
    max_dropout_ = std::clamp<std::int64_t>(max_dropout, 1, kLargestLimit);
    max_misorder_ = std::clamp<std::int64_t>(max_misorder, 0, kLargestLimit);
}

void SequenceGate::expect(std::uint16_t seqnum) {
    restart_at(seqnum);
}

void SequenceGate::restart_at(std::uint16_t seqnum) {
    const std::int64_t next = newest_ ? *newest_ + 1 : kOrigin + seqnum;
    wire_shift_ = next - seqnum;
    newest_ = next - 1;
    suspects_ = 0;
}

SequenceGate::Result SequenceGate::judge(std::uint16_t seqnum) {
    Result result;
    if (!newest_)
        restart_at(seqnum);
    result.extended = unwrap16(*newest_ - wire_shift_, seqnum) + wire_shift_;
    const std::int64_t ahead = result.extended - *newest_;
    if (ahead > max_dropout_ || ahead <= -std::max<std::int64_t>(max_misorder_, 1))
        return judge_stray(seqnum);
    result.strays = suspects_ > 0;
    suspects_ = 0;
    newest_ = std::max(*newest_, result.extended);
    return result;
}

SequenceGate::Result SequenceGate::judge_stray(std::uint16_t seqnum) {
    Result result;
    result.verdict = Verdict::suspect;
    if (suspects_ > 0 && seqnum != next_suspect_) {
        result.strays = true;
        suspects_ = 0;
    }
    ++suspects_;
    next_suspect_ = static_cast<std::uint16_t>(seqnum + 1);
    if (suspects_ < kProbation)
        return result;
    restart_at(static_cast<std::uint16_t>(seqnum + 1 - kProbation));
    result.verdict = Verdict::restart;
    return result;
}

} // namespace tactus
