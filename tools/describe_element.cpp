// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// describe-element FACTORY: prints the element's own properties (and its pads') and signals as
// JSON, as the registry and the type system know them. tools/update-docs makes tables of it.

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <gst/gst.h>
#include <nlohmann/json.hpp>

namespace {

// Ordered, so that the facts come out in the order in which they are written below.
using Json = nlohmann::ordered_json;

struct GFree {
    void operator()(void* memory) const { g_free(memory); }
};
struct Unref {
    void operator()(void* object) const { gst_object_unref(object); }
};
struct UnrefClass {
    void operator()(void* type_class) const { g_type_class_unref(type_class); }
};

// What every element has is not worth a line on the page of one.
bool is_own(GType owner) {
    return owner != G_TYPE_OBJECT && owner != G_TYPE_INITIALLY_UNOWNED &&
           owner != GST_TYPE_OBJECT && owner != GST_TYPE_ELEMENT && owner != GST_TYPE_PAD;
}

std::string type_name(GType type) {
    switch (G_TYPE_FUNDAMENTAL(type)) {
    case G_TYPE_ENUM:
        return "enum";
    case G_TYPE_FLAGS:
        return "flags";
    default:
        break;
    }
    const std::string name = g_type_name(type);
    // gboolean, guint64, gchararray: without the g of GLib.
    if (type == G_TYPE_STRING)
        return "string";
    return G_TYPE_IS_FUNDAMENTAL(type) && name.size() > 1 && name[0] == 'g' ? name.substr(1) : name;
}

std::string nick_of(GType type, gint value) {
    const std::unique_ptr<void, UnrefClass> type_class(g_type_class_ref(type));
    const auto* entry = g_enum_get_value(static_cast<GEnumClass*>(type_class.get()), value);
    return entry ? entry->value_nick : std::to_string(value);
}

std::string nicks_of_flags(GType type, guint value) {
    const std::unique_ptr<void, UnrefClass> type_class(g_type_class_ref(type));
    const auto* flags = static_cast<GFlagsClass*>(type_class.get());
    std::string nicks;
    for (guint i = 0; i < flags->n_values; ++i) {
        const GFlagsValue& entry = flags->values[i];
        if (entry.value != 0 && (value & entry.value) == entry.value)
            nicks += (nicks.empty() ? "" : "+") + std::string(entry.value_nick);
    }
    return nicks;
}

// The shortest text that reads back as the same number.
template <typename Real>
std::string shortest(Real value) {
    std::array<char, 64> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

Json default_of(GParamSpec* spec) {
    const GValue* value = g_param_spec_get_default_value(spec);
    if (G_IS_PARAM_SPEC_ENUM(spec))
        return nick_of(spec->value_type, g_value_get_enum(value));
    if (G_IS_PARAM_SPEC_FLAGS(spec))
        return nicks_of_flags(spec->value_type, g_value_get_flags(value));
    if (G_IS_PARAM_SPEC_STRING(spec)) {
        const char* text = g_value_get_string(value);
        return text ? Json(text) : Json();
    }
    if (G_IS_PARAM_SPEC_BOXED(spec) || G_IS_PARAM_SPEC_OBJECT(spec))
        return Json();
    if (G_VALUE_HOLDS_DOUBLE(value))
        return shortest(g_value_get_double(value));
    if (G_VALUE_HOLDS_FLOAT(value))
        return shortest(g_value_get_float(value));
    const std::unique_ptr<char, GFree> text(gst_value_serialize(value));
    return text ? Json(text.get()) : Json();
}

template <typename Number>
Json range(Number minimum, Number maximum) {
    return Json::array({minimum, maximum});
}

Json range_of(GParamSpec* spec) {
    if (G_IS_PARAM_SPEC_INT(spec))
        return range(G_PARAM_SPEC_INT(spec)->minimum, G_PARAM_SPEC_INT(spec)->maximum);
    if (G_IS_PARAM_SPEC_UINT(spec))
        return range(G_PARAM_SPEC_UINT(spec)->minimum, G_PARAM_SPEC_UINT(spec)->maximum);
    if (G_IS_PARAM_SPEC_INT64(spec))
        return range(G_PARAM_SPEC_INT64(spec)->minimum, G_PARAM_SPEC_INT64(spec)->maximum);
    if (G_IS_PARAM_SPEC_UINT64(spec))
        return range(G_PARAM_SPEC_UINT64(spec)->minimum, G_PARAM_SPEC_UINT64(spec)->maximum);
    if (G_IS_PARAM_SPEC_FLOAT(spec))
        return range(G_PARAM_SPEC_FLOAT(spec)->minimum, G_PARAM_SPEC_FLOAT(spec)->maximum);
    if (G_IS_PARAM_SPEC_DOUBLE(spec))
        return range(G_PARAM_SPEC_DOUBLE(spec)->minimum, G_PARAM_SPEC_DOUBLE(spec)->maximum);
    return Json();
}

// GEnumClass and GFlagsClass have the same fields, and no common type.
template <typename Class>
Json values_of(GType type) {
    const std::unique_ptr<void, UnrefClass> type_class(g_type_class_ref(type));
    const auto* entries = static_cast<const Class*>(type_class.get());
    Json values = Json::array();
    for (guint i = 0; i < entries->n_values; ++i)
        values.push_back(
            {{"nick", entries->values[i].value_nick}, {"meaning", entries->values[i].value_name}});
    return values;
}

// The highest state in which the element promises to take a new value; NULL for a read-only
// property.
Json changeable_in(const GParamSpec* spec) {
    if (!(spec->flags & G_PARAM_WRITABLE))
        return Json();
    if (spec->flags & G_PARAM_CONSTRUCT_ONLY)
        return "construction";
    if (spec->flags & GST_PARAM_MUTABLE_PLAYING)
        return "PLAYING";
    if (spec->flags & GST_PARAM_MUTABLE_PAUSED)
        return "PAUSED";
    if (spec->flags & GST_PARAM_MUTABLE_READY)
        return "READY";
    return "unspecified";
}

Json describe_property(GParamSpec* spec) {
    Json property = {
        {"name", spec->name},
        {"type", type_name(spec->value_type)},
        {"range", range_of(spec)},
        {"default", default_of(spec)},
        {"readable", (spec->flags & G_PARAM_READABLE) != 0},
        {"writable", (spec->flags & G_PARAM_WRITABLE) != 0},
        {"controllable", (spec->flags & GST_PARAM_CONTROLLABLE) != 0},
        {"deprecated", (spec->flags & G_PARAM_DEPRECATED) != 0},
        {"changeable", changeable_in(spec)},
        {"blurb", g_param_spec_get_blurb(spec) ? g_param_spec_get_blurb(spec) : ""},
    };
    if (G_TYPE_IS_ENUM(spec->value_type))
        property["values"] = values_of<GEnumClass>(spec->value_type);
    if (G_TYPE_IS_FLAGS(spec->value_type))
        property["values"] = values_of<GFlagsClass>(spec->value_type);
    return property;
}

Json describe_properties(GObjectClass* object_class) {
    guint count = 0;
    const std::unique_ptr<GParamSpec*, GFree> specs(
        g_object_class_list_properties(object_class, &count));
    Json properties = Json::array();
    for (guint i = 0; i < count; ++i) {
        if (is_own(specs.get()[i]->owner_type))
            properties.push_back(describe_property(specs.get()[i]));
    }
    return properties;
}

Json describe_signal(guint id) {
    GSignalQuery query = {};
    g_signal_query(id, &query);
    Json arguments = Json::array();
    for (guint i = 0; i < query.n_params; ++i)
        arguments.push_back(type_name(query.param_types[i] & ~G_SIGNAL_TYPE_STATIC_SCOPE));
    return {{"name", query.signal_name},
            {"arguments", arguments},
            {"returns", type_name(query.return_type & ~G_SIGNAL_TYPE_STATIC_SCOPE)},
            {"action", (query.signal_flags & G_SIGNAL_ACTION) != 0}};
}

Json describe_signals(GType element_type) {
    Json signals = Json::array();
    for (GType type = element_type; type != 0 && is_own(type); type = g_type_parent(type)) {
        guint count = 0;
        const std::unique_ptr<guint, GFree> ids(g_signal_list_ids(type, &count));
        for (guint i = 0; i < count; ++i)
            signals.push_back(describe_signal(ids.get()[i]));
    }
    return signals;
}

// Some elements have pads with properties of their own: template name -> properties.
Json describe_pads(GstElementClass* element_class) {
    Json pads = Json::object();
    for (GList* item = gst_element_class_get_pad_template_list(element_class); item;
         item = item->next) {
        auto* pad_template = GST_PAD_TEMPLATE(item->data);
        const GType type = GST_PAD_TEMPLATE_GTYPE(pad_template);
        if (type == G_TYPE_NONE || type == GST_TYPE_PAD)
            continue;
        const std::unique_ptr<void, UnrefClass> pad_class(g_type_class_ref(type));
        pads[GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template)] =
            describe_properties(static_cast<GObjectClass*>(pad_class.get()));
    }
    return pads;
}

bool describe(const char* factory_name) {
    const std::unique_ptr<GstElementFactory, Unref> listed(gst_element_factory_find(factory_name));
    const std::unique_ptr<GstPluginFeature, Unref> loaded(
        listed ? gst_plugin_feature_load(GST_PLUGIN_FEATURE(listed.get())) : nullptr);
    if (!loaded) {
        std::fprintf(stderr, "describe-element: there is no element %s\n", factory_name);
        return false;
    }
    const GType type = gst_element_factory_get_element_type(GST_ELEMENT_FACTORY(loaded.get()));
    const std::unique_ptr<void, UnrefClass> object_class(g_type_class_ref(type));
    const Json description = {
        {"factory", factory_name},
        {"properties", describe_properties(static_cast<GObjectClass*>(object_class.get()))},
        {"pads", describe_pads(static_cast<GstElementClass*>(object_class.get()))},
        {"signals", describe_signals(type)},
    };
    std::printf("%s\n", description.dump(2).c_str());
    return true;
}

} // namespace

int main(int argc, char** argv) {
    constexpr const char* kUsage = "usage: describe-element FACTORY\n";
    constexpr int kExitWrongInput = 2;
    if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
        std::fputs(kUsage, stdout);
        return EXIT_SUCCESS;
    }
    if (argc != 2 || argv[1][0] == '-') {
        std::fprintf(stderr, "describe-element: '%s' is not the name of one element\n%s",
                     argc > 1 ? argv[1] : "", kUsage);
        return kExitWrongInput;
    }
    gst_init(nullptr, nullptr);
    return describe(argv[1]) ? EXIT_SUCCESS : EXIT_FAILURE;
}
