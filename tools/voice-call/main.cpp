// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
// voice-call: what a jitter buffer costs and saves in a call over a bad network. See --help, and
// tools/demo --only call, which builds and runs this.
#include "call.h"
#include "jitter_networks.h"
#include "voice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace tactus::voice_call {

namespace {

using testing::Network;
using Json = nlohmann::ordered_json;

constexpr int kExitFailed = 1;
constexpr int kExitWrongInput = 2;
constexpr double kReplyMs = 60;

struct Link {
    Network network;
    const char* what;
    bool carries_calls = true; ///< its sender never pauses, and sends at the pace of our packets
};

constexpr Link kLinks[] = {
    {Network::bufferbloat, "a queue that fills up to 280 ms, and drains"},
    {Network::wired, "a fixed delay and a little noise"},
    {Network::wifi, "good and bad states; retries, overtaking, duplicates"},
    {Network::handover, "stalls of 90 to 340 ms, then a burst"},
    {Network::route_change, "80 ms more for a third of the time"},
    {Network::multipath, "one packet in 20 takes a path that is 20 to 80 ms longer"},
    {Network::talk_spurts, "speech with silence, over wifi", false},
    {Network::video, "30 frames per second through a bottleneck", false},
    {Network::fast_sender, "a sender whose clock runs 200 ppm fast", false},
    {Network::slow_sender, "a sender whose clock runs 200 ppm slow", false},
};

const std::array<Candidate, 3> kCandidates = {{{"rtpjitterbuffer", "latency=200"},
                                               {"rtpjitterbuffer", "latency=100"},
                                               {"jitterbuffer", "latency=1000"}}};

struct Options {
    const Link* link = kLinks;
    unsigned seed = 11;
    unsigned seconds = 60;
    std::string wav_dir;
    std::string json;
    std::string csv;
};

struct UserError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void print_usage() {
    std::printf(
        "usage: voice-call [--network NAME] [--seed N] [--seconds S] [--wav-dir DIR]\n"
        "                  [--json FILE]\n\n"
        "Real voice as Opus over RTP through a simulated network, jitter buffer and decoder;\n"
        "once for each jitter buffer. Time is simulated, too: a minute takes seconds.\n\n"
        "  --network NAME  what lies between (default: %s):\n",
        testing::name_of(kLinks[0].network));
    for (const Link& link : kLinks) {
        if (link.carries_calls)
            std::printf("                    %-13s %s\n", testing::name_of(link.network),
                        link.what);
    }
    std::printf(
        "  --seed N        another network of that kind (default: 11)\n"
        "  --seconds S     length of the call, at most 300 (default: 60)\n"
        "  --wav-dir DIR   write what the listener hears there, one WAV file for each\n"
        "  --json FILE     write the result and the delay of each packet as JSON, too\n"
        "  --csv FILE      instead of a call: the delay of each packet, without retransmission,\n"
        "                  for tools/plot-playout-delay; for these networks, too:\n");
    for (const Link& link : kLinks) {
        if (!link.carries_calls)
            std::printf("                    %-13s %s\n", testing::name_of(link.network),
                        link.what);
    }
}

unsigned number(std::string_view option, std::string_view text, unsigned most) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
    if (error != std::errc() || end != text.end() || value == 0 || value > most)
        throw UserError(std::string(option) + " takes a number from 1 to " + std::to_string(most) +
                        ", not '" + std::string(text) + "'");
    return value;
}

const Link* link_named(std::string_view name) {
    for (const Link& link : kLinks) {
        if (name == testing::name_of(link.network))
            return &link;
    }
    throw UserError("there is no network '" + std::string(name) + "' (try --help)");
}

/// None if help was asked for.
std::optional<Options> parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--help" || option == "-h")
            return std::nullopt;
        if (i + 1 == argc)
            throw UserError("unknown option or missing value: " + std::string(option) +
                            " (try --help)");
        const std::string_view value = argv[++i];
        if (option == "--network")
            options.link = link_named(value);
        else if (option == "--seed")
            options.seed = number(option, value, 1'000'000);
        else if (option == "--seconds")
            options.seconds = number(option, value, 300);
        else if (option == "--wav-dir")
            options.wav_dir = value;
        else if (option == "--json")
            options.json = value;
        else if (option == "--csv")
            options.csv = value;
        else
            throw UserError("unknown option " + std::string(option) + " (try --help)");
    }
    if (options.csv.empty() && !options.link->carries_calls)
        throw UserError(std::string("no call goes over '") +
                        testing::name_of(options.link->network) + "' (try --help)");
    return options;
}

void need_elements() {
    for (const char* name : {"rtpjitterbuffer", "jitterbuffer", "opusenc", "opusdec", "rtpopuspay",
                             "rtpopusdepay", "wavparse", "concat"}) {
        GstElementFactory* factory = gst_element_factory_find(name);
        if (factory == nullptr)
            throw UserError("there is no element '" + std::string(name) +
                            "' here (tools/demo installs what is missing)");
        gst_object_unref(factory);
    }
    if (calls::voice_folder().empty())
        throw UserError("there are no recordings in /usr/share/sounds/alsa (package alsa-utils)");
}

std::string wav_path(const Options& options, const Candidate& candidate) {
    const std::string delay = candidate.properties.substr(candidate.properties.find('=') + 1);
    return options.wav_dir + "/" + candidate.factory + "-" + delay + ".wav";
}

std::size_t lost_packets(const testing::JitterTrace& trace) {
    return static_cast<std::size_t>(
        std::count_if(trace.packets.begin(), trace.packets.end(),
                      [](const auto& packet) { return !packet.delay_ms; }));
}

