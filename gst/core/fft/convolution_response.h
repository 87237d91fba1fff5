// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"
#include "core/fft/convolution_layout.h"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace tactus {

/// Which input goes to which output through which response.
struct ConvolutionPath {
    std::size_t input = 0;
    std::size_t output = 0;
    std::size_t response = 0;
};

/// A filter from some channels to others: each output is the sum of the inputs that a path leads
/// from, each convolved with the path's response.
struct ConvolutionFilter {
    static constexpr std::size_t kMostChannels = 64;

    std::size_t inputs = 0;
    std::size_t outputs = 0;
    std::vector<ConvolutionPath> paths;
    std::vector<std::vector<double>> responses; ///< their taps

    /// Each of `channels` through the one response.
    static ConvolutionFilter same(std::size_t channels, std::vector<double> response);
    /// Channel i through response i alone.
    static ConvolutionFilter each(std::vector<std::vector<double>> responses);
    /// All to all: input i to output o through response i * outputs + o.
    static ConvolutionFilter matrix(std::size_t inputs, std::size_t outputs,
                                    std::vector<std::vector<double>> responses);

    /// Whichever of these the number of responses means. Throws invalid_argument if it is none.
    static ConvolutionFilter with(std::size_t inputs, std::size_t outputs,
                                  std::vector<std::vector<double>> responses);

    std::size_t longest_taps() const;
};

/// One or two paths through the same response, which are taken together.
struct ConvolutionLane {
    std::size_t response = 0;
    std::size_t width = 0;
    std::array<std::size_t, 2> inputs{};
    std::array<std::size_t, 2> outputs{};
};

/// A bit of the work on a partition. An input's spectrum comes before what is made of it.
struct ConvolutionStep {
    enum class Kind { transform, multiply, invert };

    Kind kind = Kind::transform;
    std::size_t channel = 0; ///< the input to be transformed, or the output
    ConvolutionLane lane;    ///< along which to multiply
    std::size_t first = 0;   ///< with which partitions of the response
    std::size_t count = 0;
};

/// The spectra of a filter's partitions, as PartitionedConvolution multiplies with them.
///
/// Threads: immutable once made; any thread may read it, and make it.
template <typename T>
class ConvolutionResponse {
  public:
    /// Throws invalid_argument if the filter has no or more than kMostChannels channels, paths to
    /// what is not there, or responses that have no taps, or more than the layout has room for;
    /// bad_alloc.
    ConvolutionResponse(const ConvolutionFilter& filter, const ConvolutionLayout& layout);

    const ConvolutionLayout& layout() const { return layout_; }
    std::size_t inputs() const { return inputs_; }
    std::size_t outputs() const { return outputs_; }
    std::size_t taps() const { return taps_; }
    std::span<const ConvolutionLane> lanes() const { return lanes_; }
    /// How many partitions of a segment are not beyond the end of a response.
    std::size_t partitions(std::size_t segment, std::size_t response) const {
        return segments_[segment].partitions[response];
    }
    /// The rows (see spectral_kernels.h) of these, behind each other. They are scaled so that the
    /// inverse transform needs no division.
    const T* rows(std::size_t segment, std::size_t response) const {
        return segments_[segment].rows[response].data();
    }
    /// What is to be done for a partition of a segment after its block number `block`, of as many
    /// as it has: about as much after each.
    std::span<const ConvolutionStep> steps(std::size_t segment, std::size_t block) const;

  private:
    struct Segment {
        std::vector<std::size_t> partitions;
        std::vector<AlignedArray<T>> rows;
        std::vector<ConvolutionStep> steps;
        std::vector<std::size_t> ends; ///< for each block, where its steps end
    };

    static Segment transformed(const ConvolutionSegment& segment,
                               std::span<const std::vector<double>> responses);

    void schedule(std::size_t partition_frames, Segment& segment) const;

    ConvolutionLayout layout_;
    std::size_t inputs_;
    std::size_t outputs_;
    std::size_t taps_;
    std::vector<ConvolutionLane> lanes_;
    std::vector<Segment> segments_;
};

extern template class ConvolutionResponse<float>;
extern template class ConvolutionResponse<double>;

} // namespace tactus
