// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/otlp_exporter.h"

#ifdef TACTUS_HAVE_CURL

#include "clockcalib/http_post.h"
#include "clockcalib/span_queue.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace tactus {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kDestructorTimeout{1000};

/// Tells when to end: set once by stop(), seen by the export thread wherever it waits.
class Deadline {
  public:
    void set(Clock::time_point at) {
        {
            const std::lock_guard lock(mutex_);
            if (!at_)
                at_ = at;
        }
        changed_.notify_all();
    }
    bool is_set() const {
        const std::lock_guard lock(mutex_);
        return at_.has_value();
    }
    /// How much of `budget` is left at `now`, cut to what stop() allows.
    milliseconds left(Clock::time_point started, milliseconds budget) const {
        const std::lock_guard lock(mutex_);
        Clock::time_point end = started + budget;
        if (at_)
            end = std::min(end, *at_);
        return std::chrono::ceil<milliseconds>(end - Clock::now());
    }
    /// Waits, but not longer than until stop() is called.
    void wait(milliseconds time) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, time, [&] { return at_.has_value(); });
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Clock::time_point> at_;
};

class CurlExporter final : public OtlpExporter {
  public:
    CurlExporter(Settings settings, std::string url, std::unique_ptr<HttpPost> http)
        : settings_(std::move(settings)), url_(std::move(url)), http_(std::move(http)),
          retry_(settings_.retry, settings_.spans.seed[0]), queue_(settings_.queue_spans),
          builder_(settings_.spans,
                   [this](std::vector<OtlpSpan> spans) { queue_.push(std::move(spans)); }) {
        builder_.set_realtime_offset_ns(settings_.realtime_offset_ns);
        thread_ = std::thread([this] { run(); });
    }
    ~CurlExporter() override { stop(kDestructorTimeout); }
    CurlExporter(const CurlExporter&) = delete;
    CurlExporter& operator=(const CurlExporter&) = delete;

    void element_added(const ElementInfo& info) override { builder_.element_added(info); }
    void element_gone(std::uint32_t element) override { builder_.element_gone(element); }
    void push_began(const PushBegan& push) override { builder_.push_began(push); }
    void left(const Residence& residence) override { builder_.left(residence); }
    void dropped(const Dropped& drop) override { builder_.dropped(drop); }
    void arrived(const Arrived& arrival) override { builder_.arrived(arrival); }
    void gpu_worked(const GpuWork& work) override { builder_.gpu_worked(work); }
    void set_realtime_offset_ns(std::int64_t offset_ns) override {
        builder_.set_realtime_offset_ns(offset_ns);
    }

    Stats stats() const override {
        const std::lock_guard lock(trouble_mutex_);
        return {sent_.load(),   queue_.dropped(), refused_.load(),
                unsent_.load(), tries_.load(),    trouble_};
    }

    void stop(milliseconds timeout) override {
        if (!thread_.joinable())
            return;
        deadline_.set(Clock::now() + timeout);
        queue_.close();
        http_->wake();
        thread_.join();
    }

  private:
    void run() {
        // The application's signal handlers are not for this thread; nor is SIGPIPE, which TLS
        // would raise when a collector hangs up.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        for (;;) {
            const auto batch = queue_.take(settings_.batch_spans, settings_.batch_delay);
            if (batch.empty())
                return;
            if (!send(batch)) {
                unsent_ += batch.size() + queue_.clear();
                return;
            }
        }
    }

    /// Tries until the batch is taken or refused; false if stop() came first.
    bool send(const std::vector<OtlpSpan>& batch) {
        const auto body = encode_spans(settings_.resource, batch);
        for (;;) {
            // Looked at before the try: one that fails after stop() was called is the last.
            const bool last = deadline_.is_set();
            const auto started = Clock::now();
            ++tries_;
            const HttpAnswer answer = http_->post(
                body, [&] { return deadline_.left(started, settings_.request_timeout); });
            switch (send_result(answer.status)) {
            case SendResult::taken:
                taken(batch.size(), answer);
                return true;
            case SendResult::refused:
                refused_ += batch.size();
                note_trouble(status_text(answer));
                complain("refuses spans with " + status_text(answer) + "; they are given up");
                return true;
            case SendResult::try_again:
                complain_of_silence(answer);
                if (last)
                    return false;
                deadline_.wait(milliseconds(retry_.next_delay_ms(answer.retry_after_ms)));
            }
        }
    }

    void taken(std::size_t spans, const HttpAnswer& answer) {
        retry_.succeeded();
        const PartialSuccess part = decode_response(answer.body).value_or(PartialSuccess{});
        const auto rejected = std::min<std::uint64_t>(part.rejected_spans, spans);
        sent_ += spans - rejected;
        refused_ += rejected;
        if (rejected == 0) {
            complained_ = false;
            return;
        }
        note_trouble(part.message.empty() ? "refused by the collector" : part.message);
        complain("refuses " + std::to_string(rejected) + " spans: " + part.message);
    }

    static std::string status_text(const HttpAnswer& answer) {
        return "HTTP status " + std::to_string(answer.status);
    }

    void complain_of_silence(const HttpAnswer& answer) {
        const std::string why = answer.status == 0 ? answer.trouble : status_text(answer);
        note_trouble(why);
        complain("does not take spans now (" + why + "); up to " +
                 std::to_string(settings_.queue_spans) + " are kept and sent later");
    }

    void note_trouble(const std::string& why) {
        const std::lock_guard lock(trouble_mutex_);
        trouble_ = why;
    }

    void complain(const std::string& what) {
        if (!std::exchange(complained_, true) && settings_.on_error)
            settings_.on_error("OTLP collector at " + url_ + " " + what);
    }

    const Settings settings_;
    const std::string url_;
    const std::unique_ptr<HttpPost> http_;
    Deadline deadline_;
    RetryPolicy retry_;       // export thread
    bool complained_ = false; // export thread
    mutable std::mutex trouble_mutex_;
    std::string trouble_;
    std::atomic<std::uint64_t> sent_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> unsent_{0};
    std::atomic<std::uint64_t> tries_{0};
    SpanQueue queue_;
    SpanBuilder builder_; // the thread that feeds the analyzer
    std::thread thread_;
};

} // namespace

std::unique_ptr<OtlpExporter> OtlpExporter::create(Settings settings, std::string& error) {
    if (settings.spans.sample_every == 0) {
        error = "OTLP sample \"0\": give 1 for every buffer, 100 for one of a hundred";
        return nullptr;
    }
    const auto url = HttpPost::traces_url(settings.url, error);
    if (!url)
        return nullptr;
    auto http = HttpPost::create(*url, error);
    if (!http)
        return nullptr;
    return std::make_unique<CurlExporter>(std::move(settings), *url, std::move(http));
}

} // namespace tactus

#else

namespace tactus {

std::unique_ptr<OtlpExporter> OtlpExporter::create(Settings, std::string& error) {
    error = "OTLP: this clockcalib was built without libcurl";
    return nullptr;
}

} // namespace tactus

#endif
