// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/workgroup_trial.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tactus {

namespace {

constexpr std::uint64_t kStepNs = 50'000'000;
constexpr unsigned kRuns = 3; ///< that count
constexpr std::uint32_t kFewestRows = 64;
constexpr double kWorthIt = 0.95;
constexpr double kNever = std::numeric_limits<double>::infinity();

std::string text_of(WorkgroupSize size) {
    return std::to_string(size[0]) + "x" + std::to_string(size[1]);
}

/// The usual one first.
std::vector<WorkgroupSize> candidates(const GpuTraits& traits, std::uint32_t rows) {
    std::vector<WorkgroupSize> sizes{usual_workgroup(traits)};
    const std::vector<WorkgroupSize> others =
        rows > 1 ? std::vector<WorkgroupSize>{{64, 1}, {32, 8}, {16, 16}, {8, 8}, {256, 1}}
                 : std::vector<WorkgroupSize>{{64, 1}, {128, 1}, {256, 1}, {512, 1}};
    for (const WorkgroupSize size : others)
        if (size != sizes.front() && takes_workgroup(traits, size))
            sizes.push_back(size);
    return sizes;
}

/// One size, ready to be run.
class Candidate {
  public:
    Candidate(const WorkgroupTrial& trial, const FrameLayout& sample,
              std::shared_ptr<VulkanDevice> device, SubmissionRing* ring)
        : trial_(trial), sample_(sample), device_(std::move(device)), ring_(ring) {}

    GpuStatus make(WorkgroupSize size) {
        FrameProgram::Settings wanted = trial_.program;
        wanted.slots = 1;
        wanted.workgroups.assign(wanted.shaders.size(), size);
        GpuError error;
        program_ = FrameProgram::create(device_, wanted, error);
        if (!program_)
            return error.status;
        program_->set_uniforms(trial_.uniforms);
        costs_ns_.assign(wanted.shaders.size(), kNever);
        return place_frame();
    }

    /// One run; `counts`: into the costs.
    GpuStatus run(bool counts) {
        GpuJob job;
        GpuError error;
        JobResult result;
        GpuStatus status = program_->prepare(0, frame_, job, error);
        const auto slot = status == GpuStatus::ok ? ring_->try_acquire() : std::nullopt;
        if (!slot)
            return status == GpuStatus::ok ? GpuStatus::failed : status;
        status = ring_->submit(*slot, job);
        if (status == GpuStatus::ok)
            status = wait(*slot, result);
        if (status != GpuStatus::ok) {
            program_->abandon(0);
            return status;
        }
        program_->submitted(0);
        program_->forget(0);
        if (counts)
            note(result);
        return status;
    }

    void drop_frame() { frame_ = {}; }
    const std::vector<double>& costs_ns() const { return costs_ns_; }
    std::shared_ptr<FrameProgram> program() const { return program_; }

  private:
    GpuStatus place_frame() {
        FrameLayout placed = sample_;
        if (is_picture(placed.format))
            placed =
                FrameLayout::create(placed.format, placed.width, placed.height).value_or(sample_);
        GpuStatus status = GpuStatus::ok;
        frame_.in.layout = placed;
        frame_.in.buffer = GpuBuffer::create_host(device_, placed.size_bytes, status);
        if (!frame_.in.buffer)
            return status;
        copy_frame(sample_, trial_.sample, placed,
                   reinterpret_cast<std::uint8_t*>(frame_.in.buffer->data()));
        frame_.copied = trial_.program.own_memory;
        if (program_->passes_input())
            return status;
        frame_.out.layout = program_->out_layout(placed);
        frame_.out.buffer = GpuBuffer::create_host(device_, frame_.out.layout.size_bytes, status);
        return status;
    }

    GpuStatus wait(unsigned slot, JobResult& result) {
        std::uint64_t waited_ns = 0;
        while (waited_ns < trial_.patience_ns && trial_.goes_on()) {
            const std::uint64_t step_ns = std::min(kStepNs, trial_.patience_ns - waited_ns);
            const GpuStatus status = ring_->collect(slot, step_ns, result);
            if (status != GpuStatus::timeout)
                return status;
            waited_ns += step_ns;
        }
        if (waited_ns >= trial_.patience_ns)
            device_->mark_lost();
        return GpuStatus::timeout;
    }

