// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:tracer-clockcalib
 * @title: clockcalib
 * @short_description: per-buffer latency, GPU and CPU on one time line, the health of the clocks
 *
 * Follows each buffer from source to sink and says where its time went.
 *
 * |[
 * GST_TRACERS="clockcalib(report=report.html)" gst-launch-1.0 videotestsrc num-buffers=100 ! queue
 * ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "clockcalib/gstclockcalib.h"

#include "clockcalib/clockcalib_debug.h"
#include "clockcalib/engine.h"
#include "clockcalib/figures_interface.h"
#include "clockcalib/hooks.h"
#include "clockcalib/setting_properties.h"
#include "clockcalib/stats_structure.h"

#include <memory>
#include <string>
#include <vector>

struct TracerState {
    tactus::Settings settings; ///< as given; never changed after construction
    std::shared_ptr<tactus::Engine> engine;
};

struct GstClockcalib {
    GstTracer parent;
    struct TracerState* state;
};

struct GstClockcalibClass {
    GstTracerClass parent_class;
};

G_DEFINE_TYPE(GstClockcalib, gst_clockcalib, GST_TYPE_TRACER)

namespace {

using tactus::Engine;
using tactus::RecordLog;

enum { PROP_STATS = tactus::kFirstOwnProperty, PROP_METRICS_ADDRESS };

GstClockcalib* self_of(gpointer object) {
    return static_cast<GstClockcalib*>(object);
}

Engine* engine_of(gpointer object) {
    return self_of(object)->state->engine.get();
}

GstStructure* get_stats(GstClockcalib* self) noexcept {
    try {
        if (Engine* engine = engine_of(self))
            return tactus::stats_structure(engine->stats(), 0).release();
    } catch (const std::exception& error) {
        RecordLog::warn(std::string("no statistics: ") + error.what());
    }
    return gst_structure_new_empty("clockcalib-stats");
}

gboolean write_report(GstClockcalib* self, const gchar* path) noexcept {
    try {
        Engine* engine = engine_of(self);
        if (engine == nullptr)
            return FALSE;
        if (path == nullptr || *path == '\0') {
            RecordLog::warn("write-report needs the name of a file, such as report.html");
            return FALSE;
        }
        const std::string problem = engine->write_report(path);
        if (problem.empty())
            return TRUE;
        RecordLog::warn(problem);
    } catch (const std::exception& error) {
        RecordLog::warn(std::string("no report: ") + error.what());
    }
    return FALSE;
}

void reset(GstClockcalib* self) noexcept {
    if (Engine* engine = engine_of(self))
        engine->reset();
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) noexcept {
    switch (id) {
    case PROP_STATS:
        g_value_take_boxed(value, get_stats(self_of(object)));
        break;
    case PROP_METRICS_ADDRESS:
        if (Engine* engine = engine_of(object))
            g_value_set_string(value, engine->metrics_address().c_str());
        break;
    default:
        if (!tactus::get_setting(self_of(object)->state->settings, id, value))
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

void constructed(GObject* object) noexcept {
    G_OBJECT_CLASS(gst_clockcalib_parent_class)->constructed(object);
    gchar* params = nullptr;
    g_object_get(object, "params", &params, nullptr);
    std::vector<std::string> problems;
    try {
        TracerState& state = *self_of(object)->state;
        state.settings = tactus::parse_settings(params != nullptr ? params : "", problems);
        state.engine = Engine::open(state.settings, tactus::Recorder::Source::hooks, problems);
        tactus::register_hooks(GST_TRACER(object));
    } catch (const std::exception& error) {
        problems.push_back(std::string("nothing is traced: ") + error.what());
    }
    g_free(params);
    for (const std::string& problem : problems)
        RecordLog::warn(problem);
}

void finalize(GObject* object) noexcept {
    delete self_of(object)->state;
    G_OBJECT_CLASS(gst_clockcalib_parent_class)->finalize(object);
}

} // namespace

static void gst_clockcalib_class_init(GstClockcalibClass* klass) {
    GObjectClass* object_class = G_OBJECT_CLASS(klass);
    object_class->constructed = constructed;
    object_class->finalize = finalize;
    object_class->get_property = get_property;
    constexpr auto kFlags = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    tactus::install_setting_properties(object_class, kFlags);
    tactus::install_figures(object_class, PROP_STATS,
                            {G_CALLBACK(get_stats), G_CALLBACK(write_report), G_CALLBACK(reset)});
    g_object_class_install_property(
        object_class, PROP_METRICS_ADDRESS,
        g_param_spec_string(
            "metrics-address", "Metrics address",
            "Where Prometheus can fetch metrics, with the real port; empty: nowhere", "", kFlags));
}

static void gst_clockcalib_init(GstClockcalib* self) {
    self->state = new TracerState;
}
