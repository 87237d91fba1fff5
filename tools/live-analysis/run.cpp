// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "run.h"

#include "interrupt.h"
#include "stream.h"
#include "user_error.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <thread>

namespace tactus::live {

namespace {

using std::chrono::steady_clock;

// Between looks at the buses; the streams need none of that to go on.
constexpr std::chrono::milliseconds kPollPeriod{20};
// For the frames left in the queue at the end; a few would do, a whole deep queue might take long.
constexpr std::chrono::seconds kDrainLimit{30};

double process_cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

using Streams = std::vector<std::unique_ptr<Stream>>;

double seconds_since(steady_clock::time_point start) {
    return std::chrono::duration<double>(steady_clock::now() - start).count();
}

Streams make_streams(const Options& options, const StreamConfig& config, const Workload& work) {
    Streams streams;
    for (unsigned i = 0; i < options.streams; ++i)
        streams.push_back(std::make_unique<Stream>(config, work));
    for (auto& stream : streams)
        stream->prepare();
    return streams;
}

Snapshot snapshot(const Streams& streams, double seconds) {
    Snapshot now{seconds, 0, 0};
    for (const auto& stream : streams) {
        now.frames_in += stream->camera().frames();
        now.analysed += stream->analyser().frames();
    }
    return now;
}

bool all_finished(const Streams& streams) {
    for (const auto& stream : streams)
        if (!stream->finished())
            return false;
    return true;
}

void poll_all(const Streams& streams) {
    throw_if_interrupted();
    for (const auto& stream : streams)
        stream->poll();
    std::this_thread::sleep_for(kPollPeriod);
}

void play_to_the_end(const Streams& streams, unsigned seconds, const OnProgress& on_progress) {
    for (const auto& stream : streams)
        stream->play();
    const auto start = steady_clock::now();
    while (seconds_since(start) < seconds && !all_finished(streams)) {
        poll_all(streams);
        on_progress(snapshot(streams, seconds_since(start)));
    }
    // A queue that holds the camera back would go on for as long as it takes to get rid of all the
    // frames of these seconds; time is up for it, too.
    for (const auto& stream : streams)
        stream->stop();
    const auto stopped = steady_clock::now();
    while (!all_finished(streams)) {
        if (steady_clock::now() - stopped > kDrainLimit)
            throw UserError("a pipeline did not come to its end; the queue under test is stuck");
        poll_all(streams);
    }
}

StreamConfig config_for(const Options& options, const Variant& variant, unsigned seconds) {
    StreamConfig config;
    config.video_path = options.video_path;
    config.variant = variant;
    config.depth_frames = options.depth_frames;
    config.fps_in = options.fps_in;
    config.seconds = seconds;
    config.alone = options.streams == 1;
    return config;
}

double mean_cpu_ms(const Analyser& analyser) {
    const std::uint64_t frames = std::max<std::uint64_t>(analyser.frames(), 1);
    return static_cast<double>(analyser.cpu_ns()) / static_cast<double>(frames) / 1e6;
}

// Counts add up, and so do rates and energies until finish() makes means of them.
void add_stream(RunResult& result, LogLinearHistogram& ages, Stream& stream) {
    if (const auto reported = stream.reported_drops())
        result.reported_dropped = result.reported_dropped.value_or(0) + *reported;
    stream.close();

    const Analyser& analyser = stream.analyser();
    result.frames_in += stream.camera().frames();
    result.analysed += analyser.frames();
    result.rate_in += static_cast<double>(stream.camera().frames()) / stream.camera_seconds();
    result.rate_analysed += analyser.rate();
    result.cpu_ms += mean_cpu_ms(analyser);
    result.motion_energy += analyser.mean_finding().motion_energy;
    result.edge_energy += analyser.mean_finding().edge_energy;
    result.ended_early = result.ended_early || stream.ended_early();
    for (const std::uint64_t age_ns : analyser.ages_ns())
        ages.record(age_ns);
}

void finish(RunResult& result, const LogLinearHistogram& ages, std::size_t streams) {
    // The queues were left to run empty, so what came in and was not analysed was dropped.
    result.dropped = result.frames_in - result.analysed;
    for (double* mean : {&result.rate_in, &result.rate_analysed, &result.cpu_ms,
                         &result.motion_energy, &result.edge_energy})
        *mean /= static_cast<double>(streams);
    result.age_ns = ages.summary();
}

} // namespace

Calibration calibrate(const Options& options, const OnProgress& on_progress) {
    MachineUse use;
    use.cores = usable_cores();
    use.streams = options.streams;
    Workload work; // a first guess, which takes decoding to be free
    work.trial_cpu_ns = static_cast<std::uint64_t>(frame_cpu_ns(use, options.fps_out));
    work.yields_to_cameras = options.streams > 1;
    const auto config = config_for(options, kCalibrationVariant, kCalibrationSeconds);
    const Streams streams = make_streams(options, config, work);
    const double cpu_before_s = process_cpu_seconds();
    play_to_the_end(streams, kCalibrationSeconds, on_progress);
    double decode_cpu_s = process_cpu_seconds() - cpu_before_s;

    Calibration found;
    double row_cpu_ns = 0;
    double frames = 0;
    for (const auto& stream : streams) {
        stream->close();
        const Analyser& analyser = stream->analyser();
        row_cpu_ns += analyser.row_cpu_ns() / options.streams;
        decode_cpu_s -= static_cast<double>(analyser.cpu_ns()) / 1e9;
        frames += static_cast<double>(stream->camera().frames());
        found.width = analyser.width();
        found.height = analyser.height();
    }
    use.decode_cores = decode_cpu_s / frames * options.fps_in * options.streams;
    const double rows = frame_cpu_ns(use, options.fps_out) / row_cpu_ns;
    found.rows = std::max<std::uint64_t>(static_cast<std::uint64_t>(rows), 1);
    found.passes = static_cast<double>(found.rows) / found.height;
    return found;
}

RunResult run_variant(const Options& options, const Variant& variant,
                      const Calibration& calibration, const OnProgress& on_progress) {
    Workload work;
    work.rows = calibration.rows;
    // Cameras are hardware and need no core. Here decoders play them; where many analyses want more
    // than all the cores there are, they must not keep those from being on time. One stream has
    // cores enough for both.
    work.yields_to_cameras = options.streams > 1;
    const Streams streams =
        make_streams(options, config_for(options, variant, options.seconds), work);
    play_to_the_end(streams, options.seconds, on_progress);

    RunResult result;
    result.variant = variant;
    LogLinearHistogram ages; // one for all: of the streams each noted its ages in a list
    for (const auto& stream : streams)
        add_stream(result, ages, *stream);
    finish(result, ages, streams.size());
    return result;
}

} // namespace tactus::live
