// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/convolution_response.h"

#include "core/fft/fft.h"
#include "core/fft/spectral_kernels.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <stdexcept>
#include <string>
#include <utility>

namespace tactus {

namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw std::invalid_argument(why);
}

void check_channels(const char* what, std::size_t count) {
    if (count < 1 || count > ConvolutionFilter::kMostChannels)
        refuse("a filter with " + std::to_string(count) + " " + what + ": it must have 1 to " +
               std::to_string(ConvolutionFilter::kMostChannels));
}

void check_filter(const ConvolutionFilter& filter, const ConvolutionLayout& layout) {
    check_channels("inputs", filter.inputs);
    check_channels("outputs", filter.outputs);
    for (const ConvolutionPath& path : filter.paths)
        if (path.input >= filter.inputs || path.output >= filter.outputs ||
            path.response >= filter.responses.size())
            refuse("a path from input " + std::to_string(path.input) + " to output " +
                   std::to_string(path.output) + " through response " +
                   std::to_string(path.response) + ", which are not all there");
    for (const std::vector<double>& response : filter.responses)
        if (response.empty() || response.size() > layout.capacity_taps())
            refuse("a response of " + std::to_string(response.size()) +
                   " taps: it must have 1 to " + std::to_string(layout.capacity_taps()));
}

constexpr std::size_t kStepPartitions = 4;

std::vector<ConvolutionLane> lanes_of(std::vector<ConvolutionPath> paths) {
    std::stable_sort(paths.begin(), paths.end(),
                     [](const auto& a, const auto& b) { return a.response < b.response; });
    std::vector<ConvolutionLane> lanes;
    for (const ConvolutionPath& path : paths) {
        // Two sums that are taken together must not be one.
        if (lanes.empty() || lanes.back().response != path.response || lanes.back().width == 2 ||
            lanes.back().outputs[0] == path.output)
            lanes.push_back({path.response, 0, {}, {}});
        ConvolutionLane& lane = lanes.back();
        lane.inputs[lane.width] = path.input;
        lane.outputs[lane.width] = path.output;
        ++lane.width;
    }
    return lanes;
}

/// In rows multiplied. A transform of n numbers costs about as much as log2(n) / 3 of them.
double cost_of(const ConvolutionStep& step, std::size_t partition_frames) {
    if (step.kind == ConvolutionStep::Kind::multiply)
        return static_cast<double>(step.count * step.lane.width);
    return std::log2(2.0 * static_cast<double>(partition_frames)) / 3;
}

} // namespace

ConvolutionFilter ConvolutionFilter::same(std::size_t channels, std::vector<double> response) {
    ConvolutionFilter filter{channels, channels, {}, {}};
    filter.responses.push_back(std::move(response));
    for (std::size_t c = 0; c < channels; ++c)
        filter.paths.push_back({c, c, 0});
    return filter;
}

ConvolutionFilter ConvolutionFilter::each(std::vector<std::vector<double>> responses) {
    const std::size_t channels = responses.size();
    ConvolutionFilter filter{channels, channels, {}, std::move(responses)};
    for (std::size_t c = 0; c < channels; ++c)
        filter.paths.push_back({c, c, c});
    return filter;
}

ConvolutionFilter ConvolutionFilter::matrix(std::size_t inputs, std::size_t outputs,
                                            std::vector<std::vector<double>> responses) {
    ConvolutionFilter filter{inputs, outputs, {}, std::move(responses)};
    for (std::size_t i = 0; i < inputs; ++i)
        for (std::size_t o = 0; o < outputs; ++o)
            filter.paths.push_back({i, o, i * outputs + o});
    return filter;
}

ConvolutionFilter ConvolutionFilter::with(std::size_t inputs, std::size_t outputs,
                                          std::vector<std::vector<double>> responses) {
    const std::size_t count = responses.size();
    const std::string all_to_all = std::to_string(inputs * outputs) + " (from each to each)";
    if (count == inputs * outputs)
        return matrix(inputs, outputs, std::move(responses));
    if (inputs != outputs)
        refuse(std::to_string(count) + " responses from " + std::to_string(inputs) + " to " +
               std::to_string(outputs) + " channels: there must be " + all_to_all);
    if (count == 1)
        return same(inputs, std::move(responses.front()));
    if (count == inputs)
        return each(std::move(responses));
    refuse(std::to_string(count) + " responses for " + std::to_string(inputs) +
           " channels: there must be 1 (for all), " + std::to_string(inputs) +
           " (one for each) or " + all_to_all);
}

