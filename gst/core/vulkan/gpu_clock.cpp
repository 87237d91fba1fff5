// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/gpu_clock.h"

#include "core/vulkan/interval_samples.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace tactus {
namespace {

constexpr std::uint64_t kSampleIntervalNs = 100'000'000;
constexpr unsigned kTries = 4;
/// Contradictions of calibrated timestamps that are no accident.
constexpr std::uint64_t kContradictions = 3;

std::uint64_t read_clock(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(time.tv_nsec);
}

/// vkGetCalibratedTimestampsEXT, with CLOCK_MONOTONIC or a bridge to it.
class CalibratedSource final : public SampleSource {
  public:
    CalibratedSource(VulkanDevice& device, std::uint64_t tick_mask)
        : device_(device), tick_mask_(tick_mask) {}

    std::optional<ClockSample> take() override {
        if (device_.lost())
            return std::nullopt;
        const bool raw = !device_.traits().calibrated_monotonic;
        const VkTimeDomainEXT domain =
            raw ? VK_TIME_DOMAIN_CLOCK_MONOTONIC_RAW_EXT : VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT;
        VkCalibratedTimestampInfoEXT infos[2]{};
        for (auto& info : infos)
            info.sType = VK_STRUCTURE_TYPE_CALIBRATED_TIMESTAMP_INFO_EXT;
        infos[0].timeDomain = VK_TIME_DOMAIN_DEVICE_EXT;
        infos[1].timeDomain = domain;
        std::uint64_t stamps[2]{};
        std::uint64_t deviation_ns = 0;
        if (device_.check(device_.api().vkGetCalibratedTimestampsEXT(
                device_.handle(), 2, infos, stamps, &deviation_ns)) != GpuStatus::ok)
            return std::nullopt;
        ClockSample sample;
        sample.ticks = stamps[0] & tick_mask_;
        sample.cpu_ns = stamps[1];
        sample.deviation_ns = static_cast<double>(deviation_ns);
        if (raw)
            bridge(sample);
        return sample;
    }

  private:
    /// From CLOCK_MONOTONIC_RAW to CLOCK_MONOTONIC. Their rates differ by up to 500 ppm, which is
    /// nothing over the microseconds since the sample.
    static void bridge(ClockSample& sample) {
        const std::uint64_t before = read_clock(CLOCK_MONOTONIC);
        const std::uint64_t raw = read_clock(CLOCK_MONOTONIC_RAW);
        const std::uint64_t after = read_clock(CLOCK_MONOTONIC);
        sample.cpu_ns += before + (after - before) / 2 - raw;
        sample.deviation_ns += static_cast<double>(after - before) / 2 + 1;
    }

    VulkanDevice& device_;
    std::uint64_t tick_mask_;
};

} // namespace

const char* gpu_time_method_name(GpuTimeMethod method) {
    switch (method) {
    case GpuTimeMethod::none:
        return "none";
    case GpuTimeMethod::calibrated_monotonic:
        return "calibrated-monotonic";
    case GpuTimeMethod::calibrated_monotonic_raw:
        return "calibrated-monotonic-raw";
    case GpuTimeMethod::intervals:
        break;
    }
    return "intervals";
}

