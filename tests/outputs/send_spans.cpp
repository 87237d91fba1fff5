// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// send-spans URL BUFFERS QUEUE_SPANS STOP_MS: feeds an exporter with BUFFERS buffers of a camera
// that go through a queue into a screen, each third one mixed with a buffer of a microphone. Prints
// what goes wrong as it happens; when its standard input ends it stops the exporter and prints its
// counts.
#include "clockcalib/otlp_exporter.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace tactus;

constexpr std::uint64_t kFrameNs = 33'000'000;

IdStamp stamp(std::uint64_t pad, std::uint64_t sequence) {
    return {pad << IdStamp::kSequenceBits | sequence, 1'000'000 + sequence * kFrameNs};
}

void feed(OtlpExporter& exporter, std::uint64_t sequence) {
    const IdStamp camera = stamp(7, sequence);
    const bool is_mixed = sequence % 3 == 0;
    Origins origins{camera, camera, false};
    PushBegan push;
    push.at_ns = camera.t0_ns;
    push.src_element = 1;
    push.dst_element = 2;
    push.buffer_id = camera.id;
    push.origins = origins;
    push.is_first = true;
    exporter.push_began(push);

    Residence stay;
    stay.element = 2;
    stay.buffer_id = camera.id;
    stay.origins = origins;
    stay.in_ns = camera.t0_ns + 1000;
    stay.out_ns = stay.in_ns + 5'000'000;
    stay.queued = true;
    exporter.left(stay);

    if (is_mixed)
        origins = {camera, stamp(8, sequence), true};
    push.src_element = 2;
    push.dst_element = 3;
    push.is_first = false;
    push.origins = origins;
    exporter.push_began(push);
    exporter.arrived({3, 1, stay.out_ns + 1000, camera.id, origins, 0});
}

void name_elements(OtlpExporter& exporter) {
    const char* const names[] = {"camera", "queue0", "screen"};
    for (std::uint32_t i = 0; i < 3; ++i) {
        ElementInfo info;
        info.id = i + 1;
        info.name = names[i];
        info.path = std::string("pipeline0/") + names[i];
        info.factory = i == 1 ? "queue" : "other\xff"; // not UTF-8
        exporter.element_added(info);
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5)
        return 2;
    OtlpExporter::Settings settings;
    settings.url = argv[1];
    settings.spans.sample_every = 1;
    settings.spans.seed = {0x1234, 0x5678};
    settings.resource = {"send-spans", "localhost", "0", 1};
    settings.realtime_offset_ns = 1'700'000'000'000'000'000;
    settings.queue_spans = std::strtoul(argv[3], nullptr, 10);
    settings.batch_spans = 64;
    settings.batch_delay = std::chrono::milliseconds(5);
    settings.retry.first_delay_ms = 5;
    settings.retry.max_delay_ms = 20;
    settings.on_error = [](const std::string& text) {
        std::printf("error: %s\n", text.c_str());
        std::fflush(stdout);
    };
    std::string error;
    const auto exporter = OtlpExporter::create(std::move(settings), error);
    if (!exporter) {
        std::fprintf(stderr, "%s\n", error.c_str());
        return 1;
    }
    name_elements(*exporter);
    for (std::uint64_t i = 1; i <= std::strtoul(argv[2], nullptr, 10); ++i)
        feed(*exporter, i);
    std::puts("fed");
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    exporter->stop(std::chrono::milliseconds(std::strtoul(argv[4], nullptr, 10)));
    const auto stats = exporter->stats();
    std::printf("trouble: %s\n", stats.trouble.c_str());
    std::printf("{\"sent\": %" PRIu64 ", \"dropped\": %" PRIu64 ", \"refused\": %" PRIu64
                ", \"unsent\": %" PRIu64 ", \"tries\": %" PRIu64 "}\n",
                stats.sent, stats.dropped, stats.refused, stats.unsent, stats.tries);
    return 0;
}
