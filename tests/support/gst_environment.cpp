// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst_environment.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace tactus {

namespace {

std::vector<void (*)()>& last_actions() {
    static std::vector<void (*)()> actions;
    return actions;
}

// Starts GStreamer once. Where the leaks tracer runs, no object may outlive the last test.
class GstEnvironment : public ::testing::Environment {
  public:
    void SetUp() override { gst_init(nullptr, nullptr); }

    void TearDown() override {
        for (void (*action)() : last_actions())
            action();
        gst_task_cleanup_all(); // a stopped task's thread owns it for a moment longer
        GList* tracers = gst_tracing_get_active_tracers();
        for (GList* node = tracers; node != nullptr; node = node->next) {
            if (std::strcmp(G_OBJECT_TYPE_NAME(node->data), "GstLeaksTracer") == 0)
                expect_nothing_alive(node->data);
        }
        g_list_free_full(tracers, gst_object_unref);
        gst_deinit();
    }

  private:
    static void expect_nothing_alive(gpointer tracer) {
        GstStructure* alive = nullptr;
        g_signal_emit_by_name(tracer, "get-live-objects", &alive);
        const GValue* list =
            alive != nullptr ? gst_structure_get_value(alive, "live-objects-list") : nullptr;
        for (guint i = 0; list != nullptr && i < gst_value_list_get_size(list); ++i) {
            gchar* text = gst_value_serialize(gst_value_list_get_value(list, i));
            ADD_FAILURE() << "leaked: " << (text != nullptr ? text : "?");
            g_free(text);
        }
        if (alive != nullptr)
            gst_structure_free(alive);
    }
};

// NOLINTNEXTLINE(cert-err58-cpp): GoogleTest's way; it owns the object.
[[maybe_unused]] ::testing::Environment* const kEnvironment =
    ::testing::AddGlobalTestEnvironment(new GstEnvironment);

} // namespace

void before_gstreamer_ends(void (*action)()) {
    last_actions().push_back(action);
}

} // namespace tactus
