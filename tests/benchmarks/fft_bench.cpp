// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The transforms beside FFTW and GstFFT, with each kind of vector unit: all of a row in turns,
// round by round, ratios from the same round. See docs/benchmarks.md.
#include "core/fft/multi_real_fft.h"
#include "core/fft/spectrum_values.h"

#include "fft_peers.h"
#include "fma_peak.h"
#include "machine.h"

#include <hwy/targets.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using tactus::bench::Transform;

constexpr const char* kUsage =
    "usage: %s [--rounds N] [--quick] [--enforce] [--only TEXT] [--json FILE]\n"
    "  --rounds N    interleaved rounds per figure (default 41); the figures are medians\n"
    "  --quick       3 short rounds, no long transforms: does everything run?\n"
    "  --enforce     exit status 1 if a goal is missed\n"
    "  --only TEXT   only figures whose name contains TEXT\n"
    "  --json FILE   write the table there as well\n";

struct Options {
    unsigned rounds = 41;
    double block_ns = 400'000;
    bool quick = false;
    bool enforce = false;
    std::string only;
    std::string json_path;
};

enum class Peer { fftw, gstfft };

/// A ratio of 0 asks for nothing.
struct Goals {
    double avx512 = 0;
    double avx2 = 0;
};

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

/// A kind of vector unit to be forced.
struct Target {
    std::int64_t bit;
    std::string name;
    double peak_f32 = 0;
    double peak_f64 = 0;
};

/// One transform of a row.
struct Runner {
    Transform transform;
    std::size_t repeats = 1;
    std::vector<double> ns;
};

struct Cell {
    double ns = 0;
    double ratio = 0;
    double gflops = 0;
    double share = 0; ///< of the peak
    double goal = 0;
};

struct Row {
    std::string name;
    std::string peer;
    double peer_ns = 0;
    std::vector<Cell> cells; ///< one per target
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// AVX-512, AVX2 and SSE4 where the machine has them; else the best of what it has.
std::vector<Target> find_targets() {
    std::vector<Target> targets;
    bool has_avx512 = false;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
        hwy::SetSupportedTargetsForTest(left & -left);
        const std::string name = tactus::fft_kernels<float>().name;
        const bool is_avx512 = name.rfind("AVX3", 0) == 0;
        const bool is_wanted = is_avx512 ? !has_avx512 : name == "AVX2" || name == "SSE4";
        has_avx512 |= is_avx512;
        if (is_wanted)
            targets.push_back({left & -left, name});
    }
    hwy::SetSupportedTargetsForTest(0);
    if (targets.empty())
        targets.push_back({hwy::SupportedTargets(), tactus::fft_kernels<float>().name});
    return targets;
}

void force(const Target& target) {
    hwy::SetSupportedTargetsForTest(target.bit);
}

void measure_peaks(std::vector<Target>& targets, unsigned rounds) {
    for (Target& target : targets) {
        force(target);
        std::vector<double> f32;
        std::vector<double> f64;
        for (unsigned round = 0; round < rounds; ++round) {
            f32.push_back(tactus::bench::fma_peak_gflops(false));
            f64.push_back(tactus::bench::fma_peak_gflops(true));
        }
        target.peak_f32 = median(f32);
        target.peak_f64 = median(f64);
    }
    hwy::SetSupportedTargetsForTest(0);
}

template <typename T>
Transform our_real(std::size_t length) {
    const auto fft = std::make_shared<tactus::RealFft<T>>(length);
    const auto in = tactus::bench::make_signal<T>(length);
    const auto out = std::make_shared<tactus::AlignedArray<std::complex<T>>>(fft->bins());
    const auto scratch = tactus::bench::make_signal<T>(fft->scratch_size());
    return [=] { fft->forward(in->data(), out->data(), scratch->data()); };
}

double ns_per_run(const Transform& transform, std::size_t repeats) {
    const std::uint64_t begin_ns = tactus::bench::now_ns();
    for (std::size_t i = 0; i < repeats; ++i)
        transform();
    return static_cast<double>(tactus::bench::now_ns() - begin_ns) / static_cast<double>(repeats);
}

