// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The transforms beside FFTW and GstFFT, with each kind of vector unit: all of a row in turns,
// round by round, ratios from the same round. See docs/benchmarks.md.
#include "core/fft/multi_real_fft.h"
#include "core/fft/spectrum_values.h"

#include "fft_peers.h"
#include "fft_rounds.h"
#include "fft_table.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace tactus::bench;

constexpr const char* kUsage =
    "usage: %s [--rounds N] [--quick] [--enforce] [--only TEXT] [--json FILE]\n"
    "  --rounds N    interleaved rounds per figure (default 41); the figures are medians\n"
    "  --quick       3 short rounds, no long transforms: does everything run?\n"
    "  --enforce     exit status 1 if a goal is missed\n"
    "  --only TEXT   only figures whose name contains TEXT\n"
    "  --json FILE   write the table there as well\n";

struct Options {
    Effort effort;
    bool quick = false;
    bool enforce = false;
    std::string only;
    std::string json_path;
};

enum class Peer { fftw, gstfft };

struct Case {
    std::size_t length;
    bool is_double;
    Peer peer;
    Goals goals;
};

constexpr Case kCases[] = {
    {254, false, Peer::gstfft, {10, 10}},  {2046, false, Peer::gstfft, {10, 10}},
    {254, false, Peer::fftw, {}},          {2046, false, Peer::fftw, {}},
    {256, false, Peer::fftw, {1.6, 1.7}},  {512, false, Peer::fftw, {2.1, 1.7}},
    {1024, false, Peer::fftw, {2.7, 1.7}}, {2048, false, Peer::fftw, {2.7, 1.7}},
    {4096, false, Peer::fftw, {2.1, 1.7}}, {8192, false, Peer::fftw, {2.1, 1.7}},
    {65536, false, Peer::fftw, {1.4, 0}},  {480, false, Peer::fftw, {1.6, 0}},
    {960, false, Peer::fftw, {1.6, 0}},    {1920, false, Peer::fftw, {1.6, 0}},
    {256, true, Peer::fftw, {}},           {1024, true, Peer::fftw, {1.8, 0}},
    {4096, true, Peer::fftw, {}},
};
constexpr std::size_t kLongestQuick = 2048;

/// Several channels at once from interleaved audio, against the same one by one: from that, too, or
/// from channels that are apart already.
struct ChannelsCase {
    std::size_t channels;
    std::size_t length;
    bool is_apart;
    Goals goals;
};
constexpr ChannelsCase kChannelsCases[] = {
    {8, 128, false, {1.5, 1.5}},  {8, 256, false, {1.5, 1.5}},  {8, 512, false, {1.5, 1.5}},
    {16, 128, false, {1.5, 1.5}}, {16, 256, false, {1.5, 1.5}}, {16, 512, false, {1.5, 1.5}},
    {16, 128, true, {}},          {16, 256, true, {}},          {16, 512, true, {}},
};

/// A window, the transform and maybe powers at once, against one after the other.
struct FusedCase {
    std::size_t length;
    bool to_powers;
};
constexpr FusedCase kFusedCases[] = {
    {512, false}, {1024, false}, {2048, false}, {4096, false},
    {512, true},  {1024, true},  {2048, true},  {4096, true},
};

template <typename T>
Transform our_real(std::size_t length) {
    const auto fft = std::make_shared<tactus::RealFft<T>>(length);
    const auto in = make_signal<T>(length);
    const auto out = std::make_shared<tactus::AlignedArray<std::complex<T>>>(fft->bins());
    const auto scratch = make_signal<T>(fft->scratch_size());
    return [=] { fft->forward(in->data(), out->data(), scratch->data()); };
}

std::string name_of(const Case& c) {
    return std::string(c.is_double ? "double " : "float ") + std::to_string(c.length);
}

Transform peer_of(const Case& c) {
    if (c.peer == Peer::gstfft)
        return gstfft_real(c.length);
    return c.is_double ? fftw_real<double>(c.length) : fftw_real<float>(c.length);
}

/// Without a peer in the build the ratios are NAN.
Row run_case(const Case& c, const std::vector<Target>& targets, const Options& options) {
    std::vector<Runner> runners;
    for (const Target& target : targets) {
        force(&target);
        runners.push_back({c.is_double ? our_real<double>(c.length) : our_real<float>(c.length)});
    }
    force(nullptr);
    if (const Transform peer = peer_of(c))
        runners.push_back({peer});
    measure(runners, options.effort);

    const bool has_peer = runners.size() > targets.size();
    Row row{name_of(c),
            c.peer == Peer::fftw ? "FFTW" : "GstFFT",
            has_peer ? median(runners.back().ns) : NAN,
            {}};
    for (std::size_t i = 0; i < targets.size(); ++i)
        row.cells.push_back(make_cell(
            runners[i], has_peer ? &runners.back() : nullptr, operations_of(c.length),
            c.is_double ? targets[i].peak_f64 : targets[i].peak_f32, goal_of(c.goals, targets[i])));
    return row;
}

Transform all_channels(const ChannelsCase& c) {
    const auto fft = std::make_shared<tactus::MultiRealFft<float>>(c.length, c.channels);
    const auto in = make_signal<float>(c.length * c.channels);
    const auto out =
        std::make_shared<tactus::AlignedArray<std::complex<float>>>(fft->bins() * c.channels);
    const auto scratch = make_signal<float>(fft->scratch_size());
    return [=] { fft->forward(in->data(), out->data(), scratch->data()); };
}

