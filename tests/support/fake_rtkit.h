// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "scratch_folder.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gio/gio.h>
#include <mutex>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

namespace tactus {

/// A message bus that every user may connect to, and on it a service that makes threads
/// real-time ones as rtkit does, with rtkit's condition: RLIMIT_RTTIME of the asking process is at
/// most 200 ms. Runs as whoever runs the test, so that must be root.
class FakeRtkit {
  public:
    enum class Kind { rtkit, portal };

    explicit FakeRtkit(Kind kind) : kind_(kind) {
        start_bus();
        if (has_bus())
            start_service();
    }
    ~FakeRtkit() {
        if (loop_ != nullptr) {
            g_main_loop_quit(loop_);
            thread_.join();
            g_dbus_connection_close_sync(bus_, nullptr, nullptr);
            g_object_unref(bus_);
            g_main_loop_unref(loop_);
            g_main_context_unref(context_);
            g_dbus_node_info_unref(node_);
        }
        if (daemon_ > 0)
            kill(daemon_, SIGTERM);
        if (output_ != nullptr)
            pclose(output_);
    }
    FakeRtkit(const FakeRtkit&) = delete;
    FakeRtkit& operator=(const FakeRtkit&) = delete;

    bool has_bus() const { return daemon_ > 0; }
    const std::string& address() const { return address_; }
    /// "method priority", one for each call.
    std::vector<std::string> calls() {
        const std::lock_guard hold(lock_);
        return calls_;
    }

    /// The properties that were read.
    std::vector<std::string> reads() {
        const std::lock_guard hold(lock_);
        return reads_;
    }

  private:
    void start_bus() {
        std::filesystem::permissions(folder_ / "", std::filesystem::perms{0755});
        const std::string config = folder_.write(
            "bus.conf",
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
            "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\"><busconfig>"
            "<type>system</type><listen>unix:path=" +
                folder_ / "socket" +
                "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/>"
                "<allow own=\"*\"/><allow send_destination=\"*\"/><allow send_type=\"*\"/>"
                "<allow receive_type=\"*\"/></policy></busconfig>");
        output_ = popen(
            ("exec dbus-daemon --nofork --print-address=1 --print-pid=1 --config-file=" + config +
             " 2>/dev/null")
                .c_str(),
            "r");
        std::array<char, 512> line{};
        if (output_ == nullptr || std::fgets(line.data(), line.size(), output_) == nullptr)
            return;
        address_ = line.data();
        address_.pop_back();
        if (std::fgets(line.data(), line.size(), output_) != nullptr)
            daemon_ = std::atoi(line.data());
    }

    const char* interface() const {
        return kind_ == Kind::rtkit ? "org.freedesktop.RealtimeKit1"
                                    : "org.freedesktop.portal.Realtime";
    }

