// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-clockcalib-probe
 * @title: clockcalib-probe
 * @short_description: the clockcalib tracer without a tracer, for one pipeline
 *
 * Put it anywhere into a pipeline, or emit "attach" with one from an application: it follows all
 * buffers in the whole pipeline with pad probes, at a fraction of what tracing hooks cost.
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! clockcalib-probe report=report.html ! queue !
 * fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "clockcalib/gstclockcalibprobe.h"

#include "clockcalib/clockcalib_debug.h"
#include "clockcalib/engine.h"
#include "clockcalib/figures_interface.h"
#include "clockcalib/probe_set.h"
#include "clockcalib/setting_properties.h"
#include "clockcalib/stats_structure.h"
#include "glue/guard.h"
#include "glue/handles.h"

#include <gst/base/gstbasetransform.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

using tactus::Engine;
using tactus::Settings;

namespace {

/// Properties may be set while the pipeline runs; they count at the next start.
struct ProbeState {
    std::mutex mutex; ///< guards what is below; nothing is called that posts or waits
    Settings settings;
    std::shared_ptr<Engine> engine;
    std::shared_ptr<tactus::ProbeSet> probes;
};

} // namespace

struct GstClockcalibProbe {
    GstBaseTransform parent;
    ProbeState* state;
};

struct GstClockcalibProbeClass {
    GstBaseTransformClass parent_class;
};

G_DEFINE_TYPE(GstClockcalibProbe, gst_clockcalib_probe, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE(clockcalibprobe, "clockcalib-probe", GST_RANK_NONE,
                            gst_clockcalib_probe_get_type())

namespace {

enum { PROP_STATS = tactus::kFirstOwnProperty };

GstClockcalibProbe* self_of(gpointer object) {
    return static_cast<GstClockcalibProbe*>(object);
}

std::shared_ptr<Engine> engine_of(GstClockcalibProbe* self) {
    const std::lock_guard lock(self->state->mutex);
    return self->state->engine;
}

GstStructure* get_stats(GstClockcalibProbe* self) noexcept {
    return tactus::guarded(GST_ELEMENT_CAST(self), static_cast<GstStructure*>(nullptr), [&] {
        const auto engine = engine_of(self);
        return engine ? tactus::stats_structure(engine->stats(), 0).release()
                      : gst_structure_new_empty("clockcalib-stats");
    });
}

gboolean write_report(GstClockcalibProbe* self, const gchar* path) noexcept {
    return tactus::guarded(GST_ELEMENT_CAST(self), gboolean{FALSE}, [&]() -> gboolean {
        const auto engine = engine_of(self);
        const std::string problem = !engine ? "nothing is recorded before READY or attach"
                                    : path == nullptr || *path == '\0'
                                        ? "write-report needs the name of a file"
                                        : engine->write_report(path);
        if (problem.empty())
            return TRUE;
        GST_ELEMENT_WARNING(self, RESOURCE, WRITE, ("No report was written: %s", problem.c_str()),
                            (nullptr));
        return FALSE;
    });
}

void reset(GstClockcalibProbe* self) noexcept {
    tactus::completes(GST_ELEMENT_CAST(self), [&] {
        if (const auto engine = engine_of(self))
            engine->reset();
    });
}

void open_engine(GstClockcalibProbe* self) {
    ProbeState& state = *self->state;
    Settings settings;
    {
        const std::lock_guard lock(state.mutex);
        if (state.engine)
            return;
        settings = state.settings;
    }
    std::vector<std::string> problems;
    auto engine = Engine::open(settings, tactus::Recorder::Source::probes, problems);
    {
        const std::lock_guard lock(state.mutex);
        state.engine = std::move(engine);
    }
    for (const std::string& problem : problems)
        GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS,
                            ("clockcalib-probe cannot do all it should: %s", problem.c_str()),
                            (nullptr));
}

/// With a tracer at work all is recorded already; probes would write it twice.
void attach(GstClockcalibProbe* self, GstElement* bin) {
    ProbeState& state = *self->state;
    if (tactus::Recorder::instance().source() == tactus::Recorder::Source::hooks)
        return;
    std::shared_ptr<tactus::ProbeSet> probes; // ours as well: another thread may detach meanwhile
    {
        const std::lock_guard lock(state.mutex);
        if (!state.probes)
            state.probes = std::make_shared<tactus::ProbeSet>();
        probes = state.probes;
    }
    probes->attach(bin);
}

void detach(GstClockcalibProbe* self) {
    std::shared_ptr<tactus::ProbeSet> probes;
    std::shared_ptr<Engine> engine;
    {
        const std::lock_guard lock(self->state->mutex);
        probes = std::move(self->state->probes);
        engine = std::move(self->state->engine);
    }
    probes.reset();
}

gboolean attach_action(GstClockcalibProbe* self, GstElement* bin) noexcept {
    return tactus::guarded(GST_ELEMENT_CAST(self), gboolean{FALSE}, [&]() -> gboolean {
        if (!GST_IS_BIN(bin)) {
            GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS,
                                ("Nothing to attach to: attach needs a bin or pipeline, not %s",
                                 bin != nullptr ? G_OBJECT_TYPE_NAME(bin) : "NULL"),
                                (nullptr));
            return FALSE;
        }
        open_engine(self);
        attach(self, bin);
        return TRUE;
    });
}