void print_head(const Options& options, const testing::JitterTrace& trace) {
    std::printf(
        "A call of %u s over \"%s\" (seed %u): %s.\n"
        "%zu packets of voice in Opus, %zu of them lost; requests are answered after %.0f ms.\n"
        "\n"
        "                               added    disrupted  concealed\n"
        "                           delay, ms  playout, %%    time, s   requests\n",
        options.seconds, testing::name_of(options.link->network), options.seed, options.link->what,
        trace.packets.size(), lost_packets(trace), kReplyMs);
}

void print_row(const Candidate& candidate, const CallResult& result) {
    std::printf("%-27s %8.0f %11.2f %10.2f %10llu\n", candidate.label().c_str(),
                result.playout.added_mean_ms, result.playout.disruption_percent(),
                result.sound.concealed_seconds(),
                static_cast<unsigned long long>(result.playout.requests));
}

testing::JitterTrace make_trace(const Options& options) {
    testing::JitterTrace trace = testing::make_network_trace(options.link->network, options.seed);
    const double end_ms = options.seconds * 1000.0;
    std::erase_if(trace.packets, [&](const auto& packet) { return packet.media_ms >= end_ms; });
    return trace;
}

/// Calls on_point(time of sending in s, delay in ms beyond the smallest of the network).
template <typename OnPoint>
void each_arrival(const testing::JitterTrace& trace, const OnPoint& on_point) {
    for (const auto& packet : trace.packets) {
        if (packet.delay_ms)
            on_point(trace.send_ms(packet) / 1000, *packet.delay_ms - trace.smallest_delay_ms());
    }
}

template <typename OnPoint>
void each_playout(const testing::JitterTrace& trace, const testing::ReplayResult& playout,
                  const OnPoint& on_point) {
    for (const auto& out : playout.out)
        on_point(trace.send_ms(trace.packets[out.index]) / 1000, out.added_ms);
}

/// Lines "series,time of sending in s,delay in ms beyond the smallest of the network".
void write_csv(const Options& options) {
    const testing::JitterTrace trace = make_trace(options);
    const Voice voice;
    std::ofstream file(options.csv);
    std::string series = "arrival";
    const auto row = [&](double sent_s, double delay_ms) {
        file << series << ',' << sent_s << ',' << delay_ms << '\n';
    };
    each_arrival(trace, row);
    for (const Candidate& candidate : {kCandidates.front(), kCandidates.back()}) {
        series = candidate.label();
        each_playout(trace, run_call(voice, trace, candidate, 0).playout, row);
    }
    if (!file.flush())
        throw UserError("'" + options.csv + "' cannot be written");
}

Json json_head(const Options& options, const testing::JitterTrace& trace) {
    Json arrivals = Json::array();
    each_arrival(trace, [&](double sent_s, double delay_ms) {
        arrivals.push_back({sent_s, delay_ms});
    });
    return {{"network", testing::name_of(options.link->network)},
            {"what", options.link->what},
            {"seed", options.seed},
            {"seconds", options.seconds},
            {"packets", trace.packets.size()},
            {"lost", lost_packets(trace)},
            {"reply_ms", kReplyMs},
            {"arrivals", arrivals},
            {"calls", Json::array()}};
}

Json json_call(const Candidate& candidate, const CallResult& result,
               const testing::JitterTrace& trace) {
    Json playout = Json::array();
    each_playout(trace, result.playout, [&](double sent_s, double delay_ms) {
        playout.push_back({sent_s, delay_ms});
    });
    return {{"launch", candidate.label()},
            {"added_delay_ms", result.playout.added_mean_ms},
            {"disrupted_percent", result.playout.disruption_percent()},
            {"concealed_s", result.sound.concealed_seconds()},
            {"requests", result.playout.requests},
            {"playout", playout}};
}

void run(const Options& options) {
    const testing::JitterTrace trace = make_trace(options);
    const Voice voice;
    Json json = json_head(options, trace);
    print_head(options, trace);
    std::fflush(stdout);
    for (const Candidate& candidate : kCandidates) {
        const CallResult result = run_call(voice, trace, candidate, kReplyMs);
        print_row(candidate, result);
        std::fflush(stdout);
        json["calls"].push_back(json_call(candidate, result, trace));
        if (!options.wav_dir.empty() && !result.sound.write_wav(wav_path(options, candidate)))
            throw UserError("'" + wav_path(options, candidate) + "' cannot be written");
    }
    std::printf("\nadded delay: from sending to playing, beyond the fastest packet's journey\n"
                "disrupted:   packets too late, and gaps in the playout time; loss is none of it\n"
                "concealed:   what the decoder made up or left silent\n");
    if (!options.wav_dir.empty())
        std::printf("\nWhat the listener hears: %s/*.wav\n", options.wav_dir.c_str());
    if (options.json.empty())
        return;
    std::ofstream file(options.json);
    if (!(file << json.dump() << '\n').flush())
        throw UserError("'" + options.json + "' cannot be written");
}

} // namespace

} // namespace tactus::voice_call

int main(int argc, char** argv) {
    using namespace tactus::voice_call;
    try {
        const auto options = parse(argc, argv);
        if (!options) {
            print_usage();
            return 0;
        }
        gst_init(nullptr, nullptr);
        if (!options->wav_dir.empty())
            std::filesystem::create_directories(options->wav_dir);
        need_elements();
        if (options->csv.empty())
            run(*options);
        else
            write_csv(*options);
        return 0;
    } catch (const UserError& error) {
        std::fprintf(stderr, "voice-call: %s\n", error.what());
        return kExitWrongInput;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "voice-call: %s\n", error.what());
        return kExitFailed;
    }
}