    void note(const JobResult& result) {
        std::vector<double> sums(costs_ns_.size(), 0);
        const auto passes = program_->passes();
        for (std::size_t i = 0; i < result.dispatches.size() && i < passes.size(); ++i)
            sums[passes[i].shader] += result.dispatches[i].duration_ns;
        // Without stamps only all together can be told.
        if (result.dispatches.empty())
            sums.assign(sums.size(),
                        static_cast<double>(result.completed_ns - result.submitted_ns));
        for (std::size_t i = 0; i < sums.size(); ++i)
            costs_ns_[i] = std::min(costs_ns_[i], sums[i]);
    }

    const WorkgroupTrial& trial_;
    FrameLayout sample_; ///< of the frame, or of its upper part
    std::shared_ptr<VulkanDevice> device_;
    SubmissionRing* ring_;
    std::shared_ptr<FrameProgram> program_;
    FrameProgram::Frame frame_;
    std::vector<double> costs_ns_;
};

/// What each size cost each shader.
struct Table {
    struct Row {
        WorkgroupSize size;
        std::vector<double> costs_ns;
    };
    std::vector<Row> rows; ///< the usual size first
    std::size_t most = 0;  ///< rows that there could be

    WorkgroupSize best(std::size_t shader) const {
        const Row* winner = &rows.front();
        for (const Row& row : rows) {
            const double worth = winner == &rows.front() ? kWorthIt : 1.0;
            if (row.costs_ns[shader] < winner->costs_ns[shader] * worth)
                winner = &row;
        }
        return winner->size;
    }

    std::string text(std::size_t shader) const {
        std::string all;
        for (const Row& row : rows)
            all += (all.empty() ? "" : ", ") + text_of(row.size) + " " +
                   std::to_string(static_cast<long>(row.costs_ns[shader] / 1000)) + " us";
        if (rows.size() < most)
            all += " (" + std::to_string(most - rows.size()) + " more not tried: no time left)";
        return all;
    }
};

using HasTime = std::function<bool()>;

/// The first size is run at least once, whatever the time.
GpuStatus measure(Candidate& candidate, bool is_first, const HasTime& has_time, bool& counted) {
    GpuStatus status = GpuStatus::ok;
    for (unsigned i = 0; status == GpuStatus::ok && i < kRuns; ++i) {
        if (!(is_first && i == 0) && !has_time())
            break;
        status = candidate.run(true);
        counted = true;
    }
    return status;
}

/// So much of the frame that all sizes can be run within the budget; whole rows.
FrameLayout affordable(const FrameLayout& whole, double cost_ns, double affordable_ns) {
    if (cost_ns <= affordable_ns || whole.height <= kFewestRows || !is_picture(whole.format))
        return whole;
    const double share = affordable_ns / cost_ns;
    const auto rows = std::max(kFewestRows, static_cast<std::uint32_t>(whole.height * share));
    return whole.cropped(0, 0, whole.width, rows).value_or(whole);
}

/// All of a trial while it runs.
class Trial {
  public:
    Trial(const WorkgroupTrial& what, std::shared_ptr<VulkanDevice> device)
        : what_(what), device_(std::move(device)), begin_ns_(what.now_ns()), has_time_([this] {
              return what_.now_ns() - begin_ns_ < what_.budget_ns && what_.goes_on();
          }) {}

    WorkgroupTrial::Outcome run() {
        outcome_.sizes.assign(what_.program.shaders.size(), {0, 0});
        const std::vector<WorkgroupSize> sizes = candidates(device_->traits(), what_.layout.height);
        table_.most = sizes.size();
        if (!make_ring() || !choose_sample(sizes))
            return std::move(outcome_);
        for (const WorkgroupSize size : sizes)
            if (!try_size(size))
                return std::move(outcome_);
        conclude();
        return std::move(outcome_);
    }

