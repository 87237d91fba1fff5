// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names, types and defaults, compared with those of rtpjitterbuffer where it is installed.
#include "element_fixture.h"
#include "glue/gst_version.h"
#include "glue/handles.h"

#include <memory>

using namespace tactus;

namespace {

struct Unref {
    void operator()(GstElement* element) const { gst_object_unref(element); }
};
using Element = std::unique_ptr<GstElement, Unref>;

Element make(const char* factory) {
    GstElement* element = gst_element_factory_make(factory, nullptr);
    if (element != nullptr)
        gst_object_ref_sink(element);
    return Element(element);
}

GParamSpec* find(GstElement* element, const char* name) {
    return g_object_class_find_property(G_OBJECT_GET_CLASS(element), name);
}

std::string default_of(GParamSpec* spec) {
    const GValue* value = g_param_spec_get_default_value(spec);
    if (G_VALUE_HOLDS_ENUM(value))
        return std::to_string(g_value_get_enum(value));
    if (G_VALUE_HOLDS_BOXED(value))
        return {};
    gchar* text = g_strdup_value_contents(value);
    std::string result = text;
    g_free(text);
    return result;
}

class Peer : public ::testing::Test {
  protected:
    void SetUp() override {
        if (peer_ == nullptr)
            GTEST_SKIP() << "rtpjitterbuffer is not installed (gst-plugins-good)";
        ASSERT_NE(ours_, nullptr);
    }

    Element peer_ = make("rtpjitterbuffer");
    Element ours_ = make("jitterbuffer");
};

/// 1000 up to 1.22; without a limit later.
bool has_later_default(const std::string& name) {
    return name == "max-rtcp-rtp-time-diff" && runs_gst(1, 24);
}

/// What an element starts with. For one property 1.26 declares 15000 and starts with 0.
std::string start_of(GParamSpec* peers) {
    const bool differs = std::string(peers->name) == "min-sync-interval";
    return differs ? "0" : default_of(peers);
}

GstStructure* stats_of(GstElement* element) {
    GstStructure* stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    return stats;
}

} // namespace

TEST_F(Peer, EveryPropertyIsThereWithItsTypeDefaultAndRange) {
    guint count = 0;
    GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(peer_.get()), &count);
    ASSERT_GT(count, 25U);
    for (guint i = 0; i < count; ++i) {
        GParamSpec* theirs = specs[i];
        SCOPED_TRACE(theirs->name);
        if (std::string(theirs->name) == "name")
            continue;
        GParamSpec* spec = find(ours_.get(), theirs->name);
        ASSERT_NE(spec, nullptr);
        EXPECT_EQ(G_TYPE_FUNDAMENTAL(spec->value_type), G_TYPE_FUNDAMENTAL(theirs->value_type));
        EXPECT_EQ(default_of(spec), has_later_default(theirs->name) ? "1000" : start_of(theirs));
        EXPECT_EQ(spec->flags & G_PARAM_READWRITE, theirs->flags & G_PARAM_READWRITE);
        if (G_IS_PARAM_SPEC_INT(theirs)) {
            EXPECT_EQ(G_PARAM_SPEC_INT(spec)->minimum, G_PARAM_SPEC_INT(theirs)->minimum);
            EXPECT_EQ(G_PARAM_SPEC_INT(spec)->maximum, G_PARAM_SPEC_INT(theirs)->maximum);
        }
        if (G_IS_PARAM_SPEC_UINT(theirs)) {
            EXPECT_EQ(G_PARAM_SPEC_UINT(spec)->maximum, G_PARAM_SPEC_UINT(theirs)->maximum);
        }
    }
    g_free(specs);
}

TEST_F(Peer, EveryModeHasItsNickAndValue) {
    auto* theirs = G_PARAM_SPEC_ENUM(find(peer_.get(), "mode"))->enum_class;
    auto* spec = G_PARAM_SPEC_ENUM(find(ours_.get(), "mode"))->enum_class;
    for (guint i = 0; i < theirs->n_values; ++i) {
        GEnumValue* value = g_enum_get_value(spec, theirs->values[i].value);
        ASSERT_NE(value, nullptr);
        EXPECT_STREQ(value->value_nick, theirs->values[i].value_nick);
    }
}

TEST_F(Peer, EverySignalHasItsArgumentsAndResult) {
    for (const char* name :
         {"request-pt-map", "handle-sync", "on-npt-stop", "clear-pt-map", "set-active"}) {
        SCOPED_TRACE(name);
        GSignalQuery theirs;
        GSignalQuery signal;
        g_signal_query(g_signal_lookup(name, G_OBJECT_TYPE(peer_.get())), &theirs);
        g_signal_query(g_signal_lookup(name, G_OBJECT_TYPE(ours_.get())), &signal);
        ASSERT_NE(signal.signal_id, 0U);
        EXPECT_EQ(signal.return_type, theirs.return_type);
        ASSERT_EQ(signal.n_params, theirs.n_params);
        for (guint i = 0; i < theirs.n_params; ++i)
            EXPECT_EQ(signal.param_types[i] & ~G_SIGNAL_TYPE_STATIC_SCOPE,
                      theirs.param_types[i] & ~G_SIGNAL_TYPE_STATIC_SCOPE);
        EXPECT_EQ(signal.signal_flags & G_SIGNAL_ACTION, theirs.signal_flags & G_SIGNAL_ACTION);
    }
}

