// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/submission_ring.h"

#include "core/vulkan/job_check.h"
#include "core/vulkan/job_recorder.h"
#include "core/vulkan/ring_slot.h"
#include "core/vulkan/transfer_route.h"
#include "core/vulkan/whole_wait.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace tactus {
namespace {

constexpr unsigned kMostInFlight = 16;
constexpr std::uint64_t kPatienceNs = 1'000'000'000;
/// For an empty job, by a driver that shares a busy machine's CPUs.
constexpr std::uint64_t kStartPatienceNs = 10'000'000'000;
constexpr unsigned kStartJobs = 3;
constexpr std::array kParts = {JobPart::upload, JobPart::compute, JobPart::download};

enum class SlotState : std::uint8_t { free, acquired, pending };

} // namespace

struct SubmissionRing::Impl {
    struct Place {
        std::unique_ptr<RingSlot> slot;
        SlotState state = SlotState::free;
        std::uint64_t submitted_ns = 0;
        std::size_t dispatches = 0;
    };

    std::shared_ptr<VulkanDevice> device;
    Settings settings;
    RoutePlan plan;
    std::array<const GpuQueue*, kJobParts> queues{};
    std::array<std::shared_ptr<GpuClock>, kJobParts> clocks; ///< shared by parts of one family
    mutable std::mutex lock;                                 ///< of states
    std::vector<Place> places;
    std::string submit_error;

    void make_clocks();
    GpuStatus make_places();
    GpuStatus run_start_jobs();
    void set_state(unsigned slot, SlotState state) {
        const std::lock_guard guard(lock);
        places[slot].state = state;
    }
    bool in_state(unsigned slot, SlotState state) const {
        const std::lock_guard guard(lock);
        return slot < places.size() && places[slot].state == state;
    }
    std::optional<unsigned> try_acquire();
    GpuStatus submit(unsigned slot, const GpuJob& job);
    GpuStatus submit_parts(RingSlot& slot);
    GpuStatus wait(const RingSlot& slot, std::uint64_t timeout_ns) const {
        return wait_whole(timeout_ns, settings.now_ns,
                          [&](std::uint64_t left_ns) { return slot.wait(left_ns); });
    }
    GpuStatus collect(unsigned slot, std::uint64_t timeout_ns, JobResult& result);
    void read_stamps(const Place& place, JobResult& result);
    std::optional<GpuSpan> read_copy(const Place& place, JobPart part, const JobResult& result);
};

void SubmissionRing::Impl::make_clocks() {
    for (JobPart part : kParts) {
        const auto index = static_cast<std::size_t>(part);
        if (queues[index] == nullptr)
            continue;
        for (std::size_t other = 0; other < kJobParts; ++other) {
            if (clocks[other] && queues[other]->family == queues[index]->family)
                clocks[index] = clocks[other];
        }
        if (!clocks[index])
            clocks[index] = std::make_shared<GpuClock>(device, *queues[index], settings.now_ns);
    }
}

GpuStatus SubmissionRing::Impl::make_places() {
    RingSlot::Settings slot;
    slot.queues = queues;
    slot.max_dispatches = settings.max_dispatches;
    slot.timestamps = settings.timestamps;
    slot.timeline = device->traits().features12.timelineSemaphore == VK_TRUE;
    places.resize(settings.in_flight);
    for (Place& place : places) {
        GpuStatus status = GpuStatus::ok;
        place.slot = RingSlot::create(device, slot, status);
        if (status != GpuStatus::ok)
            return status;
    }
    return GpuStatus::ok;
}

GpuStatus SubmissionRing::Impl::run_start_jobs() {
    for (unsigned index = 0; index < kStartJobs; ++index) {
        const auto slot = try_acquire();
        GpuStatus status = slot ? submit(*slot, {}) : GpuStatus::failed;
        JobResult result;
        if (status == GpuStatus::ok)
            status = collect(*slot, kStartPatienceNs, result);
        if (status != GpuStatus::ok)
            return status;
    }
    return GpuStatus::ok;
}

std::optional<unsigned> SubmissionRing::Impl::try_acquire() {
    const std::lock_guard guard(lock);
    const auto place = std::find_if(places.begin(), places.end(), [](const Place& candidate) {
        return candidate.state == SlotState::free;
    });
    if (place == places.end())
        return std::nullopt;
    place->state = SlotState::acquired;
    return static_cast<unsigned>(place - places.begin());
}

GpuStatus SubmissionRing::Impl::submit(unsigned slot, const GpuJob& job) {
    if (device->lost())
        return GpuStatus::device_lost;
    if (!in_state(slot, SlotState::acquired)) {
        submit_error = "slot " + std::to_string(slot) + " was not acquired";
        return GpuStatus::bad_input;
    }
    Place& place = places[slot];
    submit_error = check_job(job, device->traits(), settings.max_dispatches);
    GpuStatus status = submit_error.empty() ? GpuStatus::ok : GpuStatus::bad_input;
    if (status == GpuStatus::ok)
        status = place.slot->prepare(job);
    JobRecorder recorder(*device, *place.slot);
    if (status == GpuStatus::ok)
        status = recorder.record(job);
    if (status == GpuStatus::ok) {
        place.dispatches = job.dispatches.size();
        place.submitted_ns = settings.now_ns();
        status = submit_parts(*place.slot);
    }
    if (status != GpuStatus::ok) {
        recorder.forget();
        if (submit_error.empty())
            submit_error = gpu_status_name(status);
    }
    set_state(slot, status == GpuStatus::ok ? SlotState::pending : SlotState::free);
    return status;
}

