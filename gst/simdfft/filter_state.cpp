// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/filter_state.h"

#include "core/stats/counter.h"
#include "glue/fast_clock.h"
#include "glue/read_map.h"
#include "glue/stats_fields.h"
#include "glue/write_map.h"
#include "simdfft/filter_debug.h"
#include "simdfft/silence.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace tactus {

namespace {

// Buffers that are made of silence alone.
constexpr std::size_t kSilentFrames = 4096;

} // namespace

std::size_t FilterFormat::sample_bytes() const {
    switch (sample) {
    case FilterSample::s16:
        return 2;
    case FilterSample::f64:
        return 8;
    case FilterSample::f32:
        break;
    }
    return 4;
}

FilterState::FilterState(GstBaseTransform* owner)
    : transform(owner), element(GST_ELEMENT_CAST(owner)) {}

// --- properties

bool FilterState::set_property(guint id, const GValue* value) {
    auto source = FilterSource::of_property(id, value);
    FilterChange change = FilterChange::response;
    {
        const std::lock_guard lock(mutex_);
        if (source != nullptr)
            source_.swap(source); // the old one goes without the lock
        else
            change = set_filter_property(settings_, id, value);
        if (change == FilterChange::unknown)
            return false;
        if (change == FilterChange::delay ||
            (change == FilterChange::response && settings_.drain_on_changes)) {
            anew_ = true;
            return true;
        }
    }
    if (change == FilterChange::response)
        publish();
    return true;
}

bool FilterState::get_property(guint id, GValue* value) const {
    if (id == kFilterStatsId) {
        g_value_take_boxed(value, stats());
        return true;
    }
    const Wishes now = wishes();
    return get_filter_property(now.settings, *now.source, id, value);
}

unsigned FilterState::out_channels() const {
    return wishes().settings.out_channels;
}

FilterState::Wishes FilterState::wishes() const {
    const std::lock_guard lock(mutex_);
    return {settings_, source_};
}

/// Those that are to be fulfilled now.
FilterState::Wishes FilterState::take_wishes() {
    const std::lock_guard lock(mutex_);
    anew_ = false;
    return {settings_, source_};
}

void FilterState::warn(const std::string& complaint) const {
    if (!complaint.empty())
        GST_ELEMENT_WARNING(element, RESOURCE, SETTINGS, ("%s", complaint.c_str()), (nullptr));
}

// --- the filter

std::shared_ptr<AudioFilter>
FilterState::make_filter(const FilterFormat& format, const Wishes& wishes, std::string& complaint) {
    FilterResponses responses = wishes.source->read(wishes.settings.kernel_channels);
    if (responses.rate_hz != 0 && responses.rate_hz != format.rate_hz)
        complaint = "kernel-file=" + wishes.source->file + " is for " +
                    std::to_string(responses.rate_hz) + " Hz, but the stream has " +
                    std::to_string(format.rate_hz) +
                    " Hz: the response is used as it is, at another pitch";
    const ConvolutionFilter filter = std::move(responses).filter(
        static_cast<std::size_t>(format.inputs), static_cast<std::size_t>(format.outputs));
    std::shared_ptr<AudioFilter> result =
        AudioFilter::create(wishes.settings.config(format.sample), filter);
    taps_ = filter.longest_taps();
    partitions_ = result->partitions();
    return result;
}

/// Returns the one before, so that it goes without the lock.
std::shared_ptr<AudioFilter> FilterState::replace_filter(std::shared_ptr<AudioFilter> next) {
    const std::lock_guard lock(mutex_);
    if (filter_ != nullptr)
        count(exchanges_before_, filter_->exchanges());
    filter_.swap(next);
    return next;
}

/// Gives the filter the newest response.
void FilterState::publish() {
    std::string complaint;
    try {
        const std::lock_guard making(making_mutex_);
        std::shared_ptr<AudioFilter> filter;
        FilterFormat format;
        Wishes newest;
        {
            const std::lock_guard lock(mutex_);
            filter = filter_;
            format = format_;
            newest = {settings_, source_};
        }
        if (filter == nullptr)
            return;
        const ConvolutionFilter next = newest.source->read(newest.settings.kernel_channels)
                                           .filter(static_cast<std::size_t>(format.inputs),
                                                   static_cast<std::size_t>(format.outputs));
        filter->publish(next);
        taps_ = next.longest_taps();
    } catch (const std::exception& error) {
        complaint = std::string(error.what()) + "; the response before stays";
    }
    warn(complaint);
}

// --- beginnings and ends

