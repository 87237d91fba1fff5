// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/shader_reflection.h"

#include <spirv_cross_c.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

namespace tactus {
namespace {

/// GLSL's names for SPIR-V's image formats, in SPIR-V's order from 1.
constexpr const char* kImageFormats[] = {"rgba32f",     "rgba16f",    "r32f",      "rgba8",
                                         "rgba8_snorm", "rg32f",      "rg16f",     "r11f_g11f_b10f",
                                         "r16f",        "rgba16",     "rgb10_a2",  "rg16",
                                         "rg8",         "r16",        "r8",        "rgba16_snorm",
                                         "rg16_snorm",  "rg8_snorm",  "r16_snorm", "r8_snorm",
                                         "rgba32i",     "rgba16i",    "rgba8i",    "r32i",
                                         "rg32i",       "rg16i",      "rg8i",      "r16i",
                                         "r8i",         "rgba32ui",   "rgba16ui",  "rgba8ui",
                                         "r32ui",       "rgb10_a2ui", "rg32ui",    "rg16ui",
                                         "rg8ui",       "r16ui",      "r8ui"};

struct ContextDeleter {
    void operator()(spvc_context context) const { spvc_context_destroy(context); }
};

ScalarType scalar_of(spvc_type type) {
    switch (spvc_type_get_basetype(type)) {
    case SPVC_BASETYPE_BOOLEAN:
        return ScalarType::boolean;
    case SPVC_BASETYPE_INT8:
        return ScalarType::i8;
    case SPVC_BASETYPE_UINT8:
        return ScalarType::u8;
    case SPVC_BASETYPE_INT16:
        return ScalarType::i16;
    case SPVC_BASETYPE_UINT16:
        return ScalarType::u16;
    case SPVC_BASETYPE_INT32:
        return ScalarType::i32;
    case SPVC_BASETYPE_UINT32:
        return ScalarType::u32;
    case SPVC_BASETYPE_INT64:
        return ScalarType::i64;
    case SPVC_BASETYPE_UINT64:
        return ScalarType::u64;
    case SPVC_BASETYPE_FP16:
        return ScalarType::f16;
    case SPVC_BASETYPE_FP32:
        return ScalarType::f32;
    case SPVC_BASETYPE_FP64:
        return ScalarType::f64;
    default:
        return ScalarType::other;
    }
}

/// Reads one module; the names are those of the issue at hand, not of SPIRV-Cross.
class Reader {
  public:
    explicit Reader(std::span<const std::uint32_t> spirv) {
        spvc_context context = nullptr;
        if (spvc_context_create(&context) != SPVC_SUCCESS)
            return;
        context_.reset(context);
        spvc_parsed_ir ir = nullptr;
        if (spvc_context_parse_spirv(context, spirv.data(), spirv.size(), &ir) != SPVC_SUCCESS)
            return;
        if (spvc_context_create_compiler(context, SPVC_BACKEND_NONE, ir,
                                         SPVC_CAPTURE_MODE_TAKE_OWNERSHIP,
                                         &compiler_) != SPVC_SUCCESS)
            compiler_ = nullptr;
    }

    bool ready() const { return compiler_ != nullptr; }
    std::string why() const {
        return context_ ? spvc_context_get_last_error_string(context_.get()) : "out of memory";
    }

    bool choose_entry(const std::string& wanted, ShaderReflection& result, GpuError& error);
    bool read(ShaderReflection& result);

  private:
    bool read_bindings(spvc_resources resources, spvc_resource_type type, BindingKind kind,
                       ShaderReflection& result);
    ShaderBinding read_binding(const spvc_reflected_resource& resource, BindingKind kind);
    void read_image(spvc_type type, ShaderBinding& binding);
    void read_access(const spvc_reflected_resource& resource, ShaderBinding& binding);
    bool read_push_constants(spvc_resources resources, ShaderReflection& result);
    void read_members(spvc_type block, const std::string& prefix, std::uint32_t offset_bytes,
                      std::vector<BlockMember>& members);
    BlockMember read_member(spvc_type block, unsigned index, spvc_type type);
    bool read_constants(ShaderReflection& result);
    void read_local_size(ShaderReflection& result);
    std::uint32_t array_length(spvc_type type);
    std::uint32_t block_size(spvc_type block);
    std::uint64_t constant_bits(spvc_constant constant, ScalarType type);