void detach_action(GstClockcalibProbe* self) noexcept {
    tactus::completes(GST_ELEMENT_CAST(self), [&] { detach(self); });
}

tactus::ElementHandle outermost_bin(GstElement* element) {
    tactus::ElementHandle top(GST_ELEMENT_CAST(gst_object_ref(element)));
    while (GstObject* parent = gst_object_get_parent(GST_OBJECT_CAST(top.get())))
        top.reset(GST_ELEMENT_CAST(parent));
    return top;
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange change) noexcept {
    GstClockcalibProbe* self = self_of(element);
    const auto open = [&] {
        open_engine(self);
        const auto top = outermost_bin(element);
        if (GST_IS_BIN(top.get()))
            attach(self, top.get());
    };
    if (change == GST_STATE_CHANGE_NULL_TO_READY && !tactus::completes(element, open))
        return GST_STATE_CHANGE_FAILURE;
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(gst_clockcalib_probe_parent_class)->change_state(element, change);
    if (change == GST_STATE_CHANGE_READY_TO_NULL)
        detach_action(self);
    return result;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) noexcept {
    ProbeState& state = *self_of(object)->state;
    const std::lock_guard lock(state.mutex);
    if (!tactus::set_setting(state.settings, id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) noexcept {
    if (id == PROP_STATS) {
        g_value_take_boxed(value, get_stats(self_of(object)));
        return;
    }
    ProbeState& state = *self_of(object)->state;
    const std::lock_guard lock(state.mutex);
    if (!tactus::get_setting(state.settings, id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void finalize(GObject* object) noexcept {
    detach(self_of(object));
    delete self_of(object)->state;
    G_OBJECT_CLASS(gst_clockcalib_probe_parent_class)->finalize(object);
}

void install_properties(GObjectClass* klass) {
    tactus::install_setting_properties(
        klass, static_cast<GParamFlags>(static_cast<int>(G_PARAM_READWRITE) |
                                        static_cast<int>(G_PARAM_STATIC_STRINGS) |
                                        GST_PARAM_MUTABLE_READY));
    tactus::install_figures(klass, PROP_STATS,
                            {G_CALLBACK(get_stats), G_CALLBACK(write_report), G_CALLBACK(reset)});
}

void install_signals(GType type) {
    constexpr auto kAction = static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
    g_signal_new_class_handler("attach", type, kAction, G_CALLBACK(attach_action), nullptr, nullptr,
                               nullptr, G_TYPE_BOOLEAN, 1, GST_TYPE_ELEMENT);
    g_signal_new_class_handler("detach", type, kAction, G_CALLBACK(detach_action), nullptr, nullptr,
                               nullptr, G_TYPE_NONE, 0);
}

} // namespace

static void gst_clockcalib_probe_class_init(GstClockcalibProbeClass* klass) {
    GObjectClass* object_class = G_OBJECT_CLASS(klass);
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    object_class->finalize = finalize;
    install_properties(object_class);
    install_signals(G_TYPE_FROM_CLASS(klass));
    GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
    element_class->change_state = change_state;
    static GstStaticPadTemplate sink =
        GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    static GstStaticPadTemplate src =
        GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    gst_element_class_add_static_pad_template(element_class, &sink);
    gst_element_class_add_static_pad_template(element_class, &src);
    gst_element_class_set_static_metadata(
        element_class, "Latency probe", "Debug",
        "Follows all buffers of its pipeline and tells where every millisecond went",
        "The gst-tactus authors");
    GST_BASE_TRANSFORM_CLASS(klass)->passthrough_on_same_caps = TRUE;
}

static void gst_clockcalib_probe_init(GstClockcalibProbe* self) {
    self->state = new ProbeState;
    gst_base_transform_set_passthrough(GST_BASE_TRANSFORM_CAST(self), TRUE);
}
