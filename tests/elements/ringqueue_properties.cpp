// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What ringqueue shows of itself, compared with the queue that is in the registry.
#include "element_fixture.h"

#include <memory>

using namespace tactus;

namespace {

struct ObjectUnref {
    void operator()(gpointer object) const { gst_object_unref(object); }
};
using Element = std::unique_ptr<GstElement, ObjectUnref>;

Element make(const char* factory) {
    return Element(GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make(factory, nullptr))));
}

std::string text_of(const GValue* value) {
    gchar* text = gst_value_serialize(value);
    std::string result = text != nullptr ? text : "";
    g_free(text);
    return result;
}

template <typename Spec>
std::string range_of(GParamSpec* spec) {
    const auto* numeric = reinterpret_cast<const Spec*>(spec);
    return std::to_string(numeric->minimum) + " to " + std::to_string(numeric->maximum);
}

std::string range_of(GParamSpec* spec) {
    if (G_IS_PARAM_SPEC_UINT(spec))
        return range_of<GParamSpecUInt>(spec);
    if (G_IS_PARAM_SPEC_UINT64(spec))
        return range_of<GParamSpecUInt64>(spec);
    if (!G_IS_PARAM_SPEC_ENUM(spec))
        return {};
    std::string values;
    const GEnumClass* klass = G_PARAM_SPEC_ENUM(spec)->enum_class;
    for (guint i = 0; i < klass->n_values; ++i)
        values += std::to_string(klass->values[i].value) + "=" + klass->values[i].value_nick + " ";
    return values;
}

// The enumeration types have names of their own: two plugins cannot register the same.
std::string type_of(GParamSpec* spec) {
    return G_IS_PARAM_SPEC_ENUM(spec) ? "enum" : g_type_name(spec->value_type);
}

constexpr guint kMutability = G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_CONSTRUCT_ONLY |
                              GST_PARAM_CONTROLLABLE | GST_PARAM_MUTABLE_READY |
                              GST_PARAM_MUTABLE_PAUSED | GST_PARAM_MUTABLE_PLAYING;

void expect_same_property(GParamSpec* theirs, GParamSpec* ours) {
    SCOPED_TRACE(theirs->name);
    ASSERT_NE(ours, nullptr) << "ringqueue lacks it";
    EXPECT_EQ(type_of(ours), type_of(theirs));
    EXPECT_EQ(ours->flags & kMutability, theirs->flags & kMutability);
    EXPECT_EQ(range_of(ours), range_of(theirs));
    EXPECT_EQ(text_of(g_param_spec_get_default_value(ours)),
              text_of(g_param_spec_get_default_value(theirs)));
}

class PropertiesTest : public ContractTest {};
class RingQueueProperties : public RingQueueTest {};

} // namespace

TEST(RingQueueAndQueue, EveryPropertyOfQueueIsThereWithTypeRangeDefaultAndMutability) {
    const Element theirs = make("queue");
    const Element ours = make("ringqueue");
    GObjectClass* our_class = G_OBJECT_GET_CLASS(ours.get());
    guint count = 0;
    GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(theirs.get()), &count);
    for (guint i = 0; i < count; ++i) {
        if (std::string(specs[i]->name) != "name") // its default is the element's own name
            expect_same_property(specs[i], g_object_class_find_property(our_class, specs[i]->name));
    }
    EXPECT_GT(count, 13U);
    g_free(specs);
}

TEST(RingQueueAndQueue, APropertyThatIsNotReadIsReadAtItsDefault) {
    const Element theirs = make("queue");
    const Element ours = make("ringqueue");
    for (const char* name :
         {"current-level-buffers", "current-level-bytes", "current-level-time", "max-size-buffers",
          "max-size-bytes", "max-size-time", "min-threshold-buffers", "min-threshold-bytes",
          "min-threshold-time", "leaky", "silent", "flush-on-eos"}) {
        GValue their_value = G_VALUE_INIT;
        GValue our_value = G_VALUE_INIT;
        g_object_get_property(G_OBJECT(theirs.get()), name, &their_value);
        g_object_get_property(G_OBJECT(ours.get()), name, &our_value);
        EXPECT_EQ(text_of(&our_value), text_of(&their_value)) << name;
        g_value_unset(&their_value);
        g_value_unset(&our_value);
    }
}

TEST(RingQueueAndQueue, SignalsHaveTheSameNamesAndSignatures) {
    const Element theirs = make("queue");
    const Element ours = make("ringqueue");
    for (const char* name : {"overrun", "underrun", "running", "pushing"}) {
        SCOPED_TRACE(name);
        GSignalQuery their_signal{};
        GSignalQuery our_signal{};
        g_signal_query(g_signal_lookup(name, G_OBJECT_TYPE(theirs.get())), &their_signal);
        g_signal_query(g_signal_lookup(name, G_OBJECT_TYPE(ours.get())), &our_signal);
        ASSERT_NE(our_signal.signal_id, 0U);
        EXPECT_EQ(our_signal.return_type, their_signal.return_type);
        EXPECT_EQ(our_signal.n_params, their_signal.n_params);
        EXPECT_EQ(our_signal.signal_flags, their_signal.signal_flags);
    }
}