Transform channel_by_channel(const ChannelsCase& c) {
    const auto fft = std::make_shared<tactus::RealFft<float>>(c.length);
    const auto in = make_signal<float>(c.length * c.channels);
    const auto out =
        std::make_shared<tactus::AlignedArray<std::complex<float>>>(fft->bins() * c.channels);
    const auto one = make_signal<float>(c.length);
    const auto scratch = make_signal<float>(fft->scratch_size());
    return [=] {
        for (std::size_t channel = 0; channel < c.channels; ++channel) {
            const float* from = in->data() + channel * c.length;
            if (!c.is_apart) {
                for (std::size_t n = 0; n < c.length; ++n)
                    (*one)[n] = (*in)[n * c.channels + channel];
                from = one->data();
            }
            fft->forward(from, out->data() + channel * fft->bins(), scratch->data());
        }
    };
}

std::string name_of(const ChannelsCase& c) {
    return std::to_string(c.channels) + " x " + std::to_string(c.length) +
           (c.is_apart ? " apart" : "");
}

struct Fused {
    explicit Fused(std::size_t length)
        : fft(length), in(make_signal<float>(length)), window(make_signal<float>(length)),
          windowed(make_signal<float>(length)), points(fft.bins()), powers(fft.bins()),
          scratch(fft.scratch_size()) {}

    tactus::RealFft<float> fft;
    std::shared_ptr<tactus::AlignedArray<float>> in, window, windowed;
    tactus::AlignedArray<std::complex<float>> points;
    tactus::AlignedArray<float> powers;
    tactus::AlignedArray<float> scratch;
};

Transform at_once(const FusedCase& c) {
    const auto f = std::make_shared<Fused>(c.length);
    if (c.to_powers)
        return [=] {
            f->fft.powers(f->in->data(), f->window->data(), f->powers.data(), f->scratch.data());
        };
    return [=] {
        f->fft.forward(f->in->data(), f->window->data(), f->points.data(), f->scratch.data());
    };
}

Transform in_steps(const FusedCase& c) {
    const auto f = std::make_shared<Fused>(c.length);
    return [=, values = tactus::spectrum_values()] {
        values.multiply(f->in->data(), f->window->data(), c.length, f->windowed->data());
        f->fft.forward(f->windowed->data(), f->points.data(), f->scratch.data());
        if (c.to_powers)
            values.powers(f->points.data(), f->fft.bins(), f->powers.data());
    };
}

std::string name_of(const FusedCase& c) {
    return std::string(c.to_powers ? "powers " : "window ") + std::to_string(c.length);
}

/// Two ways of ours to do the same.
template <class MakeOurs, class MakeOther>
Row run_pairs(Row row, double operations, const Goals& goals, const std::vector<Target>& targets,
              const Options& options, const MakeOurs& make_ours, const MakeOther& make_other) {
    std::vector<Runner> runners;
    for (const Target& target : targets) {
        force(&target);
        runners.push_back({make_ours()});
        runners.push_back({make_other()});
    }
    force(nullptr);
    measure(runners, options.effort);
    row.peer_ns = median(runners[1].ns);
    for (std::size_t i = 0; i < targets.size(); ++i)
        row.cells.push_back(make_cell(runners[2 * i], &runners[2 * i + 1], operations,
                                      targets[i].peak_f32, goal_of(goals, targets[i])));
    return row;
}

Row run_case(const ChannelsCase& c, const std::vector<Target>& targets, const Options& options) {
    return run_pairs(
        {name_of(c), "single", 0, {}}, operations_of(c.length) * static_cast<double>(c.channels),
        c.goals, targets, options, [&] { return all_channels(c); },
        [&] { return channel_by_channel(c); });
}

Row run_case(const FusedCase& c, const std::vector<Target>& targets, const Options& options) {
    return run_pairs(
        {name_of(c), "steps", 0, {}}, operations_of(c.length), {}, targets, options,
        [&] { return at_once(c); }, [&] { return in_steps(c); });
}

int run_all(const Options& options) {
    const std::vector<Target> targets = find_targets(options.effort.rounds);
    print_header(targets, options.effort.rounds);
    std::vector<Row> rows;
    bool failed = false;
    const auto run = [&](const auto& c) {
        if (name_of(c).find(options.only) == std::string::npos ||
            (options.quick && c.length > kLongestQuick))
            return;
        rows.push_back(run_case(c, targets, options));
        print_row(rows.back());
        for (const Cell& cell : rows.back().cells)
            failed |= options.enforce && cell.ratio < cell.goal;
    };
    for (const Case& c : kCases)
        run(c);
    for (const ChannelsCase& c : kChannelsCases)
        run(c);
    for (const FusedCase& c : kFusedCases)
        run(c);
    if (!options.json_path.empty())
        write_json(options.json_path, options.effort.rounds, rows, targets);
    return failed ? 1 : 0;
}

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
        if (word == "--quick") {
            options.quick = true;
            options.effort.rounds = 3;
            options.effort.block_ns = 20'000;
        } else if (word == "--enforce") {
            options.enforce = true;
        } else if (word == "--rounds" && value != nullptr && std::atoi(value) > 0) {
            options.effort.rounds = static_cast<unsigned>(std::atoi(value));
            ++i;
        } else if (word == "--only" && value != nullptr) {
            options.only = argv[++i];
        } else if (word == "--json" && value != nullptr) {
            options.json_path = argv[++i];
        } else {
            return false;
        }
    }
    return true;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        std::fprintf(stderr, kUsage, program_invocation_short_name);
        return 2;
    }
    try {
        return run_all(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.what());
        return 1;
    }
}
