// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/realtime_broker.h"

#include <algorithm>
#include <cstdlib>
#include <sys/resource.h>
#include <unistd.h>

namespace tactus {

namespace {

constexpr int kTimeoutMs = 1000;
constexpr const char* kNoBus = "no bus";

struct Service {
    const char* label;
    const char* bus_name;
    const char* path;
    const char* interface;
};
constexpr Service kPortal{"the desktop portal", "org.freedesktop.portal.Desktop",
                          "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Realtime"};
constexpr Service kRtkit{"rtkit", "org.freedesktop.RealtimeKit1", "/org/freedesktop/RealtimeKit1",
                         "org.freedesktop.RealtimeKit1"};

/// Why a call failed, for people.
struct Failure {
    std::string text;
    bool is_silence = false; ///< no answer came in time

    void take(GError* error) {
        is_silence = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) != FALSE;
        g_dbus_error_strip_remote_error(error);
        text = error->message;
        g_error_free(error);
    }
};

/// An attempt to connect, which ends on a main context of its own.
struct Connecting {
    GMainContext* context = g_main_context_new();
    GCancellable* cancellable = g_cancellable_new();
    GDBusConnection* bus = nullptr;
    bool done = false;

    Connecting() { g_main_context_push_thread_default(context); }
    ~Connecting() {
        g_main_context_pop_thread_default(context);
        g_object_unref(cancellable);
        g_main_context_unref(context);
    }
    Connecting(const Connecting&) = delete;
    Connecting& operator=(const Connecting&) = delete;

    void end(GAsyncResult* result) {
        bus = g_dbus_connection_new_for_address_finish(result, nullptr);
        done = true;
    }
};

/// Null if there is nobody, or nobody answers in time: the synchronous call would wait for ever.
GDBusConnection* connect_to(const char* address) {
    Connecting connecting;
    GSource* const alarm = g_timeout_source_new(kTimeoutMs);
    const auto give_up = [](gpointer cancellable) -> gboolean {
        g_cancellable_cancel(G_CANCELLABLE(cancellable));
        return G_SOURCE_REMOVE;
    };
    g_source_set_callback(alarm, give_up, connecting.cancellable, nullptr);
    g_source_attach(alarm, connecting.context);
    g_dbus_connection_new_for_address(
        address,
        static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
        nullptr, connecting.cancellable,
        [](GObject*, GAsyncResult* result, gpointer attempt) {
            static_cast<Connecting*>(attempt)->end(result);
        },
        &connecting);
    while (!connecting.done)
        g_main_context_iteration(connecting.context, TRUE);
    g_source_destroy(alarm);
    g_source_unref(alarm);
    return connecting.bus;
}

/// A connection of its own: GLib's shared one ends the process when the bus ends.
GDBusConnection* open_bus(GBusType type) {
    // Nothing is to be started for our sake.
    const bool has_session = std::getenv("DBUS_SESSION_BUS_ADDRESS") != nullptr ||
                             g_file_test((std::string(g_get_user_runtime_dir()) + "/bus").c_str(),
                                         G_FILE_TEST_EXISTS) != FALSE;
    if (type == G_BUS_TYPE_SESSION && !has_session)
        return nullptr;
    gchar* const address = g_dbus_address_get_for_bus_sync(type, nullptr, nullptr);
    if (address == nullptr)
        return nullptr;
    GDBusConnection* const bus = connect_to(address);
    g_free(address);
    return bus;
}

void close_bus(GDBusConnection*& bus) {
    if (bus == nullptr)
        return;
    g_dbus_connection_close_sync(bus, nullptr, nullptr);
    g_object_unref(bus);
    bus = nullptr;
}

/// An integer property of the service; -1 and `why` if there is none.
std::int64_t number_of(GDBusConnection* bus, const Service& service, const char* name,
                       Failure& why) {
    GError* error = nullptr;
    GVariant* const reply = g_dbus_connection_call_sync(
        bus, service.bus_name, service.path, "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", service.interface, name), G_VARIANT_TYPE("(v)"),
        G_DBUS_CALL_FLAGS_NONE, kTimeoutMs, nullptr, &error);
    if (reply == nullptr) {
        why.take(error);
        return -1;
    }
    GVariant* value = nullptr;
    g_variant_get(reply, "(v)", &value);
    std::int64_t number = -1;
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_INT32) != FALSE)
        number = g_variant_get_int32(value);
    else if (g_variant_is_of_type(value, G_VARIANT_TYPE_INT64) != FALSE)
        number = g_variant_get_int64(value);
    else
        why.text = std::string(name) + " is no number";
    g_variant_unref(value);
    g_variant_unref(reply);
    return number;
}