bool FilterState::start() {
    const Wishes now = wishes();
    try {
        now.source->read(now.settings.kernel_channels);
        return true;
    } catch (const std::exception& error) {
        GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("%s", error.what()), (nullptr));
        return false;
    }
}

void FilterState::stop() {
    flush();
    replace_filter(nullptr);
    anew_ = false;
    note_format({});
    warned_of_rest_ = false;
    pool_.clear();
    latency_ns_ = 0;
}

bool FilterState::set_format(const FilterFormat& format) {
    // Negotiated anew, with the same result.
    if (filter_ != nullptr && format == format_)
        return true;
    drain();
    replace_filter(nullptr);
    note_format(format);
    std::string complaint;
    Wishes wishes;
    try {
        const std::lock_guard making(making_mutex_);
        wishes = take_wishes();
        replace_filter(make_filter(format, wishes, complaint));
    } catch (const std::exception& error) {
        GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("%s", error.what()), (nullptr));
        return false;
    }
    timeline_ = FrameTimeline(static_cast<std::uint64_t>(format.rate_hz));
    warn(complaint);
    update_latency(wishes.settings);
    return true;
}

void FilterState::note_format(const FilterFormat& format) {
    const std::lock_guard lock(mutex_);
    format_ = format;
}

void FilterState::update_latency(const FilterSettings& settings) {
    const GstClockTime latency = timeline_.duration_ns(settings.latency());
    if (latency_ns_.exchange(latency) != latency)
        gst_element_post_message(element, gst_message_new_latency(GST_OBJECT_CAST(element)));
}

/// With the properties as they are now. A response that is wrong leaves all as it is.
void FilterState::begin_anew() {
    Wishes wishes;
    std::string complaint;
    try {
        const std::lock_guard making(making_mutex_);
        wishes = take_wishes();
        replace_filter(make_filter(format_, wishes, complaint));
    } catch (const std::exception& error) {
        warn(std::string(error.what()) + "; the response before stays");
        return;
    }
    count(exchanges_before_);
    warn(complaint);
    update_latency(wishes.settings);
}

void FilterState::flush() {
    if (filter_ != nullptr) {
        count(flushed_, filter_->pending_frames());
        filter_->reset();
    }
    timeline_.reset();
    frames_in_ = frames_out_ = 0;
    offset_ = GST_BUFFER_OFFSET_NONE;
    discont_ = true;
}

GstFlowReturn FilterState::drain() {
    const GstFlowReturn flow = filter_ != nullptr && frames_in_ > 0 ? push_rest() : GST_FLOW_OK;
    flush();
    return flow;
}

GstFlowReturn FilterState::push_rest() {
    std::uint64_t rest = filter_->pending_frames();
    if (wishes().settings.drain_tail)
        rest += taps_ - 1;
    GstFlowReturn flow = GST_FLOW_OK;
    const std::size_t block = filter_->block_frames();
    while (rest > 0 && flow == GST_FLOW_OK) {
        WriteMap map(pool_.acquire((kSilentFrames + block) * format_.frame_bytes_out()));
        std::size_t frames = 0;
        while (frames < std::min<std::uint64_t>(kSilentFrames, rest))
            frames += filter_->drain(map.data() + frames * format_.frame_bytes_out());
        BufferHandle buffer = map.take();
        frames = static_cast<std::size_t>(std::min<std::uint64_t>(frames, rest));
        rest -= frames;
        gst_buffer_set_size(buffer.get(), static_cast<gssize>(frames * format_.frame_bytes_out()));
        flow = gst_pad_push(transform->srcpad, stamped(std::move(buffer), frames).release());
    }
    return flow;
}

// --- data

GstFlowReturn FilterState::begin(GstBuffer* input) {
    const GstClockTime time = GST_BUFFER_PTS(input);
    // Played backwards, what comes next was before.
    const bool breaks =
        frames_in_ > 0 && (GST_BUFFER_IS_DISCONT(input) || transform->segment.rate < 0 ||
                           timeline_.breaks(frames_in_, time));
    GstFlowReturn flow = GST_FLOW_OK;
    if (breaks) {
        count(discontinuities_);
        GST_DEBUG_OBJECT(element, "discontinuity at %" GST_TIME_FORMAT, GST_TIME_ARGS(time));
        flow = drain();
    }
    if (anew_ && filter_ != nullptr) {
        flow = flow == GST_FLOW_OK ? drain() : flow;
        begin_anew();
    }
    return flow;
}