void choose_repeats(Runner& runner, double block_ns) {
    runner.transform();
    double ns = ns_per_run(runner.transform, runner.repeats);
    while (ns * static_cast<double>(runner.repeats) < block_ns / 2) {
        runner.repeats *= 2;
        ns = ns_per_run(runner.transform, runner.repeats);
    }
}

void measure(std::vector<Runner>& runners, const Options& options) {
    for (Runner& runner : runners)
        choose_repeats(runner, options.block_ns);
    for (unsigned round = 0; round < options.rounds; ++round)
        for (std::size_t i = 0; i < runners.size(); ++i) {
            // Who goes first changes from round to round.
            Runner& runner = runners[(i + round) % runners.size()];
            runner.transform(); // caches and the clock of the core are its own again
            runner.ns.push_back(ns_per_run(runner.transform, runner.repeats));
        }
}

double median_ratio(const std::vector<double>& peer, const std::vector<double>& ours) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < peer.size(); ++i)
        ratios.push_back(peer[i] / ours[i]);
    return median(ratios);
}

std::string name_of(const Case& c) {
    return std::string(c.is_double ? "double " : "float ") + std::to_string(c.length);
}

Transform peer_of(const Case& c) {
    if (c.peer == Peer::gstfft)
        return tactus::bench::gstfft_real(c.length);
    return c.is_double ? tactus::bench::fftw_real<double>(c.length)
                       : tactus::bench::fftw_real<float>(c.length);
}

double goal_of(const Goals& goals, const Target& target) {
    if (target.name == "AVX2")
        return goals.avx2;
    return target.name.rfind("AVX3", 0) == 0 ? goals.avx512 : 0;
}

Cell make_cell(const Runner& ours, const Runner* peer, double operations, double peak,
               double goal) {
    Cell cell;
    cell.ns = median(ours.ns);
    cell.ratio = peer != nullptr ? median_ratio(peer->ns, ours.ns) : NAN;
    cell.gflops = operations / cell.ns;
    cell.share = cell.gflops / peak;
    cell.goal = goal;
    return cell;
}

double operations_of(std::size_t length) {
    const auto points = static_cast<double>(length);
    return 2.5 * points * std::log2(points);
}

/// Without a peer in the build the ratios are NAN.
Row run_case(const Case& c, const std::vector<Target>& targets, const Options& options) {
    std::vector<Runner> runners;
    for (const Target& target : targets) {
        force(target);
        runners.push_back({c.is_double ? our_real<double>(c.length) : our_real<float>(c.length)});
    }
    hwy::SetSupportedTargetsForTest(0);
    if (const Transform peer = peer_of(c))
        runners.push_back({peer});
    measure(runners, options);

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
    const auto in = tactus::bench::make_signal<float>(c.length * c.channels);
    const auto out =
        std::make_shared<tactus::AlignedArray<std::complex<float>>>(fft->bins() * c.channels);
    const auto scratch = tactus::bench::make_signal<float>(fft->scratch_size());
    return [=] { fft->forward(in->data(), out->data(), scratch->data()); };
}

Transform channel_by_channel(const ChannelsCase& c) {
    const auto fft = std::make_shared<tactus::RealFft<float>>(c.length);
    const auto in = tactus::bench::make_signal<float>(c.length * c.channels);
    const auto out =
        std::make_shared<tactus::AlignedArray<std::complex<float>>>(fft->bins() * c.channels);
    const auto one = tactus::bench::make_signal<float>(c.length);
    const auto scratch = tactus::bench::make_signal<float>(fft->scratch_size());
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
        : fft(length), in(tactus::bench::make_signal<float>(length)),
          window(tactus::bench::make_signal<float>(length)),
          windowed(tactus::bench::make_signal<float>(length)), points(fft.bins()),
          powers(fft.bins()), scratch(fft.scratch_size()) {}

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
        force(target);
        runners.push_back({make_ours()});
        runners.push_back({make_other()});
    }
    hwy::SetSupportedTargetsForTest(0);
    measure(runners, options);
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

