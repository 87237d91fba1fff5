// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ledger.h"

#include "glue/handles.h"

#include <algorithm>

namespace tactus::soak {

namespace {

constexpr std::size_t kBytesPerSample = 4; // F32, one channel: what all calls are decoded to
constexpr std::size_t kBytesPerSpectrum = (512 / 2 + 1) * 2 * kBytesPerSample; // for simdifft

std::uint64_t field_of(const GstStructure* stats, const std::string& field) {
    guint64 value = 0;
    gst_structure_get_uint64(stats, field.c_str(), &value);
    return value;
}

/// No time, delay or quantile.
bool adds_up(const std::string& field) {
    for (const char* part : {"time", "delay", "jitter", "voip", "latency", "-p50", "-p95", "-p99",
                             "-p999", "-max", "rtt", "held", "taps", "partitions", "next-"}) {
        if (field.find(part) != std::string::npos)
            return field == "num-drop-on-latency";
    }
    return field != "in-flight";
}

std::string factory_of(GstObject* object) {
    if (GST_IS_PAD(object))
        return "ringtee pad";
    GstElementFactory* factory = gst_element_get_factory(GST_ELEMENT(object));
    return GST_OBJECT_NAME(factory);
}

std::string path_of(GstObject* object) {
    std::string path = GST_OBJECT_NAME(object);
    GstObject* parent = gst_object_get_parent(object);
    while (parent != nullptr) {
        path = GST_OBJECT_NAME(parent) + ("/" + path);
        GstObject* const next = gst_object_get_parent(parent);
        gst_object_unref(parent);
        parent = next;
    }
    return path;
}

} // namespace

/// The probes' own. It does not hold the element: that would hold itself by its pads.
struct Ledger::Counters {
    std::atomic<std::uint64_t> buffers_in{0};
    std::atomic<std::uint64_t> bytes_in{0};
    std::atomic<std::uint64_t> buffers_out{0};

    void clear() {
        buffers_in = 0;
        bytes_in = 0;
        buffers_out = 0;
    }
};

struct Ledger::Account {
    explicit Account(gpointer of) : object(GST_OBJECT(gst_object_ref(of))) {}
    ~Account() { gst_object_unref(object); }
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    GstObject* object;
    std::string factory = factory_of(object);
    std::shared_ptr<Counters> counters = std::make_shared<Counters>();
};

/// For a factory: one figure is the sum of others. "seen-…" are those of the probes.
struct Ledger::Rule {
    std::string factory;
    std::string whole;
    std::vector<std::string> parts;
};

const std::vector<Ledger::Rule>& Ledger::rules() {
    static const auto* const all = new std::vector<Rule>{
        {"ringqueue", "seen-buffers-in", {"buffers-in", "buffers-refused"}},
        {"ringqueue",
         "buffers-in",
         {"buffers-out", "buffers-dropped", "buffers-flushed", "buffers-queued"}},
        {"ringtee", "seen-buffers-in", {"buffers-in", "buffers-without-pad", "buffers-refused"}},
        {"ringtee pad",
         "buffers-in",
         {"buffers-out", "buffers-dropped", "buffers-flushed", "buffers-queued"}},
        {"numapin", "seen-buffers-in", {"buffers"}},
        {"vkcompute", "seen-buffers-in", {"frames-in"}},
        {"vkcompute",
         "frames-in",
         {"frames-out", "frames-lost", "frames-flushed", "frames-refused", "frames-late"}},
        {"jitterbuffer",
         "seen-buffers-in",
         {"num-pushed", "num-late", "num-duplicates", "num-strays", "num-refused", "num-invalid",
          "num-drop-on-latency", "num-drop-on-memory", "num-drop-stale", "num-flushed",
          "packets-held"}},
        {"simdfft", "seen-buffers-in", {"buffers", "late-buffers-dropped", "buffers-refused"}},
        {"simdfft", "seen-samples-in", {"frames", "frames-refused"}},
        {"simdifft", "seen-spectra-in", {"frames", "frames-refused"}},
        {"simdfftfilter", "seen-samples-in", {"frames-in", "frames-refused"}},
        {"simdfftfilter", "frames-in", {"frames-out", "frames-flushed"}},
        {"simdspectrogram", "seen-samples-in", {"frames", "frames-dropped"}},
    };
    return *all;
}

Ledger::Ledger() = default;
Ledger::~Ledger() = default;

GstPadProbeReturn Ledger::on_data(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
    Counters& counters = **static_cast<std::shared_ptr<Counters>*>(data);
    std::uint64_t buffers = 1;
    std::uint64_t bytes = 0;
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
        GstBufferList* list = gst_pad_probe_info_get_buffer_list(info);
        buffers = gst_buffer_list_length(list);
        bytes = gst_buffer_list_calculate_size(list);
    } else {
        bytes = gst_buffer_get_size(gst_pad_probe_info_get_buffer(info));
    }
    if (GST_PAD_IS_SRC(pad)) {
        counters.buffers_out += buffers;
    } else {
        counters.buffers_in += buffers;
        counters.bytes_in += bytes;
    }
    return GST_PAD_PROBE_OK;
}

