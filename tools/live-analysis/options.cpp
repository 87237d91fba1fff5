// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "options.h"

#include "user_error.h"

#include <algorithm>
#include <charconv>
#include <getopt.h>
#include <sstream>
#include <string_view>

namespace tactus::live {

namespace {

constexpr option kLongOptions[] = {
    {"video", required_argument, nullptr, 'v'},    {"json", required_argument, nullptr, 'j'},
    {"variants", required_argument, nullptr, 'a'}, {"streams", required_argument, nullptr, 'n'},
    {"seconds", required_argument, nullptr, 's'},  {"fps-in", required_argument, nullptr, 'i'},
    {"fps-out", required_argument, nullptr, 'o'},  {"depth", required_argument, nullptr, 'd'},
    {"help", no_argument, nullptr, 'h'},           {nullptr, 0, nullptr, 0},
};

std::string variant_ids() {
    std::string ids;
    for (const Variant& variant : kVariants)
        ids += (ids.empty() ? "" : ", ") + std::string(variant.id);
    return ids;
}

unsigned parse_number(std::string_view name, std::string_view text, unsigned min, unsigned max) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
        throw UserError("--" + std::string(name) + " takes a whole number from " +
                        std::to_string(min) + " to " + std::to_string(max) + ", not '" +
                        std::string(text) + "'");
    return value;
}

std::vector<Variant> parse_variants(const std::string& text) {
    std::vector<Variant> chosen;
    std::istringstream list(text);
    for (std::string id; std::getline(list, id, ',');) {
        const auto* found = std::find_if(kVariants.begin(), kVariants.end(),
                                         [&](const Variant& v) { return v.id == id; });
        if (found == kVariants.end())
            throw UserError("--variants does not know '" + id +
                            "'; it takes a list with commas of " + variant_ids());
        chosen.push_back(*found);
    }
    if (chosen.empty())
        throw UserError("--variants needs at least one of " + variant_ids());
    return chosen;
}

void apply(Options& options, int letter, const std::string& value) {
    switch (letter) {
    case 'v':
        options.video_path = value;
        break;
    case 'j':
        options.json_path = value;
        break;
    case 'a':
        options.variants = parse_variants(value);
        break;
    case 'n':
        options.streams = parse_number("streams", value, 1, 64);
        break;
    case 's':
        options.seconds = parse_number("seconds", value, 1, 3600);
        break;
    case 'i':
        options.fps_in = parse_number("fps-in", value, 1, 1000);
        break;
    case 'o':
        options.fps_out = parse_number("fps-out", value, 1, 1000);
        break;
    case 'd':
        options.depth_frames = parse_number("depth", value, 1, 1000);
        break;
    case 'h':
        options.help = true;
        break;
    }
}

} // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    opterr = 0; // the messages below name what was typed, getopt's do not always
    for (;;) {
        const int seen = optind;
        const int letter = getopt_long(argc, argv, ":", kLongOptions, nullptr);
        if (letter == -1)
            break;
        if (letter == ':')
            throw UserError(std::string(argv[seen]) + " needs a value; see --help");
        if (letter == '?')
            throw UserError("there is no option " + std::string(argv[seen]) + "; see --help");
        apply(options, letter, optarg != nullptr ? optarg : "");
    }
    if (optind < argc)
        throw UserError("'" + std::string(argv[optind]) +
                        "' is not an option; a file is named with --video FILE");
    if (!options.help && options.video_path.empty())
        throw UserError("no video given; name one with --video FILE");
    return options;
}

std::string help_text() {
    const Options defaults;
    std::ostringstream text;
    text << "live-analysis --video FILE [OPTION...]\n"
            "\n"
            "Plays a video as a camera would, analyses it with a filter that is too slow for it, "
            "and\n"
            "says how old the frames are when their analysis starts, for each kind of queue "
            "between.\n"
            "\n"
            "  --video FILE     what the camera shows, again and again\n"
            "  --seconds S      length of each run (default "
         << defaults.seconds
         << ")\n"
            "  --streams N      so many independent pipelines at once (default "
         << defaults.streams
         << ")\n"
            "  --fps-in N       frames per second of the camera (default "
         << defaults.fps_in
         << ")\n"
            "  --fps-out N      frames per second that the analysis manages (default "
         << defaults.fps_out
         << ")\n"
            "  --depth N        limit of each queue in frames (default "
         << defaults.depth_frames
         << ")\n"
            "  --variants LIST  which queues, a list with commas of\n"
            "                   "
         << variant_ids()
         << "\n"
            "  --json FILE      writes the result as JSON, too\n"
            "  --help           this text\n"
            "\n"
            "Exit code: 0 the goal was met or is not judged (several streams), 1 it was not met,\n"
            "2 wrong input, 130 interrupted.\n";
    return text.str();
}

} // namespace tactus::live
