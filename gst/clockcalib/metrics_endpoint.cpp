// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/metrics_endpoint.h"

#include "clockcalib/metrics_address.h"

#ifdef TACTUS_HAVE_PROMETHEUS

#include "clockcalib/metric_families.h"

#include <arpa/inet.h>
#include <prometheus/exposer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <mutex>
#include <utility>

namespace tactus {

namespace {

class SnapshotCollector : public prometheus::Collectable {
  public:
    explicit SnapshotCollector(MetricsEndpoint::Source source) : source_(std::move(source)) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        const std::lock_guard lock(mutex_);
        std::vector<prometheus::MetricFamily> families;
        // The HTTP server is written in C: nothing may be thrown through it.
        try {
            families = metric_families(source_());
        } catch (...) {
            ++errors_;
        }
        families.push_back(scrape_errors_family(errors_));
        return families;
    }

  private:
    const MetricsEndpoint::Source source_;
    mutable std::mutex mutex_;
    mutable std::uint64_t errors_ = 0;
};

/// Keeps the HTTP server from touching the process while it starts: whatever it does to SIGPIPE is
/// undone, and its threads start with all signals blocked, as those are for the application.
class SignalKeeper {
  public:
    SignalKeeper() {
        sigaction(SIGPIPE, nullptr, &pipe_before_);
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &mask_before_);
    }
    ~SignalKeeper() {
        sigaction(SIGPIPE, &pipe_before_, nullptr);
        pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    }
    SignalKeeper(const SignalKeeper&) = delete;
    SignalKeeper& operator=(const SignalKeeper&) = delete;

  private:
    struct sigaction pipe_before_ {};
    sigset_t mask_before_{};
};

bool can_bind(int fd, const MetricsAddress& address) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.is_ipv6) {
        sockaddr_in6 where{};
        where.sin6_family = AF_INET6;
        where.sin6_port = htons(address.port);
        inet_pton(AF_INET6, address.host.c_str(), &where.sin6_addr);
        return bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
               listen(fd, 1) == 0;
    }
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &where.sin_addr);
    return bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
           listen(fd, 1) == 0;
}

/// Why nobody can listen there; empty if one can. The HTTP server itself would not say why.
std::string bind_trouble(const MetricsAddress& address) {
    const int fd = socket(address.is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool fine = fd >= 0 && can_bind(fd, address);
    const int why = errno;
    if (fd >= 0)
        close(fd);
    return fine ? std::string() : std::strerror(why); // NOLINT(concurrency-mt-unsafe): glibc's is
}

class ExposerEndpoint : public MetricsEndpoint {
  public:
    ExposerEndpoint(MetricsAddress address, Source source)
        : address_(std::move(address)),
          collector_(std::make_shared<SnapshotCollector>(std::move(source))),
          exposer_({"listening_ports", address_.text(), "num_threads", "2", "request_timeout_ms",
                    "5000"}) {
        exposer_.RegisterCollectable(collector_);
        const auto ports = exposer_.GetListeningPorts();
        if (!ports.empty())
            address_.port = static_cast<std::uint16_t>(ports.front());
    }

    std::string address() const override { return address_.text(); }

  private:
    MetricsAddress address_;
    std::shared_ptr<SnapshotCollector> collector_;
    prometheus::Exposer exposer_; // last, so that it is gone before what it calls
};

std::string failure(const MetricsAddress& address, const std::string& why) {
    return "metrics address \"" + address.text() + "\": cannot listen there: " + why +
           "; choose another port (port 0 takes a free one)";
}

} // namespace

std::unique_ptr<MetricsEndpoint> MetricsEndpoint::create(const std::string& address, Source source,
                                                         std::string& error) {
    const auto parsed = parse_metrics_address(address, error);
    if (!parsed)
        return nullptr;
    if (const std::string why = bind_trouble(*parsed); !why.empty()) {
        error = failure(*parsed, why);
        return nullptr;
    }
    const SignalKeeper keeper;
    try {
        return std::make_unique<ExposerEndpoint>(*parsed, std::move(source));
    } catch (const std::exception& trouble) {
        // The socket could be bound a moment ago. Debian's civetweb has no IPv6, and does not say
        // so.
        error = parsed->is_ipv6
                    ? "metrics address \"" + parsed->text() +
                          "\": the HTTP server in prometheus-cpp cannot listen there; it seems to "
                          "be built without IPv6; give an IPv4 address, such as 127.0.0.1:9464"
                    : failure(*parsed, trouble.what());
        return nullptr;
    }
}

} // namespace tactus

#else

namespace tactus {

std::unique_ptr<MetricsEndpoint> MetricsEndpoint::create(const std::string& address, Source,
                                                         std::string& error) {
    if (parse_metrics_address(address, error))
        error = "metrics: this clockcalib was built without prometheus-cpp";
    return nullptr;
}

} // namespace tactus

#endif
