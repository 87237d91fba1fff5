// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/filter_responses.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#ifdef HAVE_SNDFILE
#include <sndfile.h>
#endif

namespace tactus {

namespace {

template <typename T>
std::vector<std::vector<double>> by_channel(const std::vector<T>& samples, std::size_t channels) {
    std::vector<std::vector<double>> result(channels);
    for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = c; i < samples.size(); i += channels) {
            const auto value = static_cast<double>(samples[i]);
            if (!std::isfinite(value))
                throw std::invalid_argument("tap " + std::to_string(i / channels) +
                                            " of response " + std::to_string(c) +
                                            " is not a finite number");
            result[c].push_back(value);
        }
    return result;
}

std::string named(const std::string& path) {
    return "kernel-file=" + path;
}

#ifdef HAVE_SNDFILE
// libsndfile's words, without what it puts around those of the system.
std::string why_not_open() {
    std::string why = sf_strerror(nullptr);
    constexpr std::string_view kSystem = "System error : ";
    if (why.starts_with(kSystem))
        why.erase(0, kSystem.size());
    if (why.ends_with('.'))
        why.pop_back();
    return why;
}
#endif

} // namespace

FilterResponses FilterResponses::from_taps(const std::vector<double>& taps) {
    return {by_channel(taps.empty() ? std::vector<double>{1.0} : taps, 1), 0};
}

FilterResponses FilterResponses::from_frames(std::span<const std::byte> bytes,
                                             std::size_t responses) {
    const std::size_t frame_bytes = responses * sizeof(float);
    if (bytes.empty() || bytes.size() % frame_bytes != 0)
        throw std::invalid_argument(std::to_string(bytes.size()) + " bytes with taps of " +
                                    std::to_string(responses) + " responses: there must be " +
                                    std::to_string(frame_bytes) + " bytes for each tap");
    std::vector<float> samples(bytes.size() / sizeof(float));
    std::memcpy(samples.data(), bytes.data(), bytes.size());
    return {by_channel(samples, responses), 0};
}

ConvolutionFilter FilterResponses::filter(std::size_t inputs, std::size_t outputs) && {
    auto filter = ConvolutionFilter::with(inputs, outputs, std::move(taps));
    const std::size_t most = kMostTotalTaps / (inputs + filter.responses.size());
    if (filter.longest_taps() > most)
        throw std::invalid_argument(
            std::to_string(filter.longest_taps()) + " taps, with " + std::to_string(inputs) +
            " channels in and responses: " + std::to_string(filter.responses.size()) +
            "; there must be " + std::to_string(most) + " taps at most");
    return filter;
}

#ifdef HAVE_SNDFILE
FilterResponses FilterResponses::from_file(const std::string& path) {
    SF_INFO info{};
    const std::unique_ptr<SNDFILE, decltype(&sf_close)> file(sf_open(path.c_str(), SFM_READ, &info),
                                                             sf_close);
    if (file == nullptr)
        throw std::runtime_error(named(path) + ": cannot be read: " + why_not_open() +
                                 "; it must be a WAV, FLAC or AIFF file");
    const auto channels = static_cast<std::size_t>(info.channels);
    if (info.frames < 1 || static_cast<std::size_t>(info.frames) > ConvolutionLayout::kMostTaps)
        throw std::runtime_error(named(path) + ": it has " + std::to_string(info.frames) +
                                 " frames; there must be 1 to " +
                                 std::to_string(ConvolutionLayout::kMostTaps));
    if (static_cast<std::size_t>(info.frames) > kMostTotalTaps / channels)
        throw std::runtime_error(named(path) + ": it has " + std::to_string(info.frames) +
                                 " frames of " + std::to_string(channels) +
                                 " channels; there must be " +
                                 std::to_string(kMostTotalTaps / channels) + " at most");
    std::vector<double> samples(static_cast<std::size_t>(info.frames) * channels);
    const sf_count_t read = sf_readf_double(file.get(), samples.data(), info.frames);
    if (read != info.frames)
        throw std::runtime_error(named(path) + ": only " + std::to_string(read) + " of " +
                                 std::to_string(info.frames) + " frames can be read");
    return {by_channel(samples, channels), info.samplerate};
}
#else
FilterResponses FilterResponses::from_file(const std::string& path) {
    throw std::runtime_error(named(path) + ": this build reads no files, as it has no libsndfile");
}
#endif

} // namespace tactus
