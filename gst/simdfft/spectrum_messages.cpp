// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/spectrum_messages.h"

#include "glue/handles.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::size_t kMostKeptValues = 1 << 18; // of 24 bytes each

/// Values of a spectrum by its number: magnitudes or phases.
using Values = std::span<const float> (SpectrumMeter::*)(std::size_t) const;

GstStructure* structure_of(GstMessage* message) {
    // The message is the caller's alone, so that it may be written to.
    return const_cast<GstStructure*>(gst_message_get_structure(message));
}

void set_times(GstStructure* structure, const SpectrumTimes& times) {
    // What it was before there were the other times.
    const GstClockTime endtime = GST_CLOCK_TIME_IS_VALID(times.stream_time)
                                     ? times.stream_time + times.duration
                                     : GST_CLOCK_TIME_NONE;
    gst_structure_set(structure, "endtime", GST_TYPE_CLOCK_TIME, endtime, "timestamp",
                      G_TYPE_UINT64, times.timestamp, "stream-time", G_TYPE_UINT64,
                      times.stream_time, "running-time", G_TYPE_UINT64, times.running_time,
                      "duration", G_TYPE_UINT64, times.duration, nullptr);
}

void append(GValue* list, bool is_array, std::span<const float> values) {
    GValue prototype = G_VALUE_INIT;
    g_value_init(&prototype, G_TYPE_FLOAT);
    for (const float value : values) {
        GValue item = prototype;
        g_value_set_float(&item, value);
        if (is_array)
            gst_value_array_append_and_take_value(list, &item);
        else
            gst_value_list_append_and_take_value(list, &item);
    }
}

void add_lists(GstStructure* structure, const char* field, const MessageShape& shape,
               const SpectrumMeter& meter, Values values) {
    GValue outer = G_VALUE_INIT;
    if (!shape.multi_channel) {
        gst_value_list_init(&outer, static_cast<guint>(shape.bands));
        append(&outer, false, (meter.*values)(0));
    } else {
        gst_value_array_init(&outer, static_cast<guint>(shape.spectra));
        for (std::size_t s = 0; s < shape.spectra; ++s) {
            GValue inner = G_VALUE_INIT;
            gst_value_array_init(&inner, static_cast<guint>(shape.bands));
            append(&inner, true, (meter.*values)(s));
            gst_value_array_append_and_take_value(&outer, &inner);
        }
    }
    gst_structure_take_value(structure, field, &outer);
}

void add_bytes(GstStructure* structure, const char* field, const MessageShape& shape,
               const SpectrumMeter& meter, Values values) {
    // The spectra lie behind each other.
    const std::span<const float> first = (meter.*values)(0);
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_BYTES);
    g_value_take_boxed(&value,
                       g_bytes_new(first.data(), shape.spectra * first.size() * sizeof(float)));
    gst_structure_take_value(structure, field, &value);
}

void add_values(GstStructure* structure, const MessageShape& shape, const SpectrumMeter& meter) {
    const auto add = shape.format == MessageFormat::bytes ? add_bytes : add_lists;
    if (shape.magnitudes)
        add(structure, "magnitude", shape, meter, &SpectrumMeter::magnitudes);
    if (shape.phases)
        add(structure, "phase", shape, meter, &SpectrumMeter::phases);
}

/// The first of `count` floats that lie behind each other, or null if they do not.
template <typename Get>
GValue* first_of_row(const GValue* list, std::size_t count, Get get) {
    const GValue* const first = get(list, 0);
    for (std::size_t i = 1; i < count; ++i) {
        if (get(list, static_cast<guint>(i)) != first + i)
            return nullptr;
    }
    return const_cast<GValue*>(first);
}

std::vector<GValue*> rows_of(const GstStructure* structure, const char* field,
                             const MessageShape& shape, bool has_it) {
    if (!has_it)
        return {};
    const GValue* const outer = gst_structure_get_value(structure, field);
    if (!shape.multi_channel)
        return {first_of_row(outer, shape.bands, gst_value_list_get_value)};
    std::vector<GValue*> rows;
    for (std::size_t s = 0; s < shape.spectra; ++s)
        rows.push_back(first_of_row(gst_value_array_get_value(outer, static_cast<guint>(s)),
                                    shape.bands, gst_value_array_get_value));
    return rows;
}

bool are_known(const std::vector<GValue*>& rows) {
    for (const GValue* row : rows) {
        if (row == nullptr)
            return false;
    }
    return true;
}

void fill(const std::vector<GValue*>& rows, const SpectrumMeter& meter, Values values) {
    for (std::size_t s = 0; s < rows.size(); ++s) {
        GValue* item = rows[s];
        for (const float value : (meter.*values)(s))
            (item++)->data[0].v_float = value;
    }
}

} // namespace

void SpectrumMessages::clear() {
    for (Kept& kept : kept_) {
        g_clear_pointer(&kept.message, gst_message_unref);
        kept = {};
    }
}

GstMessage* SpectrumMessages::make(GstElement* element, const MessageShape& shape,
                                   const SpectrumTimes& times, const SpectrumMeter& meter) {
    if (kept_shape_ != shape) {
        clear();
        kept_shape_ = shape;
    }
    Kept& kept = slot();
    if (kept.message != nullptr && gst_message_is_writable(kept.message)) {
        GstStructure* const structure = structure_of(kept.message);
        set_times(structure, times);
        if (shape.format == MessageFormat::bytes) {
            add_values(structure, shape, meter);
        } else {
            fill(kept.magnitudes, meter, &SpectrumMeter::magnitudes);
            fill(kept.phases, meter, &SpectrumMeter::phases);
        }
        gst_message_set_seqnum(kept.message, gst_util_seqnum_next());
        return gst_message_ref(kept.message);
    }

    GstStructure* const structure = gst_structure_new_empty("spectrum");
    set_times(structure, times);
    add_values(structure, shape, meter);
    MessageHandle message(gst_message_new_element(GST_OBJECT_CAST(element), structure));
    keep(kept, message.get());
    return message.release();
}

void SpectrumMessages::keep(Kept& kept, GstMessage* message) {
    g_clear_pointer(&kept.message, gst_message_unref);
    if (kept_shape_.format == MessageFormat::bytes) {
        kept.message = gst_message_ref(message);
        return;
    }
    const GstStructure* const structure = gst_message_get_structure(message);
    kept.magnitudes = rows_of(structure, "magnitude", kept_shape_, kept_shape_.magnitudes);
    kept.phases = rows_of(structure, "phase", kept_shape_, kept_shape_.phases);
    if (are_known(kept.magnitudes) && are_known(kept.phases))
        kept.message = gst_message_ref(message);
}

SpectrumMessages::Kept& SpectrumMessages::slot() {
    const std::size_t values = kept_shape_.bands * kept_shape_.spectra;
    const std::size_t slots = std::clamp<std::size_t>(kMostKeptValues / values, 1, kept_.size());
    for (std::size_t i = 0; i < slots; ++i) {
        if (kept_[i].message == nullptr || gst_message_is_writable(kept_[i].message))
            return kept_[i];
    }
    next_ = (next_ + 1) % slots;
    return kept_[next_];
}

} // namespace tactus