TEST_F(Peer, EveryStatisticHasItsType) {
    GstStructure* theirs = stats_of(peer_.get());
    GstStructure* stats = stats_of(ours_.get());
    EXPECT_STREQ(gst_structure_get_name(stats), gst_structure_get_name(theirs));
    for (gint i = 0; i < gst_structure_n_fields(theirs); ++i) {
        const char* field = gst_structure_nth_field_name(theirs, static_cast<guint>(i));
        EXPECT_EQ(gst_structure_get_field_type(stats, field),
                  gst_structure_get_field_type(theirs, field))
            << field;
    }
    gst_structure_free(theirs);
    gst_structure_free(stats);
}

TEST_F(Peer, EveryPadTemplateIsTheSame) {
    for (const char* name : {"sink", "src", "sink_rtcp"}) {
        GstPadTemplate* theirs = gst_element_get_pad_template(peer_.get(), name);
        GstPadTemplate* pad = gst_element_get_pad_template(ours_.get(), name);
        ASSERT_NE(pad, nullptr) << name;
        EXPECT_EQ(GST_PAD_TEMPLATE_PRESENCE(pad), GST_PAD_TEMPLATE_PRESENCE(theirs));
        EXPECT_EQ(GST_PAD_TEMPLATE_DIRECTION(pad), GST_PAD_TEMPLATE_DIRECTION(theirs));
        EXPECT_TRUE(gst_caps_is_equal(GST_PAD_TEMPLATE_CAPS(pad), GST_PAD_TEMPLATE_CAPS(theirs)));
    }
}

// What rtpjitterbuffer has only since 1.24 or 1.26, with any GStreamer.
TEST(JitterBufferProperties, LaterOnesOfThePeerAreThereWithItsDefaults) {
    const Element element = make("jitterbuffer");
    ASSERT_NE(element, nullptr);
    GParamSpec* const interval = find(element.get(), "min-sync-interval");
    ASSERT_NE(interval, nullptr);
    EXPECT_EQ(interval->value_type, G_TYPE_UINT);
    EXPECT_EQ(default_of(interval), "0");
    for (const char* name : {"rfc7273-use-system-clock", "rfc7273-reference-timestamp-meta-only"}) {
        GParamSpec* const spec = find(element.get(), name);
        ASSERT_NE(spec, nullptr) << name;
        EXPECT_EQ(spec->value_type, G_TYPE_BOOLEAN);
        EXPECT_EQ(default_of(spec), "FALSE");
    }
    const StructureHandle stats(stats_of(element.get()));
    gboolean active = TRUE;
    EXPECT_TRUE(gst_structure_get_boolean(stats.get(), "rfc7273-active", &active));
    EXPECT_FALSE(active);
}

TEST(JitterBufferProperties, EveryOneKeepsWhatIsSet) {
    const Element element = make("jitterbuffer");
    ASSERT_NE(element, nullptr);
    guint count = 0;
    GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element.get()), &count);
    unsigned tried = 0;
    for (guint i = 0; i < count; ++i) {
        GParamSpec* spec = specs[i];
        if (spec->owner_type != G_OBJECT_TYPE(element.get()) || !(spec->flags & G_PARAM_WRITABLE))
            continue;
        SCOPED_TRACE(spec->name);
        ++tried;
        const char* text = spec->value_type == G_TYPE_BOOLEAN  ? "true"
                           : spec->value_type == G_TYPE_DOUBLE ? "0.75"
                           : G_TYPE_IS_ENUM(spec->value_type)  ? "1"
                                                               : "17";
        gst_util_set_object_arg(G_OBJECT(element.get()), spec->name, text);
        GValue value = G_VALUE_INIT;
        g_object_get_property(G_OBJECT(element.get()), spec->name, &value);
        GValue expected = G_VALUE_INIT;
        g_value_init(&expected, spec->value_type);
        ASSERT_TRUE(gst_value_deserialize(&expected, text));
        EXPECT_EQ(gst_value_compare(&value, &expected), GST_VALUE_EQUAL);
        g_value_unset(&value);
        g_value_unset(&expected);
    }
    g_free(specs);
    EXPECT_EQ(tried, 38U);
}

TEST(JitterBufferProperties, ThereIsOneRtcpPadAtATime) {
    const Element element = make("jitterbuffer");
    GstPad* pad = gst_element_request_pad_simple(element.get(), "sink_rtcp");
    ASSERT_NE(pad, nullptr);
    gst_element_release_request_pad(element.get(), pad);
    gst_object_unref(pad);
    pad = gst_element_request_pad_simple(element.get(), "sink_rtcp");
    ASSERT_NE(pad, nullptr);
    gst_element_release_request_pad(element.get(), pad);
    gst_object_unref(pad);
    gst_event_unref(make_segment()); // the fixture checks for leaks
}
