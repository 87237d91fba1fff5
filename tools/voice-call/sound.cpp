// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sound.h"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace tactus::voice_call {

namespace {

// 1 ms: a time line that moves this smoothly is followed without a gap.
constexpr std::int64_t kStretchedFrames = kSampleRate / 1000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::int64_t frames_of(std::int64_t ns) {
    return std::llround(static_cast<double>(ns) * kSampleRate / kNsPerSecond);
}

void put(std::ofstream& file, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        file.put(static_cast<char>(value >> (8 * i)));
}

} // namespace

void Sound::play(std::int64_t playout_ns, std::int64_t released_ns,
                 const std::vector<std::int16_t>& samples, Source source) {
    if (origin_ns_ < 0)
        origin_ns_ = playout_ns;
    const std::int64_t first = frames_of(playout_ns - origin_ns_);
    const std::int64_t missed = std::max<std::int64_t>(frames_of(released_ns - playout_ns), 0);
    const auto count = static_cast<std::int64_t>(samples.size());
    const auto end = static_cast<std::size_t>(std::max<std::int64_t>(first + count, 0));
    const auto played = static_cast<std::int64_t>(samples_.size());
    if (end > samples_.size()) {
        samples_.resize(end, 0);
        sources_.resize(end, Source::silence);
    }
    if (played > 0 && first > played && first - played <= kStretchedFrames) {
        std::fill(samples_.begin() + played, samples_.begin() + first,
                  samples_[static_cast<std::size_t>(played - 1)]);
        std::fill(sources_.begin() + played, sources_.begin() + first,
                  sources_[static_cast<std::size_t>(played - 1)]);
    }
    for (std::int64_t i = std::max(missed, -first); i < count; ++i) {
        samples_[static_cast<std::size_t>(first + i)] = samples[static_cast<std::size_t>(i)];
        sources_[static_cast<std::size_t>(first + i)] = source;
    }
}

double Sound::concealed_seconds() const {
    const auto heard = std::count(sources_.begin(), sources_.end(), Source::packet);
    return seconds() - static_cast<double>(heard) / kSampleRate;
}

double Sound::seconds() const {
    return static_cast<double>(samples_.size()) / kSampleRate;
}

bool Sound::write_wav(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    const auto bytes = static_cast<std::uint32_t>(samples_.size() * 2);
    file << "RIFF";
    put(file, 36 + bytes, 4);
    file << "WAVEfmt ";
    put(file, 16, 4);
    put(file, 1, 2); // PCM
    put(file, 1, 2); // mono
    put(file, kSampleRate, 4);
    put(file, kSampleRate * 2, 4);
    put(file, 2, 2);
    put(file, 16, 2);
    file << "data";
    put(file, bytes, 4);
    for (const std::int16_t sample : samples_)
        put(file, static_cast<std::uint16_t>(sample), 2);
    return file.good();
}

} // namespace tactus::voice_call
