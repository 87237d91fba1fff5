// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "report.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tactus::soak {

namespace {

using nlohmann::json;
using Number = unsigned long long;

void print_calls(const Result& result) {
    std::printf("\n%-7s %-13s %9s %8s %6s %9s | %9s %9s %8s %8s %8s\n", "call", "network", "sent",
                "lost", "twice", "arrived", "delivered", "told lost", "dropped", "missing",
                "flushes");
    for (const CallResult& call : result.calls) {
        const Call::Counts& got = call.received;
        std::printf("%-7s %-13s %9llu %8llu %6llu %9llu | %9llu %9llu %8llu %8llu %8llu\n",
                    call.name.c_str(), call.network.c_str(), Number{call.sent.sent},
                    Number{call.sent.lost}, Number{call.sent.duplicated}, Number{call.sent.arrived},
                    Number{got.delivered}, Number{got.told_lost}, Number{got.dropped},
                    Number{got.watched.missing}, Number{got.watched.flushes});
    }
    for (const CallResult& call : result.calls) {
        if (call.received.asked != 0)
            std::printf("%s asked for packets again %llu times; %llu were sent, %llu of use\n",
                        call.name.c_str(), Number{call.received.asked}, Number{call.sent.resent},
                        Number{call.received.recovered});
    }
}

void print_elements(const Result& result) {
    std::printf("\n%-16s %8s  counts, of all of them together\n", "element", "made");
    for (const auto& [factory, totals] : result.totals) {
        std::printf("%-16s %8u ", factory.c_str(), totals.elements);
        unsigned column = 26;
        for (const auto& [name, count] : totals.counts) {
            if (count == 0)
                continue;
            const std::string text = " " + name + " " + std::to_string(count);
            if (column + text.size() > 100) {
                std::printf("\n%25s ", "");
                column = 26;
            }
            std::printf("%s", text.c_str());
            column += static_cast<unsigned>(text.size());
        }
        std::printf("\n");
    }
}

void print_counts(const char* title, const std::map<std::string, unsigned>& counts) {
    if (counts.empty())
        return;
    std::printf("\n%s\n", title);
    for (const auto& [text, count] : counts)
        std::printf("%8u  %s\n", count, text.c_str());
}

void print_slope(const char* name, const std::optional<Slope>& slope, double now_mb) {
    if (slope)
        std::printf("%-15s %8.2f MB; slope %+8.2f MB/h, 95 %% confidence %+.2f to %+.2f "
                    "(%zu medians of 5 s, worth %.0f)\n",
                    name, now_mb, slope->per_hour, slope->low, slope->high, slope->points,
                    slope->independent);
}

void print_memory(const Result& result) {
    print_slope("heap in use", result.heap, result.heap_mb);
    if (result.heap) {
        const bool flat = result.heap->high <= result.most_mb_per_hour;
        std::printf("%16slimit %.2f MB/h: %s\n", "", result.most_mb_per_hour,
                    flat ? "kept"
                    : result.heap->low <= result.most_mb_per_hour
                        ? "not shown to be broken; a longer "
                          "run tells more"
                        : "broken");
    }
    print_slope("private memory", result.private_memory, result.private_mb);
}

json as_json(const std::optional<Slope>& slope) {
    if (!slope)
        return nullptr;
    return {{"mb-per-hour", slope->per_hour},
            {"low", slope->low},
            {"high", slope->high},
            {"points", slope->points},
            {"independent", slope->independent}};
}

json as_json(const CallResult& call) {
    return {{"name", call.name},
            {"network", call.network},
            {"sent", call.sent.sent},
            {"lost", call.sent.lost},
            {"duplicated", call.sent.duplicated},
            {"resent", call.sent.resent},
            {"arrived", call.sent.arrived},
            {"delivered", call.received.delivered},
            {"told-lost", call.received.told_lost},
            {"dropped", call.received.dropped},
            {"asked", call.received.asked},
            {"recovered", call.received.recovered},
            {"missing", call.received.watched.missing},
            {"flushes", call.received.watched.flushes}};
}

} // namespace

void print_report(const Result& result, const Options& options) {
    print_calls(result);
    print_elements(result);
    std::printf("\n%-30s %8s %8s %12s\n", "disturbance", "done", "in vain", "slowest, s");
    for (const auto& [name, count] : result.disturbances)
        std::printf("%-30s %8u %8u %12.3f\n", name.c_str(), count.done, count.in_vain,
                    count.slowest_s);
    print_counts("warnings", result.warnings);
    print_counts("messages", result.messages);
    std::printf(
        "\nmetrics         %u fetches from %s, up to %zu bytes; clockcalib and the probes agree on "
        "%u elements; %llu records lost\n",
        result.metrics_fetches, result.metrics_address.c_str(), result.metrics_bytes,
        result.traced_elements, Number{result.records_lost});
    print_memory(result);
    std::printf("elements        %zu, in pipelines and bins within; all gone after the end, or "
                "named below\n",
                result.lives);
    std::printf("shutdown        %.3f s, the slowest pipeline %s with %.3f s (limit %.1f s)\n",
                result.shutdown.all_s, result.shutdown.slowest.c_str(), result.shutdown.slowest_s,
                options.shutdown_limit_s);
    for (const std::string& note : result.notes)
        std::printf("note: %s\n", note.c_str());
    for (const std::string& failure : result.failures)
        std::printf("FAILED: %s\n", failure.c_str());
    std::printf("%s: %.0f s, seed %llu, %u sums of counts checked\n",
                result.failures.empty() ? "passed" : "failed", result.seconds, Number{options.seed},
                result.checks);
}

bool write_json(const Result& result, const Options& options) {
    json root = {
        {"seed", options.seed},
        {"seconds", result.seconds},
        {"warm-up", result.warm_up_s},
        {"frames", result.frames},
        {"checks", result.checks},
        {"elements-seen", result.lives},
        {"heap", as_json(result.heap)},
        {"private-memory", as_json(result.private_memory)},
        {"heap-mb", result.heap_mb},
        {"private-mb", result.private_mb},
        {"shutdown", {{"all", result.shutdown.all_s}, {"limit", options.shutdown_limit_s}}},
        {"warnings", result.warnings},
        {"messages", result.messages},
        {"records-lost", result.records_lost},
        {"notes", result.notes},
        {"failures", result.failures},
        {"calls", json::array()},
        {"elements", json::object()},
        {"disturbances", json::object()}};
    for (const CallResult& call : result.calls)
        root["calls"].push_back(as_json(call));
    for (const auto& [factory, totals] : result.totals)
        root["elements"][factory] = {{"made", totals.elements}, {"counts", totals.counts}};
    for (const auto& [name, count] : result.disturbances)
        root["disturbances"][name] = {
            {"done", count.done}, {"in-vain", count.in_vain}, {"slowest", count.slowest_s}};
    std::ofstream file(options.json);
    file << root.dump(2) << '\n';
    return static_cast<bool>(file);
}

} // namespace tactus::soak