/// Whether real-time threads now may run for `longest_us` at a stretch and no longer.
bool limit_time(std::int64_t longest_us) {
    rlimit limit{};
    if (longest_us <= 0 || getrlimit(RLIMIT_RTTIME, &limit) != 0)
        return false;
    const auto longest = static_cast<rlim_t>(longest_us);
    if (limit.rlim_max <= longest)
        return limit.rlim_cur != 0;
    limit.rlim_max = longest;
    limit.rlim_cur = std::min(limit.rlim_cur, longest);
    return limit.rlim_cur != 0 && setrlimit(RLIMIT_RTTIME, &limit) == 0;
}

GVariant* arguments(const Service& service, pid_t tid, unsigned priority) {
    if (&service == &kPortal)
        return g_variant_new("(ttu)", static_cast<guint64>(getpid()), static_cast<guint64>(tid),
                             priority);
    return g_variant_new("(tu)", static_cast<guint64>(tid), priority);
}

const Service& service_on(GBusType type) {
    return type == G_BUS_TYPE_SESSION ? kPortal : kRtkit;
}

/// Whether the service made it a real-time thread; else `why` not.
bool ask_one(GDBusConnection* bus, const Service& service, pid_t tid, unsigned priority,
             Failure& why) {
    GError* error = nullptr;
    GVariant* const reply = g_dbus_connection_call_sync(
        bus, service.bus_name, service.path, service.interface,
        &service == &kPortal ? "MakeThreadRealtimeWithPID" : "MakeThreadRealtime",
        arguments(service, tid, priority), nullptr, G_DBUS_CALL_FLAGS_NONE, kTimeoutMs, nullptr,
        &error);
    if (reply == nullptr) {
        why.take(error);
        return false;
    }
    g_variant_unref(reply);
    return true;
}

} // namespace

RealtimeBroker::Bus RealtimeBroker::open(GBusType type) {
    Bus bus;
    bus.connection = open_bus(type);
    if (bus.connection == nullptr) {
        bus.trouble = kNoBus;
        return bus;
    }
    Failure why;
    const Service& service = service_on(type);
    bus.most_priority = number_of(bus.connection, service, "MaxRealtimePriority", why);
    if (bus.most_priority > 0)
        bus.longest_us = number_of(bus.connection, service, "RTTimeUSecMax", why);
    bus.trouble = why.text;
    if (why.text.empty() && bus.most_priority <= 0)
        bus.trouble = "it grants no priority";
    if (!bus.trouble.empty())
        close_bus(bus.connection);
    return bus;
}

void RealtimeBroker::connect() {
    if (connected_)
        return;
    connected_ = true;
    session_ = open(G_BUS_TYPE_SESSION);
    system_ = open(G_BUS_TYPE_SYSTEM);
}

void RealtimeBroker::disconnect() {
    close_bus(session_.connection);
    close_bus(system_.connection);
    connected_ = false;
}

RealtimeBroker::Grant RealtimeBroker::ask(pid_t tid, unsigned priority) {
    connect();
    Grant grant;
    for (const auto& [bus, service] :
         {std::pair{&session_, &kPortal}, std::pair{&system_, &kRtkit}}) {
        Failure why{bus->trouble};
        if (bus->connection != nullptr && !limit_time(bus->longest_us)) {
            why.text = "RLIMIT_RTTIME cannot be set to " + std::to_string(bus->longest_us) + " us";
        } else if (bus->connection != nullptr) {
            const auto most = std::min<std::int64_t>(bus->most_priority, kMostPriority);
            const unsigned less = std::min(priority, static_cast<unsigned>(most));
            if (ask_one(bus->connection, *service, tid, less, why))
                return {less, service->label, grant.refusals};
        }
        // It would keep the next thread waiting, too.
        if (why.is_silence) {
            close_bus(bus->connection);
            bus->trouble = why.text;
        }
        grant.refusals +=
            (grant.refusals.empty() ? "" : "; ") + std::string(service->label) + ": " + why.text;
    }
    return grant;
}

} // namespace tactus