  private:
    bool make_ring() {
        SubmissionRing::Settings wanted;
        wanted.in_flight = 1;
        wanted.now_ns = what_.now_ns;
        GpuError error;
        ring_ = SubmissionRing::create(device_, wanted, error);
        outcome_.status = ring_ ? GpuStatus::ok : error.status;
        return ring_ != nullptr;
    }

    // With its first run, in which drivers compile.
    Candidate& add_candidate(WorkgroupSize size, GpuStatus& status) {
        const std::uint64_t before_ns = what_.now_ns();
        tried_.push_back(std::make_unique<Candidate>(what_, sample_, device_, ring_.get()));
        Candidate& candidate = *tried_.back();
        status = candidate.make(size);
        if (status == GpuStatus::ok)
            status = candidate.run(false);
        most_making_ns_ = std::max(most_making_ns_, what_.now_ns() - before_ns);
        return candidate;
    }

    // Making one more size cannot be cut short.
    bool has_time_to_make() const {
        return has_time_() && what_.now_ns() - begin_ns_ + most_making_ns_ < what_.budget_ns;
    }

    // One run of the usual size tells what a frame costs.
    bool choose_sample(const std::vector<WorkgroupSize>& sizes) {
        sample_ = what_.layout;
        GpuStatus status = GpuStatus::ok;
        Candidate& first = add_candidate(sizes.front(), status);
        const std::uint64_t before_ns = what_.now_ns();
        if (status == GpuStatus::ok)
            status = first.run(true);
        const auto cost_ns = static_cast<double>(what_.now_ns() - before_ns);
        outcome_.status = status;
        if (status != GpuStatus::ok)
            return false;
        first.drop_frame();
        // Most of the time is for the driver's compiler.
        const double runs = 4.0 * (kRuns + 1) * static_cast<double>(sizes.size());
        sample_ = affordable(sample_, cost_ns, static_cast<double>(what_.budget_ns) / runs);
        return true;
    }

    // False: there is nothing to choose from.
    bool try_size(WorkgroupSize size) {
        const bool is_first = table_.rows.empty();
        if (!is_first && !has_time_to_make())
            return true;
        GpuStatus status = GpuStatus::ok;
        Candidate& candidate = add_candidate(size, status);
        bool counted = false;
        if (status == GpuStatus::ok)
            status = measure(candidate, is_first, has_time_, counted);
        if (status == GpuStatus::timeout || status == GpuStatus::device_lost)
            outcome_.status = status;
        // One that the device does not take, or has no memory for, is none.
        if (status == GpuStatus::ok && counted) {
            table_.rows.push_back({size, candidate.costs_ns()});
            outcome_.programs.push_back(candidate.program());
            candidate.drop_frame();
        }
        return outcome_.status == GpuStatus::ok && !table_.rows.empty();
    }

    void conclude() {
        for (std::size_t i = 0; i < outcome_.sizes.size(); ++i) {
            if (!leaves_workgroup_open(what_.program.shaders[i]->reflection()))
                continue;
            if (table_.rows.size() > 1 || table_.most == 1)
                outcome_.sizes[i] = table_.best(i);
            outcome_.reason += (outcome_.reason.empty() ? "measured: " : "; ") + table_.text(i);
        }
    }

    const WorkgroupTrial& what_;
    std::shared_ptr<VulkanDevice> device_;
    std::uint64_t begin_ns_;
    HasTime has_time_;
    std::uint64_t most_making_ns_ = 0; ///< what a size took until it could be measured
    WorkgroupTrial::Outcome outcome_;
    Table table_;
    FrameLayout sample_;
    std::vector<std::unique_ptr<Candidate>> tried_; ///< outlive the ring, which waits for its jobs
    std::unique_ptr<SubmissionRing> ring_;
};

} // namespace

WorkgroupTrial::Outcome WorkgroupTrial::run(std::shared_ptr<VulkanDevice> device) const {
    return Trial(*this, std::move(device)).run();
}

} // namespace tactus