const char* verdict(const Cell& cell) {
    if (cell.goal == 0 || std::isnan(cell.ratio))
        return "";
    return cell.ratio >= cell.goal ? "yes" : "NO";
}

void print_header(const std::vector<Target>& targets, const Options& options) {
    const std::string build = tactus::bench::fftw_build();
    std::printf("%s; %u rounds; FFTW: %s\n", tactus::bench::cpu_model().c_str(), options.rounds,
                build.empty() ? "not in this build (install libfftw3-dev)" : build.c_str());
    for (const Target& target : targets)
        std::printf("%s: peak %.1f GFLOP/s float, %.1f double\n", target.name.c_str(),
                    target.peak_f32, target.peak_f64);
    std::printf("real, forward; us, peer / ours (single: of the first unit), goal, met, GFLOP/s, "
                "share of the peak\n");
    std::printf("%-14s %-6s %8s", "", "peer", "us");
    for (const Target& target : targets)
        std::printf(" | %-38s", target.name.c_str());
    std::printf("\n");
}

void print_row(const Row& row) {
    std::printf("%-14s %-6s %8.3f", row.name.c_str(), row.peer.c_str(), row.peer_ns * 1e-3);
    for (const Cell& cell : row.cells) {
        char goal[16] = "";
        if (cell.goal != 0)
            std::snprintf(goal, sizeof goal, "%.3g", cell.goal);
        std::printf(" | %8.3f %5.2fx %4s %-3s %5.1f %3.0f %%", cell.ns * 1e-3, cell.ratio, goal,
                    verdict(cell), cell.gflops, cell.share * 100);
    }
    std::printf("\n");
    std::fflush(stdout);
}

nlohmann::ordered_json number(double value) {
    return std::isnan(value) ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
}

nlohmann::ordered_json json_of(const Row& row, const std::vector<Target>& targets) {
    nlohmann::ordered_json cells;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const Cell& cell = row.cells[i];
        cells[targets[i].name] = {{"ns", cell.ns},
                                  {"ratio", number(cell.ratio)},
                                  {"goal", cell.goal == 0 ? number(NAN) : number(cell.goal)},
                                  {"gflops", cell.gflops},
                                  {"share_of_peak", cell.share}};
    }
    return {{"figure", row.name},
            {"peer", row.peer},
            {"peer_ns", number(row.peer_ns)},
            {"ours", cells}};
}

void write_json(const Options& options, const std::vector<Row>& rows,
                const std::vector<Target>& targets) {
    nlohmann::ordered_json figures = nlohmann::ordered_json::array();
    for (const Row& row : rows)
        figures.push_back(json_of(row, targets));
    nlohmann::ordered_json peaks;
    for (const Target& target : targets)
        peaks[target.name] = {{"float_gflops", target.peak_f32},
                              {"double_gflops", target.peak_f64}};
    const nlohmann::ordered_json all = {{"cpu", tactus::bench::cpu_model()},
                                        {"kernel", tactus::bench::kernel()},
                                        {"date", tactus::bench::date()},
                                        {"fftw", tactus::bench::fftw_build()},
                                        {"rounds", options.rounds},
                                        {"peaks", peaks},
                                        {"figures", figures}};
    std::ofstream file(options.json_path);
    file << all.dump(2) << '\n';
    if (!file.flush())
        throw std::runtime_error("cannot write " + options.json_path);
}

int run_all(const Options& options) {
    std::vector<Target> targets = find_targets();
    measure_peaks(targets, options.rounds);
    print_header(targets, options);
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
        write_json(options, rows, targets);
    return failed ? 1 : 0;
}

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
        if (word == "--quick") {
            options.quick = true;
            options.rounds = 3;
            options.block_ns = 20'000;
        } else if (word == "--enforce") {
            options.enforce = true;
        } else if (word == "--rounds" && value != nullptr && std::atoi(value) > 0) {
            options.rounds = static_cast<unsigned>(std::atoi(value));
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