GpuStatus SubmissionRing::Impl::submit_parts(RingSlot& slot) {
    std::uint64_t wait_for = 0;
    for (JobPart part : kParts) {
        if (!slot.part(part).used)
            continue;
        const std::uint64_t signal = slot.value + 1;
        const GpuStatus status = slot.submit(part, wait_for, signal);
        if (status == GpuStatus::ok) {
            wait_for = signal;
            continue;
        }
        // What went before cannot be called back; the slot is of no use until it is done.
        if (wait_for != 0 && wait(slot, kPatienceNs) != GpuStatus::ok && !device->lost())
            device->mark_lost();
        return device->lost() ? GpuStatus::device_lost : status;
    }
    return GpuStatus::ok;
}

GpuStatus SubmissionRing::Impl::collect(unsigned slot, std::uint64_t timeout_ns,
                                        JobResult& result) {
    result = {};
    if (!in_state(slot, SlotState::pending))
        return result.status = device->lost() ? GpuStatus::device_lost : GpuStatus::bad_input;
    const Place& place = places[slot];
    result.submitted_ns = place.submitted_ns;
    result.status = wait(*place.slot, timeout_ns);
    if (result.status != GpuStatus::ok)
        return result.status;
    result.completed_ns = settings.now_ns();
    read_stamps(place, result);
    set_state(slot, SlotState::free);
    return result.status;
}

void SubmissionRing::Impl::read_stamps(const Place& place, JobResult& result) {
    const auto& clock = clocks[static_cast<std::size_t>(JobPart::compute)];
    const auto stamps = place.slot->stamps(JobPart::compute);
    if (stamps.size() >= 2) {
        clock->add_job(stamps.front(), stamps.back(), result.submitted_ns, result.completed_ns);
        for (std::size_t index = 0; index < place.dispatches; ++index)
            result.dispatches.push_back(
                clock->map(stamps[2 * index], stamps[2 * index + 1], result.submitted_ns));
    }
    result.upload = read_copy(place, JobPart::upload, result);
    result.download = read_copy(place, JobPart::download, result);
}

std::optional<GpuSpan> SubmissionRing::Impl::read_copy(const Place& place, JobPart part,
                                                       const JobResult& result) {
    const auto stamps = place.slot->stamps(part);
    const auto& clock = clocks[static_cast<std::size_t>(part)];
    if (stamps.size() < 2 || !clock)
        return std::nullopt;
    clock->add_job(stamps[0], stamps[1], result.submitted_ns, result.completed_ns);
    return clock->map(stamps[0], stamps[1], result.submitted_ns);
}

SubmissionRing::SubmissionRing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::unique_ptr<SubmissionRing> SubmissionRing::create(std::shared_ptr<VulkanDevice> device,
                                                       const Settings& settings, GpuError& error) {
    error = {};
    if (settings.in_flight < 1 || settings.in_flight > kMostInFlight || !settings.now_ns ||
        settings.max_dispatches < 1) {
        error = {GpuStatus::bad_input, std::to_string(settings.in_flight) +
                                           " jobs in flight; 1 to " +
                                           std::to_string(kMostInFlight) + " are possible"};
        return nullptr;
    }
    auto impl = std::make_unique<Impl>();
    impl->plan = plan_route(*device, settings);
    impl->queues = {impl->plan.upload, &device->compute_queue(), impl->plan.download};
    impl->settings = settings;
    impl->device = std::move(device);
    impl->make_clocks();
    GpuStatus status = impl->make_places();
    if (status == GpuStatus::ok)
        status = impl->run_start_jobs();
    if (status == GpuStatus::timeout)
        impl->device->mark_lost();
    if (status == GpuStatus::ok)
        return std::unique_ptr<SubmissionRing>(new SubmissionRing(std::move(impl)));
    error = {status, impl->device->traits().name + " does not run an empty job (" +
                         gpu_status_name(status) + ")"};
    return nullptr;
}

SubmissionRing::~SubmissionRing() {
    for (const auto& place : impl_->places) {
        if (place.state == SlotState::pending &&
            impl_->wait(*place.slot, kPatienceNs) != GpuStatus::ok && !impl_->device->lost())
            impl_->device->mark_lost();
    }
}

unsigned SubmissionRing::in_flight() const {
    return impl_->settings.in_flight;
}
TransferRoute SubmissionRing::route() const {
    return impl_->plan.route;
}
const char* SubmissionRing::route_reason() const {
    return impl_->plan.reason;
}
const GpuClock& SubmissionRing::clock() const {
    return *impl_->clocks[static_cast<std::size_t>(JobPart::compute)];
}
const std::string& SubmissionRing::submit_error() const {
    return impl_->submit_error;
}

std::optional<unsigned> SubmissionRing::try_acquire() {
    return impl_->try_acquire();
}

void SubmissionRing::release(unsigned slot) {
    if (impl_->in_state(slot, SlotState::acquired))
        impl_->set_state(slot, SlotState::free);
}

GpuStatus SubmissionRing::submit(unsigned slot, const GpuJob& job) {
    return impl_->submit(slot, job);
}

bool SubmissionRing::done(unsigned slot) const {
    return impl_->in_state(slot, SlotState::pending) &&
           impl_->places[slot].slot->wait(0) == GpuStatus::ok;
}

GpuStatus SubmissionRing::collect(unsigned slot, std::uint64_t timeout_ns, JobResult& result) {
    return impl_->collect(slot, timeout_ns, result);
}

} // namespace tactus