    std::unique_ptr<spvc_context_s, ContextDeleter> context_;
    spvc_compiler compiler_ = nullptr;
};

bool Reader::choose_entry(const std::string& wanted, ShaderReflection& result, GpuError& error) {
    const spvc_entry_point* points = nullptr;
    std::size_t count = 0;
    spvc_compiler_get_entry_points(compiler_, &points, &count);
    std::vector<std::string> names;
    for (std::size_t index = 0; index < count; ++index) {
        if (points[index].execution_model == SpvExecutionModelGLCompute)
            names.emplace_back(points[index].name);
    }
    if (names.empty()) {
        error = {GpuStatus::bad_input, "this is no compute shader: it has no entry point for one"};
        return false;
    }
    const std::string fallback = names.size() == 1 ? names.front() : "main";
    const auto found = std::find(names.begin(), names.end(), wanted.empty() ? fallback : wanted);
    if (found == names.end()) {
        std::string text = "there is no entry point \"" + (wanted.empty() ? fallback : wanted) +
                           "\"; the shader has:";
        for (const std::string& name : names)
            text += " \"" + name + "\"";
        error = {GpuStatus::bad_input, text};
        return false;
    }
    result.entry_point = *found;
    return spvc_compiler_set_entry_point(compiler_, found->c_str(), SpvExecutionModelGLCompute) ==
           SPVC_SUCCESS;
}

bool Reader::read(ShaderReflection& result) {
    spvc_set active = nullptr;
    spvc_resources resources = nullptr;
    if (spvc_compiler_get_active_interface_variables(compiler_, &active) != SPVC_SUCCESS ||
        spvc_compiler_create_shader_resources_for_active_variables(compiler_, &resources, active) !=
            SPVC_SUCCESS)
        return false;
    using Kind = BindingKind;
    const bool read =
        read_bindings(resources, SPVC_RESOURCE_TYPE_STORAGE_BUFFER, Kind::storage_buffer, result) &&
        read_bindings(resources, SPVC_RESOURCE_TYPE_UNIFORM_BUFFER, Kind::uniform_buffer, result) &&
        read_bindings(resources, SPVC_RESOURCE_TYPE_STORAGE_IMAGE, Kind::storage_image, result) &&
        read_bindings(resources, SPVC_RESOURCE_TYPE_SAMPLED_IMAGE, Kind::sampled_image, result) &&
        read_bindings(resources, SPVC_RESOURCE_TYPE_SEPARATE_IMAGE, Kind::other, result) &&
        read_bindings(resources, SPVC_RESOURCE_TYPE_SEPARATE_SAMPLERS, Kind::other, result) &&
        read_bindings(resources, SPVC_RESOURCE_TYPE_ACCELERATION_STRUCTURE, Kind::other, result) &&
        read_push_constants(resources, result) && read_constants(result);
    std::sort(result.bindings.begin(), result.bindings.end(),
              [](const ShaderBinding& left, const ShaderBinding& right) {
                  return std::pair(left.set, left.binding) < std::pair(right.set, right.binding);
              });
    return read;
}

bool Reader::read_bindings(spvc_resources resources, spvc_resource_type type, BindingKind kind,
                           ShaderReflection& result) {
    const spvc_reflected_resource* list = nullptr;
    std::size_t count = 0;
    if (spvc_resources_get_resource_list_for_type(resources, type, &list, &count) != SPVC_SUCCESS)
        return false;
    for (std::size_t index = 0; index < count; ++index)
        result.bindings.push_back(read_binding(list[index], kind));
    return true;
}

ShaderBinding Reader::read_binding(const spvc_reflected_resource& resource, BindingKind kind) {
    ShaderBinding binding;
    const char* const variable = spvc_compiler_get_name(compiler_, resource.id);
    binding.name = variable != nullptr && *variable != '\0' ? variable : resource.name;
    binding.set = spvc_compiler_get_decoration(compiler_, resource.id, SpvDecorationDescriptorSet);
    binding.binding = spvc_compiler_get_decoration(compiler_, resource.id, SpvDecorationBinding);
    binding.kind = kind;
    const spvc_type type = spvc_compiler_get_type_handle(compiler_, resource.type_id);
    const spvc_type base = spvc_compiler_get_type_handle(compiler_, resource.base_type_id);
    binding.array_length = array_length(type);
    if (kind == BindingKind::storage_buffer || kind == BindingKind::uniform_buffer) {
        const char* const block = spvc_compiler_get_name(compiler_, resource.base_type_id);
        binding.block_name = block != nullptr ? block : "";
        binding.block_size_bytes = block_size(base);
        read_members(base, "", 0, binding.members);
    } else if (kind != BindingKind::other) {
        read_image(base, binding);
    }
    read_access(resource, binding);
    return binding;
}

void Reader::read_image(spvc_type type, ShaderBinding& binding) {
    switch (spvc_type_get_image_dimension(type)) {
    case SpvDim1D:
        binding.dimensions = 1;
        break;
    case SpvDim2D:
        binding.dimensions = 2;
        break;
    case SpvDim3D:
        binding.dimensions = 3;
        break;
    default:
        binding.kind = BindingKind::other; // a cube or a buffer texture
    }
    binding.image_array = spvc_type_get_image_arrayed(type) != 0;
    if (spvc_type_get_image_multisampled(type) != 0)
        binding.kind = BindingKind::other;
    binding.image_type =
        scalar_of(spvc_compiler_get_type_handle(compiler_, spvc_type_get_image_sampled_type(type)));
    const auto format = static_cast<std::size_t>(spvc_type_get_image_storage_format(type));
    if (format >= 1 && format <= std::size(kImageFormats))
        binding.image_format = kImageFormats[format - 1];
}

void Reader::read_access(const spvc_reflected_resource& resource, ShaderBinding& binding) {
    if (binding.kind != BindingKind::storage_buffer && binding.kind != BindingKind::storage_image)
        return;
    binding.writes = spvc_compiler_has_decoration(compiler_, resource.id,
                                                  SpvDecorationNonWritable) == SPVC_FALSE;
    binding.reads = spvc_compiler_has_decoration(compiler_, resource.id,
                                                 SpvDecorationNonReadable) == SPVC_FALSE;
    if (binding.kind != BindingKind::storage_buffer)
        return;
    const SpvDecoration* decorations = nullptr;
    std::size_t count = 0;
    if (spvc_compiler_get_buffer_block_decorations(compiler_, resource.id, &decorations, &count) !=
        SPVC_SUCCESS)
        return;
    for (std::size_t index = 0; index < count; ++index) {
        binding.writes = binding.writes && decorations[index] != SpvDecorationNonWritable;
        binding.reads = binding.reads && decorations[index] != SpvDecorationNonReadable;
    }
}

bool Reader::read_push_constants(spvc_resources resources, ShaderReflection& result) {
    const spvc_reflected_resource* list = nullptr;
    std::size_t count = 0;
    if (spvc_resources_get_resource_list_for_type(resources, SPVC_RESOURCE_TYPE_PUSH_CONSTANT,
                                                  &list, &count) != SPVC_SUCCESS)
        return false;
    if (count == 0)
        return true;
    const spvc_type block = spvc_compiler_get_type_handle(compiler_, list[0].base_type_id);
    result.push_size_bytes = (block_size(block) + 3) / 4 * 4;
    const char* const name = spvc_compiler_get_name(compiler_, list[0].id);
    result.push_name = name != nullptr ? name : "";
    read_members(block, "", 0, result.push_members);
    return true;
}

void Reader::read_members(spvc_type block, const std::string& prefix, std::uint32_t offset_bytes,
                          std::vector<BlockMember>& members) {
    const spvc_type_id id = spvc_type_get_base_type_id(block);
    const unsigned count = spvc_type_get_num_member_types(block);
    for (unsigned index = 0; index < count; ++index) {
        const spvc_type type =
            spvc_compiler_get_type_handle(compiler_, spvc_type_get_member_type(block, index));
        const char* const name = spvc_compiler_get_member_name(compiler_, id, index);
        BlockMember member = read_member(block, index, type);
        member.name = prefix + (name != nullptr ? name : "");
        member.offset_bytes += offset_bytes;
        const bool array = spvc_type_get_num_array_dimensions(type) != 0;
        if (spvc_type_get_basetype(type) != SPVC_BASETYPE_STRUCT)
            members.push_back(std::move(member));
        else if (!array)
            read_members(type, member.name + ".", member.offset_bytes, members);
    }
}

BlockMember Reader::read_member(spvc_type block, unsigned index, spvc_type type) {
    BlockMember member;
    member.type = scalar_of(type);
    member.components = spvc_type_get_vector_size(type);
    member.columns = spvc_type_get_columns(type);
    member.array_length = array_length(type);
    unsigned value = 0;
    if (spvc_compiler_type_struct_member_offset(compiler_, block, index, &value) == SPVC_SUCCESS)
        member.offset_bytes = value;
    if (spvc_type_get_num_array_dimensions(type) > 0 &&
        spvc_compiler_type_struct_member_array_stride(compiler_, block, index, &value) ==
            SPVC_SUCCESS)
        member.array_stride_bytes = value;
    if (member.columns > 1 && spvc_compiler_type_struct_member_matrix_stride(
                                  compiler_, block, index, &value) == SPVC_SUCCESS)
        member.matrix_stride_bytes = value;
    return member;
}

std::uint32_t Reader::array_length(spvc_type type) {
    std::uint64_t length = 1;
    for (unsigned index = 0; index < spvc_type_get_num_array_dimensions(type); ++index) {
        const SpvId size = spvc_type_get_array_dimension(type, index);
        if (spvc_type_array_dimension_is_literal(type, index) != SPVC_FALSE)
            length *= size; // 0 for an array of open length
        else
            length *= spvc_constant_get_scalar_u32(
                spvc_compiler_get_constant_handle(compiler_, size), 0, 0);
        length = std::min<std::uint64_t>(length, UINT32_MAX);
    }
    return static_cast<std::uint32_t>(length);
}

std::uint32_t Reader::block_size(spvc_type block) {
    std::size_t size = 0;
    if (spvc_compiler_get_declared_struct_size(compiler_, block, &size) != SPVC_SUCCESS)
        return 0;
    return static_cast<std::uint32_t>(std::min<std::size_t>(size, UINT32_MAX));
}

std::uint64_t Reader::constant_bits(spvc_constant constant, ScalarType type) {
    switch (scalar_size_bytes(type)) {
    case 1:
        return spvc_constant_get_scalar_u8(constant, 0, 0) & 0xFFU;
    case 2:
        return spvc_constant_get_scalar_u16(constant, 0, 0) & 0xFFFFU;
    case 8:
        return std::bit_cast<std::uint64_t>(spvc_constant_get_scalar_fp64(constant, 0, 0));
    default:
        return spvc_constant_get_scalar_u32(constant, 0, 0);
    }
}

bool Reader::read_constants(ShaderReflection& result) {
    const spvc_specialization_constant* list = nullptr;
    std::size_t count = 0;
    if (spvc_compiler_get_specialization_constants(compiler_, &list, &count) != SPVC_SUCCESS)
        return false;
    for (std::size_t index = 0; index < count; ++index) {
        const spvc_constant constant = spvc_compiler_get_constant_handle(compiler_, list[index].id);
        const char* const name = spvc_compiler_get_name(compiler_, list[index].id);
        SpecConstant entry;
        entry.id = list[index].constant_id;
        entry.name = name != nullptr ? name : "";
        entry.type =
            scalar_of(spvc_compiler_get_type_handle(compiler_, spvc_constant_get_type(constant)));
        entry.default_bits = constant_bits(constant, entry.type);
        result.constants.push_back(std::move(entry));
    }
    read_local_size(result);
    return true;
}

void Reader::read_local_size(ShaderReflection& result) {
    for (unsigned axis = 0; axis < 3; ++axis) {
        result.local_size[axis] = spvc_compiler_get_execution_mode_argument_by_index(
            compiler_, SpvExecutionModeLocalSize, axis);
    }
    std::array<spvc_specialization_constant, 3> open{};
    spvc_compiler_get_work_group_size_specialization_constants(compiler_, open.data(), &open[1],
                                                               &open[2]);
    for (unsigned axis = 0; axis < 3; ++axis) {
        if (open[axis].id == 0)
            continue;
        result.local_size_ids[axis] = open[axis].constant_id;
        result.local_size[axis] = spvc_constant_get_scalar_u32(
            spvc_compiler_get_constant_handle(compiler_, open[axis].id), 0, 0);
    }
    for (std::uint32_t& size : result.local_size)
        size = std::max(size, 1U);
}

} // namespace

const char* binding_kind_name(BindingKind kind) {
    switch (kind) {
    case BindingKind::storage_buffer:
        return "storage-buffer";
    case BindingKind::uniform_buffer:
        return "uniform-buffer";
    case BindingKind::storage_image:
        return "storage-image";
    case BindingKind::sampled_image:
        return "sampled-image";
    case BindingKind::other:
        break;
    }
    return "other";
}

std::uint32_t scalar_size_bytes(ScalarType type) {
    switch (type) {
    case ScalarType::i8:
    case ScalarType::u8:
        return 1;
    case ScalarType::f16:
    case ScalarType::i16:
    case ScalarType::u16:
        return 2;
    case ScalarType::f64:
    case ScalarType::i64:
    case ScalarType::u64:
        return 8;
    default:
        return 4;
    }
}

std::optional<ShaderReflection> reflect_shader(std::span<const std::uint32_t> spirv,
                                               const std::string& entry_point, GpuError& error) {
    Reader reader(spirv);
    ShaderReflection result;
    if (!reader.ready()) {
        error = {GpuStatus::bad_input, "the SPIR-V cannot be read: " + reader.why()};
        return std::nullopt;
    }
    error = {};
    if (!reader.choose_entry(entry_point, result, error)) {
        if (error.status == GpuStatus::ok)
            error = {GpuStatus::bad_input, "the SPIR-V cannot be read: " + reader.why()};
        return std::nullopt;
    }
    if (!reader.read(result)) {
        error = {GpuStatus::bad_input, "the SPIR-V cannot be read: " + reader.why()};
        return std::nullopt;
    }
    return result;
}

} // namespace tactus
