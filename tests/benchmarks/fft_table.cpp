// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fft_table.h"

#include "machine.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace tactus::bench {

namespace {

const char* verdict(const Cell& cell) {
    if (cell.goal == 0 || std::isnan(cell.ratio))
        return "";
    return cell.ratio >= cell.goal ? "yes" : "NO";
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

} // namespace

void print_header(const std::vector<Target>& targets, unsigned rounds) {
    const std::string build = fftw_build();
    std::printf("%s; %u rounds; FFTW: %s\n", cpu_model().c_str(), rounds,
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

void write_json(const std::string& path, unsigned rounds, const std::vector<Row>& rows,
                const std::vector<Target>& targets) {
    nlohmann::ordered_json figures = nlohmann::ordered_json::array();
    for (const Row& row : rows)
        figures.push_back(json_of(row, targets));
    nlohmann::ordered_json peaks;
    for (const Target& target : targets)
        peaks[target.name] = {{"float_gflops", target.peak_f32},
                              {"double_gflops", target.peak_f64}};
    const nlohmann::ordered_json all = {
        {"cpu", cpu_model()}, {"kernel", kernel()}, {"date", date()},    {"fftw", fftw_build()},
        {"rounds", rounds},   {"peaks", peaks},     {"figures", figures}};
    std::ofstream file(path);
    file << all.dump(2) << '\n';
    if (!file.flush())
        throw std::runtime_error("cannot write " + path);
}

} // namespace tactus::bench