TEST(RingQueueAndQueue, PadsAndTheirTemplatesAreTheSame) {
    const Element theirs = make("queue");
    const Element ours = make("ringqueue");
    for (const char* name : {"sink", "src"}) {
        SCOPED_TRACE(name);
        GstPadTemplate* their_template = gst_element_get_pad_template(theirs.get(), name);
        GstPadTemplate* our_template = gst_element_get_pad_template(ours.get(), name);
        ASSERT_NE(our_template, nullptr);
        EXPECT_EQ(our_template->direction, their_template->direction);
        EXPECT_EQ(our_template->presence, their_template->presence);
        EXPECT_TRUE(gst_caps_is_any(GST_PAD_TEMPLATE_CAPS(our_template)));
        GstPad* pad = gst_element_get_static_pad(ours.get(), name);
        ASSERT_NE(pad, nullptr);
        EXPECT_TRUE(GST_PAD_IS_PROXY_CAPS(pad));
        gst_object_unref(pad);
    }
}

TEST(RingQueueAndQueue, NotifyLevelsIsAnOffSwitchAsInLaterQueues) {
    // queue has it since 1.24.
    const Element ours = make("ringqueue");
    GParamSpec* spec =
        g_object_class_find_property(G_OBJECT_GET_CLASS(ours.get()), "notify-levels");
    ASSERT_NE(spec, nullptr);
    EXPECT_EQ(spec->value_type, G_TYPE_BOOLEAN);
    EXPECT_EQ(text_of(g_param_spec_get_default_value(spec)), "false");
    EXPECT_NE(spec->flags & GST_PARAM_MUTABLE_PLAYING, 0U);
}

TEST_P(PropertiesTest, DefaultsAreThoseOfTheContract) {
    EXPECT_EQ(queue_.get<guint>("max-size-buffers"), 200U);
    EXPECT_EQ(queue_.get<guint>("max-size-bytes"), 10485760U);
    EXPECT_EQ(queue_.get<guint64>("max-size-time"), GST_SECOND);
    EXPECT_EQ(queue_.get<guint>("min-threshold-buffers"), 0U);
    EXPECT_EQ(queue_.get<guint>("min-threshold-bytes"), 0U);
    EXPECT_EQ(queue_.get<guint64>("min-threshold-time"), 0U);
    EXPECT_EQ(queue_.get<gint>("leaky"), 0);
    EXPECT_FALSE(queue_.get<gboolean>("silent"));
    EXPECT_FALSE(queue_.get<gboolean>("flush-on-eos"));
}

TEST_P(PropertiesTest, EveryPropertyCanBeChangedWhilePlaying) {
    queue_.play_stream();
    for (const char* name :
         {"max-size-buffers", "max-size-bytes", "min-threshold-buffers", "min-threshold-bytes"}) {
        queue_.set(name, 77U);
        EXPECT_EQ(queue_.get<guint>(name), 77U) << name;
    }
    for (const char* name : {"max-size-time", "min-threshold-time"}) {
        queue_.set(name, guint64{77});
        EXPECT_EQ(queue_.get<guint64>(name), 77U) << name;
    }
    for (const char* name : {"silent", "flush-on-eos"}) {
        queue_.set(name, TRUE);
        EXPECT_TRUE(queue_.get<gboolean>(name)) << name;
    }
    for (const char* nick : {"upstream", "downstream", "no"})
        gst_util_set_object_arg(G_OBJECT(queue_.element()), "leaky", nick);
    EXPECT_EQ(queue_.get<gint>("leaky"), 0);
}