std::size_t ConvolutionFilter::longest_taps() const {
    std::size_t longest = 0;
    for (const std::vector<double>& response : responses)
        longest = std::max(longest, response.size());
    return longest;
}

template <typename T>
ConvolutionResponse<T>::ConvolutionResponse(const ConvolutionFilter& filter,
                                            const ConvolutionLayout& layout)
    : layout_(layout), inputs_(filter.inputs), outputs_(filter.outputs),
      taps_(filter.longest_taps()), lanes_(lanes_of(filter.paths)) {
    check_filter(filter, layout);
    for (const ConvolutionSegment& segment : layout.segments) {
        segments_.push_back(transformed(segment, filter.responses));
        schedule(segment.partition_frames, segments_.back());
    }
}

template <typename T>
std::span<const ConvolutionStep> ConvolutionResponse<T>::steps(std::size_t segment,
                                                               std::size_t block) const {
    const Segment& s = segments_[segment];
    const std::size_t begin = block == 0 ? 0 : s.ends[block - 1];
    return std::span(s.steps).subspan(begin, s.ends[block] - begin);
}

template <typename T>
auto ConvolutionResponse<T>::transformed(const ConvolutionSegment& segment,
                                         std::span<const std::vector<double>> responses)
    -> Segment {
    const RealFft<T> fft(2 * segment.partition_frames);
    const std::size_t row_size = spectral_row_size<T>(fft.bins());
    const auto scale = 1.0 / static_cast<double>(fft.length());
    AlignedArray<T> scratch(fft.scratch_size());
    AlignedArray<T> taps(fft.length());
    AlignedArray<std::complex<T>> spectrum(fft.bins());
    Segment result;
    for (const std::vector<double>& response : responses) {
        const std::size_t begin = std::min(segment.first_tap, response.size());
        const std::size_t count = std::min(
            (response.size() - begin + segment.partition_frames - 1) / segment.partition_frames,
            segment.partitions);
        AlignedArray<T>& rows = result.rows.emplace_back(count * row_size);
        result.partitions.push_back(count);
        for (std::size_t p = 0; p < count; ++p) {
            const std::size_t first = begin + p * segment.partition_frames;
            const std::size_t end = std::min(first + segment.partition_frames, response.size());
            std::fill(taps.begin(), taps.end(), T{0});
            for (std::size_t n = first; n < end; ++n)
                taps[n - first] = static_cast<T>(response[n] * scale);
            fft.forward(taps.data(), spectrum.data(), scratch.data());
            spectral_kernels<T>().to_row(reinterpret_cast<const T*>(spectrum.data()), fft.bins(),
                                         rows.data() + p * row_size);
        }
    }
    return result;
}

template <typename T>
void ConvolutionResponse<T>::schedule(std::size_t partition_frames, Segment& segment) const {
    using Kind = ConvolutionStep::Kind;
    for (std::size_t i = 0; i < inputs_; ++i)
        segment.steps.push_back({Kind::transform, i, {}, 0, 0});
    for (const ConvolutionLane& lane : lanes_) {
        const std::size_t count = segment.partitions[lane.response];
        for (std::size_t first = 0; first < count; first += kStepPartitions)
            segment.steps.push_back(
                {Kind::multiply, 0, lane, first, std::min(kStepPartitions, count - first)});
    }
    for (std::size_t o = 0; o < outputs_; ++o)
        segment.steps.push_back({Kind::invert, o, {}, 0, 0});
    double whole = 0;
    for (const ConvolutionStep& step : segment.steps)
        whole += cost_of(step, partition_frames);
    const std::size_t blocks = partition_frames / layout_.block_frames();
    std::size_t next = 0;
    double done = 0;
    for (std::size_t block = 1; block < blocks; ++block) {
        const double share = whole * static_cast<double>(block) / static_cast<double>(blocks);
        // A step goes to the block in whose share the middle of it lies.
        while (next < segment.steps.size() &&
               done + cost_of(segment.steps[next], partition_frames) / 2 < share)
            done += cost_of(segment.steps[next++], partition_frames);
        segment.ends.push_back(next);
    }
    segment.ends.push_back(segment.steps.size());
}

template class ConvolutionResponse<float>;
template class ConvolutionResponse<double>;

} // namespace tactus
