// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/settings.h"

#include "core/vulkan/shader_convention.h"
#include "glue/properties.h"
#include "glue/setting_value.h"

#include <cstdio>

namespace tactus {

namespace {

using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;

constexpr PropertySpec row(const char* name, const char* nick, Kind kind, Access access,
                           const char* blurb) {
    PropertySpec spec{name, nick, blurb, kind, access};
    return spec;
}

constexpr PropertySpec flag(const char* name, const char* nick, const char* blurb,
                            Access access = Access::ready, bool value = false) {
    PropertySpec spec = row(name, nick, Kind::boolean, access, blurb);
    spec.default_value = value ? 1 : 0;
    return spec;
}

constexpr PropertySpec text(const char* name, const char* nick, const char* blurb,
                            const char* value = nullptr, Access access = Access::ready) {
    PropertySpec spec = row(name, nick, Kind::string, access, blurb);
    spec.default_text = value;
    return spec;
}

constexpr PropertySpec number(const char* name, const char* nick, Kind kind, std::uint64_t value,
                              std::uint64_t least, std::uint64_t most, const char* blurb) {
    PropertySpec spec = row(name, nick, kind, Access::ready, blurb);
    spec.default_value = value;
    spec.minimum = least;
    spec.maximum = most;
    return spec;
}

constexpr PropertySpec control(const char* name, const char* nick) {
    PropertySpec spec =
        row(name, nick, Kind::real, Access::playing,
            "Value of one of the shader's uniforms that are a single float: u0 is the first "
            "that is declared, u1 the second; wins over uniforms once it is set");
    spec.real_minimum = -G_MAXDOUBLE;
    spec.real_maximum = G_MAXDOUBLE;
    spec.controllable = true;
    return spec;
}

constexpr std::array kTable = {
    text(
        "shader", "Shader",
        "The compute shader: a GLSL or SPIR-V file, the name of one of the library (invert, say), "
        "or GLSL text; exchanged with the next frame while frames flow; one that cannot be used is "
        "a warning then, and the old one goes on",
        nullptr, Access::playing),
    row("passes", "Passes", Kind::string_array, Access::playing,
        "Shaders to run after that of the property shader, each on what the one before made; may "
        "be exchanged as that may"),
    text("entry-point", "Entry point",
         "The function to run, for SPIR-V with several (default: the "
         "only one, or main)",
         nullptr, Access::playing),
    flag("reload", "Reload",
         "Watch the files that shader and passes name, also if they could not be used: a good edit "
         "takes effect, a broken one is a warning"),
    row("uniforms", "Uniforms", Kind::structure, Access::playing,
        "Values for the shader's uniforms by name: numbers, or arrays of numbers for vectors"),
    row("constants", "Constants", Kind::structure, Access::ready,
        "Values for the shader's specialization constants by name"),
    text(
        "workgroup", "Work group",
        "Size of the work groups, such as 16x8, for shaders that leave it open; auto: what was the "
        "fastest on the device, measured before the first frame and remembered",
        "auto"),
    number("history", "History", Kind::uint, 0, 0, convention::kMostHistory,
           "How many earlier frames shaders get to see (0 = as many as they look at)"),
    text("extra-input", "Extra input",
         "A file that the shader gets: its bytes as a buffer (a table), or a PNG image"),
    row("out-caps", "Output caps", Kind::caps, Access::ready,
        "Format, width, height and pixel-aspect-ratio of what comes out, as far as they are given; "
        "other fields have to be met; of several structures the first counts (default: as what "
        "goes in, what the shader makes, or what "
        "downstream asks of a shader that scales)"),
    text("device", "Device", "Index, UUID or part of the name of the device (default: the best)"),
    number("in-flight", "In flight", Kind::uint, 3, 1, 16,
           "How many frames may be on the GPU at the same time"),
    text(
        "pipeline-cache", "Pipeline cache",
        "File that keeps compiled pipelines, and with .spirv behind its name compiled GLSL; empty: "
        "none (default: one for each device under $XDG_CACHE_HOME/gst-tactus)"),
    [] {
        PropertySpec spec = row(
            "device-memory", "Device memory", Kind::enumeration, Access::ready,
            "Whether shaders work on copies in the device's own memory (auto: what proves to be "
            "faster)");
        spec.enum_type = device_memory_get_type;
        return spec;
    }(),
    flag("post-results", "Post results", "Post what the shader counted as an element message too",
         Access::playing),
    flag("validation", "Validation",
         "Let VK_LAYER_KHRONOS_validation watch, and count what it says"),
    number("gpu-timeout", "GPU time-out", Kind::uint64, 10 * GST_SECOND, GST_MSECOND, G_MAXINT64,
           "The most time that a frame may take on the GPU, in ns; after it the frame is lost, and "
           "the device is made anew"),
    flag("qos", "QoS",
         "Skip video frames that would come too late, as downstream's QoS events say, and post QoS "
         "messages about it",
         Access::playing, true),
    [] {
        PropertySpec spec =
            row("stats", "Statistics", Kind::structure, Access::read_only,
                "Frames, the memory path and its reason, reloads; GPU time, residence time "
                "and blocked time P50/P99/P99.9/max in ns");
        return spec;
    }(),
    control("u0", "Uniform 0"),
    control("u1", "Uniform 1"),
    control("u2", "Uniform 2"),
    control("u3", "Uniform 3"),
    control("u4", "Uniform 4"),
    control("u5", "Uniform 5"),
    control("u6", "Uniform 6"),
    control("u7", "Uniform 7"),
};
static_assert(kTable.size() == kFirstControlId + VkComputeSettings::kControls - 1);

const GEnumValue kDeviceMemoryValues[] = {
    {static_cast<gint>(DeviceMemory::automatic), "What proves to be faster", "auto"},
    {static_cast<gint>(DeviceMemory::no), "Shaders work in the frames", "no"},
    {static_cast<gint>(DeviceMemory::yes), "Frames are copied to the device and back", "yes"},
    {0, nullptr, nullptr},
};

std::string text_in(const GValue* value) {
    const gchar* text = g_value_get_string(value);
    return text != nullptr ? text : "";
}

std::vector<std::string> texts_in(const GValue* value) {
    std::vector<std::string> texts;
    for (guint i = 0; i < gst_value_array_get_size(value); ++i)
        texts.push_back(text_in(gst_value_array_get_value(value, i)));
    return texts;
}

void put_texts(const std::vector<std::string>& texts, GValue* value) {
    for (const std::string& text : texts) {
        GValue item = G_VALUE_INIT;
        g_value_init(&item, G_TYPE_STRING);
        g_value_set_string(&item, text.c_str());
        gst_value_array_append_and_take_value(value, &item);
    }
}

StructureHandle copy_of(const GValue* value) {
    const GstStructure* structure = gst_value_get_structure(value);
    return StructureHandle(structure != nullptr ? gst_structure_copy(structure) : nullptr);
}

std::string* text_setting(VkComputeSettings& s, guint id) {
    switch (id) {
    case kShaderId:
        return &s.shader;
    case kEntryPointId:
        return &s.entry_point;
    case kWorkgroupId:
        return &s.workgroup;
    case kExtraInputId:
        return &s.extra_input;
    case kDeviceId:
        return &s.device;
    default:
        return nullptr;
    }
}

bool set_control(VkComputeSettings& s, guint id, const GValue* value) {
    const std::size_t index = id - kFirstControlId;
    if (id < kFirstControlId || index >= s.controls.size())
        return false;
    s.controls[index] = g_value_get_double(value);
    s.control_set[index] = true;
    return true;
}

std::optional<double> number_in(const GValue* value) {
    GValue number = G_VALUE_INIT;
    g_value_init(&number, G_TYPE_DOUBLE);
    std::optional<double> result;
    if (G_VALUE_HOLDS_BOOLEAN(value))
        result = g_value_get_boolean(value) ? 1.0 : 0.0;
    else if (!G_VALUE_HOLDS_STRING(value) && g_value_transform(value, &number))
        result = g_value_get_double(&number);
    g_value_unset(&number);
    return result;
}

std::optional<std::vector<double>> numbers_in(const GValue* value) {
    const bool is_array = GST_VALUE_HOLDS_ARRAY(value);
    if (!is_array && !GST_VALUE_HOLDS_LIST(value)) {
        const auto number = number_in(value);
        return number ? std::optional(std::vector{*number}) : std::nullopt;
    }
    std::vector<double> numbers;
    const guint size = is_array ? gst_value_array_get_size(value) : gst_value_list_get_size(value);
    for (guint i = 0; i < size; ++i) {
        const auto number = number_in(is_array ? gst_value_array_get_value(value, i)
                                               : gst_value_list_get_value(value, i));
        if (!number)
            return std::nullopt;
        numbers.push_back(*number);
    }
    return numbers;
}

/// Hands the setting to `visit` if it is a number, a truth or an enum.
template <typename Settings, typename Visit>
bool with_plain_setting(Settings& s, guint id, Visit visit) {
    switch (id) {
    case kReloadId:
        visit(s.reload);
        return true;
    case kHistoryId:
        visit(s.history);
        return true;
    case kInFlightId:
        visit(s.in_flight);
        return true;
    case kDeviceMemoryId:
        visit(s.device_memory);
        return true;
    case kPostResultsId:
        visit(s.post_results);
        return true;
    case kValidationId:
        visit(s.validation);
        return true;
    case kQosId:
        visit(s.qos);
        return true;
    case kGpuTimeoutId:
        visit(s.gpu_timeout_ns);
        return true;
    default:
        return false;
    }
}

} // namespace

GType device_memory_get_type() {
    static const GType type =
        g_enum_register_static("GstVkComputeDeviceMemory", kDeviceMemoryValues);
    return type;
}

void install_vkcompute_properties(GObjectClass* klass) {
    install_properties(klass, kTable);
}

bool set_setting(VkComputeSettings& s, guint id, const GValue* value) {
    if (with_plain_setting(s, id, [&](auto& setting) { take_setting(setting, value); }))
        return true;
    if (std::string* text = text_setting(s, id)) {
        *text = text_in(value);
        return true;
    }
    switch (id) {
    case kPassesId:
        s.passes = texts_in(value);
        return true;
    case kUniformsId:
        s.uniforms = copy_of(value);
        return true;
    case kConstantsId:
        s.constants = copy_of(value);
        return true;
    case kOutCapsId: {
        const GstCaps* caps = gst_value_get_caps(value);
        s.out_caps.reset(caps != nullptr ? gst_caps_copy(caps) : nullptr);
        return true;
    }
    case kPipelineCacheId:
        s.pipeline_cache.reset();
        if (g_value_get_string(value) != nullptr)
            s.pipeline_cache = text_in(value);
        return true;
    default:
        return set_control(s, id, value);
    }
}

bool get_setting(const VkComputeSettings& s, guint id, GValue* value) {
    if (with_plain_setting(s, id, [&](const auto& setting) { give_setting(setting, value); }))
        return true;
    if (const std::string* text = text_setting(const_cast<VkComputeSettings&>(s), id)) {
        g_value_set_string(value, text->empty() ? nullptr : text->c_str());
        return true;
    }
    switch (id) {
    case kPassesId:
        put_texts(s.passes, value);
        return true;
    case kUniformsId:
        gst_value_set_structure(value, s.uniforms.get());
        return true;
    case kConstantsId:
        gst_value_set_structure(value, s.constants.get());
        return true;
    case kOutCapsId:
        gst_value_set_caps(value, s.out_caps.get());
        return true;
    case kPipelineCacheId:
        g_value_set_string(value, s.pipeline_cache ? s.pipeline_cache->c_str() : nullptr);
        return true;
    default:
        break;
    }
    if (id < kFirstControlId || id - kFirstControlId >= s.controls.size())
        return false;
    g_value_set_double(value, s.controls[id - kFirstControlId]);
    return true;
}

bool concerns_shaders(guint id) {
    return id == kShaderId || id == kPassesId || id == kEntryPointId;
}

UniformValues numbers_of(const GstStructure* structure, std::vector<std::string>& problems) {
    UniformValues values;
    const gint count = structure != nullptr ? gst_structure_n_fields(structure) : 0;
    for (gint i = 0; i < count; ++i) {
        const gchar* name = gst_structure_nth_field_name(structure, static_cast<guint>(i));
        auto numbers = numbers_in(gst_structure_get_value(structure, name));
        if (numbers)
            values[name] = std::move(*numbers);
        else
            problems.push_back(std::string(name) + " is neither a number nor an array of numbers");
    }
    return values;
}

std::optional<std::array<std::uint32_t, 2>> parse_workgroup(const std::string& text) {
    if (text.empty() || text == "auto")
        return std::array<std::uint32_t, 2>{0, 0};
    unsigned x = 0;
    unsigned y = 1;
    char rest = 0;
    const int found = std::sscanf(text.c_str(), "%5ux%5u%c", &x, &y, &rest);
    if ((found != 1 && found != 2) || x == 0 || y == 0 ||
        text.find_first_not_of("0123456789x") != std::string::npos)
        return std::nullopt;
    return std::array<std::uint32_t, 2>{x, y};
}

} // namespace tactus