TEST_P(PropertiesTest, TheWidestValuesAreKept) {
    queue_.set("max-size-buffers", G_MAXUINT);
    queue_.set("max-size-bytes", G_MAXUINT);
    queue_.set("max-size-time", G_MAXUINT64);
    EXPECT_EQ(queue_.get<guint>("max-size-buffers"), G_MAXUINT);
    EXPECT_EQ(queue_.get<guint>("max-size-bytes"), G_MAXUINT);
    EXPECT_EQ(queue_.get<guint64>("max-size-time"), G_MAXUINT64);
    queue_.play_stream();
    EXPECT_EQ(queue_.push_range(0, 9), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 9"));
}

TEST_P(PropertiesTest, ThePluginIsFoundByNameInALaunchLine) {
    const std::string line = std::string("fakesrc num-buffers=20 ! ") + GetParam() +
                             " max-size-buffers=3 max-size-bytes=0 max-size-time=0 "
                             "min-threshold-buffers=2 leaky=no silent=true flush-on-eos=false ! "
                             "fakesink name=end signal-handoffs=true";
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
    ASSERT_EQ(error, nullptr) << error->message;
    guint arrived = 0;
    GstElement* end = gst_bin_get_by_name(GST_BIN(pipeline), "end");
    g_signal_connect_swapped(end, "handoff", G_CALLBACK(+[](guint* count) { ++*count; }), &arrived);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, 30 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
    gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    EXPECT_EQ(arrived, 20U);
    gst_object_unref(bus);
    gst_object_unref(end);
    gst_object_unref(pipeline);
}

TEST_P(PropertiesTest, LoweringALimitOnAQueueThatLeaksDownstreamLeaksAtOnce) {
    queue_.set("leaky", 2);
    queue_.play_stream();
    queue_.hold();
    ASSERT_EQ(queue_.push_range(0, 0), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_EQ(queue_.push_range(1, 10), GST_FLOW_OK);
    ASSERT_EQ(queue_.level_buffers(), 10U);
    queue_.set("max-size-buffers", 4U);
    EXPECT_EQ(queue_.level_buffers(), 3U) << "below the limit, with nobody pushing";
    queue_.set("max-size-bytes", 2U);
    EXPECT_EQ(queue_.level_buffers(), 1U);
    queue_.release();
    EXPECT_TRUE(queue_.wait_for("buffer 10"));
    EXPECT_EQ(queue_.buffers_arrived(), (std::vector<std::string>{"buffer 0", "buffer 10"}));
}

TEST_P(PropertiesTest, LoweringALimitOnAQueueThatDoesNotLeakDownstreamKeepsAll) {
    for (const gint leaky : {0, 1}) {
        QueueUnderTest queue(GetParam());
        queue.set("leaky", leaky);
        queue.play_stream();
        queue.hold();
        ASSERT_EQ(queue.push_range(0, 0), GST_FLOW_OK);
        ASSERT_TRUE(queue.wait_held());
        ASSERT_EQ(queue.push_range(1, 5), GST_FLOW_OK);
        queue.set("max-size-buffers", 2U);
        EXPECT_EQ(queue.level_buffers(), 5U);
    }
}

TEST_P(PropertiesTest, RaisingALimitLetsABlockedUpstreamGoOn) {
    queue_.set("max-size-buffers", 1U);
    SignalProbe overrun(queue_, "overrun");
    queue_.play_stream();
    queue_.hold();
    ASSERT_EQ(queue_.push_range(0, 0), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    auto pushed = queue_.async([this] { return queue_.push_range(1, 3); });
    ASSERT_TRUE(overrun.wait_count(1));
    EXPECT_EQ(queue_.level_buffers(), 1U);
    queue_.set("max-size-buffers", 3U);
    EXPECT_EQ(result_of(pushed), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_buffers(), 3U);
}

TEST_P(PropertiesTest, ALimitOfZeroLetsABlockedUpstreamGoOn) {
    queue_.set("max-size-buffers", 1U);
    SignalProbe overrun(queue_, "overrun");
    queue_.play_stream();
    queue_.hold();
    ASSERT_EQ(queue_.push_range(0, 0), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    auto pushed = queue_.async([this] { return queue_.push_range(1, 400); });
    ASSERT_TRUE(overrun.wait_count(1));
    queue_.set("max-size-buffers", 0U);
    EXPECT_EQ(result_of(pushed), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_buffers(), 400U);
}

// queue wakes nobody for it: the change shows with the next buffer.
TEST_F(RingQueueProperties, MakingItLeakyLetsABlockedUpstreamGoOn) {
    for (const gint leaky : {1, 2}) {
        QueueUnderTest queue("ringqueue");
        queue.set("max-size-buffers", 1U);
        SignalProbe overrun(queue, "overrun");
        queue.play_stream();
        queue.hold();
        ASSERT_EQ(queue.push_range(0, 0), GST_FLOW_OK);
        ASSERT_TRUE(queue.wait_held());
        auto pushed = queue.async([&queue] { return queue.push_range(1, 3); });
        ASSERT_TRUE(overrun.wait_count(1));
        queue.set("leaky", leaky);
        EXPECT_EQ(result_of(pushed), GST_FLOW_OK);
        EXPECT_LE(queue.level_buffers(), 1U); // setting it may leak the last one, too
    }
}

// queue has notify-levels since 1.24.
TEST_F(RingQueueProperties, NotifyLevelsTellsOfEveryChangeOfTheLevelsAndOnlyIfOn) {
    SignalProbe buffers(queue_, "notify::current-level-buffers");
    SignalProbe bytes(queue_, "notify::current-level-bytes");
    SignalProbe time(queue_, "notify::current-level-time");
    // In and out one after the other: GObject makes one of two that come at once.
    queue_.play_stream();
    queue_.hold();
    ASSERT_EQ(queue_.push_range(0, 0), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    for (SignalProbe* probe : {&buffers, &bytes, &time})
        EXPECT_EQ(probe->count(), 0U);
    queue_.set("notify-levels", TRUE);
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    for (SignalProbe* probe : {&buffers, &bytes, &time})
        EXPECT_EQ(probe->count(), 1U);
    queue_.release();
    for (SignalProbe* probe : {&buffers, &bytes, &time})
        EXPECT_TRUE(probe->wait_count(2));
}

TACTUS_INSTANTIATE_CONTRACT(PropertiesTest);
