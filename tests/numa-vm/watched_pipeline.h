// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/handles.h"
#include "launched_pipeline.h"

#include <gst/gst.h>

#include <fstream>
#include <map>
#include <mutex>
#include <sched.h>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tactus {

inline constexpr const char* kCaps = "video/x-raw,format=NV12,width=640,height=480,framerate=30/1";
inline constexpr std::size_t kPage = 4096;
inline constexpr int kResetOnFork = 0x40000000;

/// What the kernel says of the pages of the frames that reach `pin`, and of the thread that pushes.
struct Seen {
    std::map<int, int> pages; ///< on each node; negative: an errno
    std::set<int> cpus;
    std::set<int> policies;
    int buffers = 0;

    int pages_elsewhere(int node) const {
        int count = 0;
        for (const auto& [where, number] : pages)
            count += where == node ? 0 : number;
        return count;
    }
};

class Pipeline : public LaunchedPipeline {
  public:
    explicit Pipeline(const std::string& description) : LaunchedPipeline(description) {
        const PadHandle pad(gst_element_get_static_pad(child("pin"), "src"));
        gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
        GstBus* const bus = gst_element_get_bus(get());
        gst_bus_set_sync_handler(bus, on_message, this, nullptr);
        gst_object_unref(bus);
    }

    std::string run() {
        play();
        return wait();
    }
    /// The texts of the warnings so far.
    std::vector<std::string> warnings() {
        const std::lock_guard hold(lock_);
        return warnings_;
    }

    Seen seen;
    /// How threads are scheduled that leave their task: a policy, and CPUs.
    std::set<std::pair<int, std::string>> left() {
        const std::lock_guard hold(lock_);
        return left_;
    }

    std::string stats; ///< of numapin, when its last buffer came

  private:
    void look(GstBuffer* buffer) {
        ++seen.buffers;
        unsigned cpu = 0;
        getcpu(&cpu, nullptr);
        seen.cpus.insert(static_cast<int>(cpu));
        seen.policies.insert(sched_getscheduler(0) & ~kResetOnFork);
        GstMapInfo map;
        if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
            return;
        std::vector<void*> pages;
        const auto begin = reinterpret_cast<std::uintptr_t>(map.data) / kPage * kPage;
        const auto end = reinterpret_cast<std::uintptr_t>(map.data) + map.size;
        for (std::uintptr_t page = begin; page < end; page += kPage)
            pages.push_back(reinterpret_cast<void*>(page));
        std::vector<int> nodes(pages.size(), -1);
        if (syscall(SYS_move_pages, 0, pages.size(), pages.data(), nullptr, nodes.data(), 0) == 0)
            for (const int node : nodes)
                ++seen.pages[node];
        gst_buffer_unmap(buffer, &map);
    }
    void keep_stats() {
        GstStructure* structure = nullptr;
        g_object_get(child("pin"), "stats", &structure, nullptr);
        gchar* const text = gst_structure_to_string(structure);
        stats = text;
        g_free(text);
        gst_structure_free(structure);
    }
    void see_status(GstMessage* message) {
        GstStreamStatusType type{};
        gst_message_parse_stream_status(message, &type, nullptr);
        if (type != GST_STREAM_STATUS_TYPE_LEAVE)
            return;
        cpu_set_t mask;
        sched_getaffinity(0, sizeof mask, &mask);
        std::string cpus;
        for (int cpu = 0; cpu < 8; ++cpu)
            cpus += CPU_ISSET(cpu, &mask) ? std::to_string(cpu) : "";
        const std::lock_guard hold(lock_);
        left_.emplace(sched_getscheduler(0) & ~kResetOnFork, cpus);
    }
    static GstBusSyncReply on_message(GstBus*, GstMessage* message, gpointer user) {
        auto* const self = static_cast<Pipeline*>(user);
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_STREAM_STATUS)
            self->see_status(message);
        if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_WARNING)
            return GST_BUS_PASS;
        const std::lock_guard hold(self->lock_);
        self->warnings_.push_back(complaint_of(message));
        return GST_BUS_PASS;
    }
    static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer user) {
        auto* const self = static_cast<Pipeline*>(user);
        self->look(GST_PAD_PROBE_INFO_BUFFER(info));
        if (self->seen.buffers % 10 == 0)
            self->keep_stats();
        return GST_PAD_PROBE_OK;
    }

    std::mutex lock_;
    std::vector<std::string> warnings_;
    std::set<std::pair<int, std::string>> left_;
};

/// The CPUs on which buffers leave an element.
class CpuProbe {
  public:
    explicit CpuProbe(GstElement* element) {
        const PadHandle pad(gst_element_get_static_pad(element, "src"));
        gst_pad_add_probe(
            pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
            [](GstPad*, GstPadProbeInfo*, gpointer probe) {
                auto& self = *static_cast<CpuProbe*>(probe);
                const std::lock_guard hold(self.lock_);
                self.cpus_.insert(sched_getcpu());
                return GST_PAD_PROBE_OK;
            },
            this, nullptr);
    }
    /// The one; -1 if there were several, or none.
    int only() {
        const std::lock_guard hold(lock_);
        return cpus_.size() == 1 ? *cpus_.begin() : -1;
    }

  private:
    std::mutex lock_;
    std::set<int> cpus_;
};

inline std::string frames(int count, const char* caps = kCaps) {
    return "videotestsrc pattern=black num-buffers=" + std::to_string(count) + " ! " + caps + " ! ";
}

inline void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text << std::flush;
    EXPECT_TRUE(file.good()) << path;
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    return text;
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace tactus