GstFlowReturn FilterState::filter(GstBuffer* input, GstBuffer** output) {
    const std::uint64_t begun_ns = FastClock::now_ns();
    const bool is_gap = GST_BUFFER_FLAG_IS_SET(input, GST_BUFFER_FLAG_GAP);
    const ReadMap map(input);
    if (!map.is_mapped()) {
        GST_ELEMENT_ERROR(element, RESOURCE, READ, ("A buffer of audio cannot be read."),
                          (nullptr));
        return GST_FLOW_ERROR;
    }
    const std::size_t frames = map.size() / format_.frame_bytes_in();
    if (map.size() % format_.frame_bytes_in() != 0)
        warn_of_rest(map.size());
    timeline_.note(frames_in_, GST_BUFFER_PTS(input));
    if (frames_in_ == 0)
        offset_ = GST_BUFFER_OFFSET(input);
    *output = run(is_gap ? nullptr : map.data(), frames).release();
    process_ns_.record(FastClock::now_ns() - begun_ns);
    return GST_FLOW_OK;
}

void FilterState::refuse(std::size_t bytes) {
    if (filter_ != nullptr)
        count(refused_, bytes / format_.frame_bytes_in());
}

/// A buffer of so many bytes, which are no whole frames.
void FilterState::warn_of_rest(std::size_t bytes) {
    count(rest_bytes_, bytes % format_.frame_bytes_in());
    if (std::exchange(warned_of_rest_, true))
        return;
    GST_ELEMENT_WARNING(element, STREAM, FORMAT,
                        ("A buffer of %" G_GSIZE_FORMAT " bytes, with %" G_GSIZE_FORMAT
                         " in a frame: the rest is left out.",
                         bytes, format_.frame_bytes_in()),
                        (nullptr));
}

/// `in` may be null, which means silence.
BufferHandle FilterState::run(const std::uint8_t* in, std::size_t frames) {
    const std::size_t made = filter_->output_frames(frames);
    WriteMap map;
    if (made > 0)
        map = WriteMap(pool_.acquire(made * format_.frame_bytes_out()));
    filter_->process(in, frames, map.data());
    BufferHandle buffer = map.take();
    frames_in_ += frames;
    count(total_in_, frames);
    count(silent_, in == nullptr ? frames : 0);
    return buffer != nullptr ? stamped(std::move(buffer), made) : nullptr;
}

BufferHandle FilterState::stamped(BufferHandle buffer, std::size_t frames) {
    GstBuffer* const b = buffer.get();
    const std::uint64_t end = frames_out_ + frames;
    GST_BUFFER_PTS(b) = timeline_.time_of(frames_out_);
    GST_BUFFER_DURATION(b) = timeline_.duration_ns(frames_out_, end);
    if (offset_ != GST_BUFFER_OFFSET_NONE) {
        GST_BUFFER_OFFSET(b) = offset_ + frames_out_;
        GST_BUFFER_OFFSET_END(b) = offset_ + end;
    }
    if (std::exchange(discont_, false))
        GST_BUFFER_FLAG_SET(b, GST_BUFFER_FLAG_DISCONT);
    frames_out_ = end;
    count(total_out_, frames);
    partitions_.store(filter_->partitions(), std::memory_order_relaxed);
    return buffer;
}

bool FilterState::fill_gap(GstEvent* gap) {
    if (filter_ == nullptr || frames_in_ == 0)
        return false;
    const std::optional<std::uint64_t> silence =
        silent_frames(gap, timeline_, frames_in_, static_cast<guint64>(format_.rate_hz));
    if (!silence)
        return false;
    in_pieces(*silence, kSilentFrames, [this](std::size_t frames) {
        BufferHandle buffer = run(nullptr, frames);
        return buffer == nullptr ? GST_FLOW_OK : gst_pad_push(transform->srcpad, buffer.release());
    });
    return true;
}

GstStructure* FilterState::stats() const {
    std::uint64_t exchanges = 0;
    {
        const std::lock_guard lock(mutex_); // of both, or an exchange of filters would come between
        exchanges = exchanges_before_ + (filter_ != nullptr ? filter_->exchanges() : 0);
    }
    GstStructure* const s = gst_structure_new_empty("simdfftfilter-stats");
    set_count(s, "frames-in", total_in_);
    set_count(s, "frames-out", total_out_);
    set_count(s, "frames-silent", silent_);
    set_count(s, "frames-flushed", flushed_);
    set_count(s, "frames-refused", refused_);
    set_count(s, "rest-bytes", rest_bytes_);
    set_count(s, "discontinuities", discontinuities_);
    set_count(s, "taps", taps_);
    set_count(s, "partitions", partitions_);
    set_count(s, "exchanges", exchanges);
    set_summary(s, "process-time", process_ns_.summary());
    return s;
}

} // namespace tactus