class GpuClock::Impl {
  public:
    Impl(std::shared_ptr<VulkanDevice> device, const GpuQueue& queue, NowFunction now)
        : device_(std::move(device)), now_(std::move(now)), bits_(queue.timestamp_valid_bits),
          period_ns_(device_->traits().limits.timestampPeriod), intervals_(period_ns_, bits_) {
        if (!usable())
            return;
        mask_ = bits_ >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits_) - 1;
        const GpuTraits& traits = device_->traits();
        if (traits.calibrated_monotonic)
            method_ = GpuTimeMethod::calibrated_monotonic;
        else if (traits.calibrated_raw)
            method_ = GpuTimeMethod::calibrated_monotonic_raw;
        else
            method_ = GpuTimeMethod::intervals;
        start_model();
    }

    bool usable() const { return bits_ != 0 && period_ns_ > 0; }
    std::uint64_t mask() const { return mask_; }
    double period_ns() const { return period_ns_; }

    void update() {
        const std::lock_guard guard(lock_);
        const std::uint64_t now_ns = now_();
        if (!usable() || !model_ || (sampled_ && now_ns - sampled_ns_ < kSampleIntervalNs))
            return;
        std::optional<ClockSample> sample;
        if (method_ == GpuTimeMethod::intervals) {
            sample = intervals_.sample();
        } else {
            CalibratedSource source(*device_, mask_);
            sample = take_best_sample(source, kTries, model_->good_enough_ns());
        }
        if (!sample)
            return;
        model_->add(*sample);
        sampled_ = true;
        sampled_ns_ = now_ns;
    }

    void add_job(std::uint64_t begin_ticks, std::uint64_t end_ticks, std::uint64_t submitted_ns,
                 std::uint64_t completed_ns) {
        {
            const std::lock_guard guard(lock_);
            if (!usable())
                return;
            intervals_.add(begin_ticks, end_ticks, submitted_ns, completed_ns);
            check(begin_ticks, end_ticks, submitted_ns, completed_ns);
        }
        update();
    }

    GpuSpan map(std::uint64_t begin_ticks, std::uint64_t end_ticks, std::uint64_t near_ns) const {
        const std::lock_guard guard(lock_);
        GpuSpan span;
        span.begin_ticks = begin_ticks & mask_;
        span.end_ticks = end_ticks & mask_;
        span.duration_ns = static_cast<double>((end_ticks - begin_ticks) & mask_) * period_ns_;
        if (!model_)
            return span;
        const auto begin = model_->map(span.begin_ticks, near_ns);
        const auto end = model_->map(span.end_ticks, near_ns);
        if (!begin || !end)
            return span;
        span.begin_ns = begin->cpu_ns;
        span.end_ns = end->cpu_ns;
        span.bound_ns = std::max(begin->bound_ns, end->bound_ns);
        if (const auto estimate = model_->estimate(near_ns))
            span.skew_ppm = estimate->skew_ppm;
        span.method = method_;
        return span;
    }

    Health health() const {
        const std::lock_guard guard(lock_);
        Health result = health_;
        result.method = model_ && model_->counters().samples > 0 ? method_ : GpuTimeMethod::none;
        if (model_)
            result.estimate = model_->estimate(now_());
        return result;
    }

  private:
    void start_model() {
        model_ = DeviceClockModel::create({period_ns_, bits_});
        sampled_ = false;
    }

    /// Whether mapped stamps are where they must be; from calibrated timestamps, else they are by
    /// construction.
    void check(std::uint64_t begin_ticks, std::uint64_t end_ticks, std::uint64_t submitted_ns,
               std::uint64_t completed_ns) {
        if (!model_ || method_ == GpuTimeMethod::intervals)
            return;
        const auto begin = model_->map(begin_ticks & mask_, submitted_ns);
        const auto end = model_->map(end_ticks & mask_, submitted_ns);
        if (!begin || !end)
            return;
        ++health_.checked;
        const bool early = static_cast<double>(begin->cpu_ns) + begin->bound_ns <
                           static_cast<double>(submitted_ns);
        const bool late =
            static_cast<double>(end->cpu_ns) - end->bound_ns > static_cast<double>(completed_ns);
        if (!early && !late)
            return;
        ++health_.contradicted;
        if (health_.contradicted < kContradictions || health_.contradicted * 2 < health_.checked)
            return;
        health_.distrusted = true;
        method_ = GpuTimeMethod::intervals;
        start_model();
    }

    const std::shared_ptr<VulkanDevice> device_;
    const NowFunction now_;
    const unsigned bits_;
    const double period_ns_;
    std::uint64_t mask_ = 0;
    mutable std::mutex lock_;
    GpuTimeMethod method_ = GpuTimeMethod::none;
    IntervalSamples intervals_;
    std::optional<DeviceClockModel> model_;
    bool sampled_ = false;
    std::uint64_t sampled_ns_ = 0;
    Health health_;
};

GpuClock::GpuClock(std::shared_ptr<VulkanDevice> device, const GpuQueue& queue, NowFunction now)
    : impl_(std::make_unique<Impl>(std::move(device), queue, std::move(now))) {}
GpuClock::~GpuClock() = default;

bool GpuClock::usable() const {
    return impl_->usable();
}
std::uint64_t GpuClock::tick_mask() const {
    return impl_->mask();
}
double GpuClock::tick_period_ns() const {
    return impl_->period_ns();
}
void GpuClock::update() {
    impl_->update();
}
void GpuClock::add_job(std::uint64_t begin_ticks, std::uint64_t end_ticks,
                       std::uint64_t submitted_ns, std::uint64_t completed_ns) {
    impl_->add_job(begin_ticks, end_ticks, submitted_ns, completed_ns);
}
GpuSpan GpuClock::map(std::uint64_t begin_ticks, std::uint64_t end_ticks,
                      std::uint64_t near_ns) const {
    return impl_->map(begin_ticks, end_ticks, near_ns);
}
GpuClock::Health GpuClock::health() const {
    return impl_->health();
}

} // namespace tactus