void Ledger::open(GstElement* element) {
    auto account = std::make_unique<Account>(element);
    for (const char* name : {"sink", "src"}) {
        const PadHandle pad(gst_element_get_static_pad(element, name));
        if (pad != nullptr)
            gst_pad_add_probe(
                pad.get(),
                static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                             GST_PAD_PROBE_TYPE_BUFFER_LIST),
                on_data, new std::shared_ptr<Counters>(account->counters),
                [](gpointer data) { delete static_cast<std::shared_ptr<Counters>*>(data); });
    }
    const std::lock_guard lock(mutex_);
    accounts_.push_back(std::move(account));
}

void Ledger::open_branch(GstPad* pad) {
    const std::lock_guard lock(mutex_);
    accounts_.push_back(std::make_unique<Account>(pad));
}

// Under mutex_.
std::vector<std::unique_ptr<Ledger::Account>>::iterator Ledger::find(GstObject* object) {
    const auto found =
        std::find_if(accounts_.begin(), accounts_.end(),
                     [object](const auto& account) { return account->object == object; });
    if (found == accounts_.end())
        mismatches_.push_back(path_of(object) + " was never opened");
    return found;
}

void Ledger::close_object(GstObject* object) {
    const std::lock_guard lock(mutex_);
    const auto found = find(object);
    if (found == accounts_.end())
        return;
    close(**found);
    accounts_.erase(found);
}

void Ledger::close_all() {
    const std::lock_guard lock(mutex_);
    for (const auto& account : accounts_)
        close(*account);
    accounts_.clear();
}

void Ledger::close(const Account& account) {
    settle(account);
    ++totals_[account.factory].elements;
    ++seen_in_[path_of(account.object)].elements;
}

void Ledger::start_over(GstElement* element) {
    const std::lock_guard lock(mutex_);
    const auto found = find(GST_OBJECT(element));
    if (found == accounts_.end())
        return;
    settle(**found);
    (*found)->counters->clear();
}

void Ledger::settle(const Account& account) {
    GstStructure* given = nullptr;
    g_object_get(account.object, "stats", &given, nullptr);
    const StructureHandle stats(given);
    gst_structure_set(
        given, "seen-buffers-in", G_TYPE_UINT64, account.counters->buffers_in.load(),
        "seen-buffers-out", G_TYPE_UINT64, account.counters->buffers_out.load(), "seen-samples-in",
        G_TYPE_UINT64, account.counters->bytes_in.load() / kBytesPerSample, "seen-spectra-in",
        G_TYPE_UINT64, account.counters->bytes_in.load() / kBytesPerSpectrum, nullptr);
    Totals& totals = totals_[account.factory];
    for (int i = 0; i < gst_structure_n_fields(given); ++i) {
        const char* field = gst_structure_nth_field_name(given, static_cast<guint>(i));
        if (gst_structure_has_field_typed(given, field, G_TYPE_UINT64) && adds_up(field))
            totals.counts[field] += field_of(given, field);
    }
    const std::string path = path_of(account.object);
    seen_in_[path].buffers += account.counters->buffers_in;
    for (const Rule& rule : rules()) {
        if (rule.factory == account.factory)
            check(rule, path, given);
    }
}

void Ledger::check(const Rule& rule, const std::string& path, const GstStructure* stats) {
    ++checks_;
    std::uint64_t sum = 0;
    std::string text;
    for (const std::string& part : rule.parts) {
        if (!gst_structure_has_field(stats, part.c_str()))
            mismatches_.push_back(path + " has no " + part);
        sum += field_of(stats, part);
        text += (text.empty() ? "" : " + ") + part + " " + std::to_string(field_of(stats, part));
    }
    const std::uint64_t whole = field_of(stats, rule.whole);
    if (whole != sum)
        mismatches_.push_back(path + " (" + rule.factory + "): " + rule.whole + " " +
                              std::to_string(whole) + " is not " + text);
}

} // namespace tactus::soak
