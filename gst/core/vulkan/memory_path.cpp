// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/memory_path.h"

#include <algorithm>

namespace tactus {
namespace {

std::size_t index_of(MemoryPath path) {
    return static_cast<std::size_t>(path);
}

/// Time that the GPU spent on a job.
double cost_of(const JobResult& result, MemoryPath path) {
    const auto waited = static_cast<double>(result.completed_ns - result.submitted_ns);
    if (result.dispatches.empty())
        return waited;
    double sum = 0;
    for (const GpuSpan& span : result.dispatches)
        sum += span.duration_ns;
    if (path == MemoryPath::direct)
        return sum;
    // Copies without stamps of their own: nothing but the wait tells of them.
    if (!result.upload && !result.download)
        return waited;
    sum += result.upload ? result.upload->duration_ns : 0;
    sum += result.download ? result.download->duration_ns : 0;
    return sum;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::string microseconds(double ns) {
    return std::to_string(static_cast<long>(ns * 1e-3)) + " us";
}

} // namespace

const char* memory_path_name(MemoryPath path) {
    return path == MemoryPath::direct ? "direct" : "copied";
}

MemoryPathTrial::MemoryPathTrial(bool shares_memory)
    : shares_memory_(shares_memory), decided_(shares_memory) {}

MemoryPath MemoryPathTrial::next() const {
    if (decided_)
        return choice_;
    // In turns, so that both see the same load.
    return seen_[0] <= seen_[1] ? MemoryPath::direct : MemoryPath::copied;
}

void MemoryPathTrial::add(MemoryPath path, const JobResult& result) {
    const std::size_t index = index_of(path);
    if (decided_ || result.status != GpuStatus::ok)
        return;
    if (++seen_[index] > kUncounted)
        costs_ns_[index].push_back(cost_of(result, path));
    if (costs_ns_[0].size() >= kCounted && costs_ns_[1].size() >= kCounted)
        decide();
}

void MemoryPathTrial::decide() {
    for (std::size_t index = 0; index < costs_ns_.size(); ++index)
        medians_ns_[index] = median(costs_ns_[index]);
    choice_ = medians_ns_[0] <= medians_ns_[1] ? MemoryPath::direct : MemoryPath::copied;
    decided_ = true;
}

double MemoryPathTrial::cost_ns(MemoryPath path) const {
    return medians_ns_[index_of(path)];
}

std::string MemoryPathTrial::reason() const {
    if (shares_memory_)
        return "direct: the device works in host memory";
    if (!decided_)
        return "not decided yet: both are being tried";
    const MemoryPath other =
        choice_ == MemoryPath::direct ? MemoryPath::copied : MemoryPath::direct;
    return std::string(memory_path_name(choice_)) + ": " + microseconds(cost_ns(choice_)) +
           " a frame against " + microseconds(cost_ns(other));
}

} // namespace tactus