    void start_service() {
        const std::string xml =
            "<node><interface name='" + std::string(interface()) +
            "'><method name='MakeThreadRealtime'><arg type='t' direction='in'/>"
            "<arg type='u' direction='in'/></method>"
            "<method name='MakeThreadRealtimeWithPID'><arg type='t' direction='in'/>"
            "<arg type='t' direction='in'/><arg type='u' direction='in'/></method>"
            "<property name='MaxRealtimePriority' type='i' access='read'/>"
            "<property name='RTTimeUSecMax' type='x' access='read'/></interface></node>";
        node_ = g_dbus_node_info_new_for_xml(xml.c_str(), nullptr);
        context_ = g_main_context_new();
        loop_ = g_main_loop_new(context_, FALSE);
        g_main_context_push_thread_default(context_);
        bus_ = g_dbus_connection_new_for_address_sync(
            address_.c_str(),
            static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                              G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
            nullptr, nullptr, nullptr);
        static const GDBusInterfaceVTable kTable = {called, property, nullptr, {}};
        g_dbus_connection_register_object(bus_,
                                          kind_ == Kind::rtkit ? "/org/freedesktop/RealtimeKit1"
                                                               : "/org/freedesktop/portal/desktop",
                                          node_->interfaces[0], &kTable, this, nullptr, nullptr);
        g_main_context_pop_thread_default(context_);
        GVariant* const reply = g_dbus_connection_call_sync(
            bus_, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "RequestName",
            g_variant_new("(su)",
                          kind_ == Kind::rtkit ? interface() : "org.freedesktop.portal.Desktop", 0),
            nullptr, G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
        g_variant_unref(reply);
        thread_ = std::thread([this] { g_main_loop_run(loop_); });
    }

    static GVariant* property(GDBusConnection*, const gchar*, const gchar*, const gchar*,
                              const gchar* name, GError**, gpointer data) {
        auto& self = *static_cast<FakeRtkit*>(data);
        const std::lock_guard hold(self.lock_);
        self.reads_.emplace_back(name);
        if (g_str_equal(name, "MaxRealtimePriority") != FALSE)
            return g_variant_new_int32(20);
        return g_variant_new_int64(kLongestUs);
    }

    /// The hard limit "Max realtime timeout" of a process, in us; -1 if there is none.
    static std::int64_t longest_of(guint32 pid) {
        std::ifstream limits("/proc/" + std::to_string(pid) + "/limits");
        std::string line;
        constexpr std::string_view kName = "Max realtime timeout";
        while (std::getline(limits, line))
            if (line.starts_with(kName)) {
                std::istringstream fields(line.substr(kName.size()));
                std::string soft;
                std::string hard;
                fields >> soft >> hard;
                return hard == "unlimited" ? -1 : std::stoll(hard);
            }
        return -1;
    }

    static guint32 pid_of(GDBusConnection* bus, const gchar* sender) {
        GVariant* const reply = g_dbus_connection_call_sync(
            bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "GetConnectionUnixProcessID", g_variant_new("(s)", sender), nullptr,
            G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
        guint32 pid = 0;
        g_variant_get(reply, "(u)", &pid);
        g_variant_unref(reply);
        return pid;
    }

    static void called(GDBusConnection* bus, const gchar* sender, const gchar*, const gchar*,
                       const gchar* method, GVariant* arguments, GDBusMethodInvocation* call,
                       gpointer data) {
        auto& self = *static_cast<FakeRtkit*>(data);
        guint64 pid = pid_of(bus, sender);
        guint64 tid = 0;
        guint32 priority = 0;
        if (g_str_equal(method, "MakeThreadRealtimeWithPID") != FALSE)
            g_variant_get(arguments, "(ttu)", &pid, &tid, &priority);
        else
            g_variant_get(arguments, "(tu)", &tid, &priority);
        const std::int64_t longest_us = longest_of(static_cast<guint32>(pid));
        sched_param parameters{};
        parameters.sched_priority = static_cast<int>(priority);
        const bool may = longest_us >= 0 && longest_us <= kLongestUs && priority <= 20;
        if (!may || sched_setscheduler(static_cast<pid_t>(tid), SCHED_RR | SCHED_RESET_ON_FORK,
                                       &parameters) != 0) {
            g_dbus_method_invocation_return_dbus_error(
                call, "org.freedesktop.DBus.Error.AccessDenied", "not allowed");
            return;
        }
        {
            const std::lock_guard hold(self.lock_);
            self.calls_.push_back(std::string(method) + " " + std::to_string(priority));
        }
        g_dbus_method_invocation_return_value(call, nullptr);
    }

    static constexpr std::int64_t kLongestUs = 200'000;

    Kind kind_;
    ScratchFolder folder_;
    std::FILE* output_ = nullptr;
    pid_t daemon_ = 0;
    std::string address_;
    GDBusNodeInfo* node_ = nullptr;
    GMainContext* context_ = nullptr;
    GMainLoop* loop_ = nullptr;
    GDBusConnection* bus_ = nullptr;
    std::thread thread_;
    std::mutex lock_;
    std::vector<std::string> calls_;
    std::vector<std::string> reads_;
};

} // namespace tactus
