// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/stats/log_linear_histogram.h"
#include "core/vulkan/frame_program.h"
#include "core/vulkan/memory_path.h"
#include "core/vulkan/rebuild_limit.h"
#include "core/vulkan/spirv_cache.h"
#include "core/vulkan/submission_ring.h"
#include "core/vulkan/workgroup_trial.h"
#include "glue/handles.h"
#include "glue/qos_watch.h"
#include "glue/told_fault.h"
#include "vkcompute/caps_rules.h"
#include "vkcompute/extra_input.h"
#include "vkcompute/media_format.h"
#include "vkcompute/memory_route.h"
#include "vkcompute/output_pool.h"
#include "vkcompute/push_times.h"
#include "vkcompute/settings.h"
#include "vkcompute/shader_source.h"
#include "vkcompute/shader_watch.h"
#include "vkcompute/shared_vulkan.h"

#include <gst/gst.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// A program with the numbers of its unused contexts. A context stays in use until the results of
/// its job were read, so there is one more than slots in the ring.
struct ActiveProgram {
    std::shared_ptr<FrameProgram> program;
    FrameLayout layout; ///< that it was made for
    // guarded by the state's lock
    std::vector<unsigned> free;
    std::size_t contexts = 0; ///< that there are
    MemoryPathTrial trial{true};
    std::string workgroup_reason;
    // the streaming thread's own
    std::vector<WorkgroupSize> workgroups; ///< that it was made with, one for each shader
    bool is_untried = false;               ///< its work groups are to be measured with a frame
};

/// What GStreamer's threads share of one vkcompute.
///
/// Threads: the sink pad's streaming thread (`chain`, `sink_event`, serialized queries), the task
/// of the source pad (`loop`), a thread that watches files, and the application's. `mutex` guards
/// what they share; no lock is held while something is pushed, posted or waited for on the GPU. The
/// streaming thread submits, the task collects.
class VkComputeState {
  public:
    explicit VkComputeState(GstElement* the_element);
    ~VkComputeState();
    VkComputeState(const VkComputeState&) = delete;
    VkComputeState& operator=(const VkComputeState&) = delete;

    // state changes
    bool open();
    void close();
    bool start();
    void stop();

    // sink half
    GstFlowReturn chain(GstBuffer* buffer);
    gboolean sink_event(GstEvent* event);
    gboolean sink_query(GstQuery* query);

    // source half
    gboolean src_activate(bool active);
    gboolean src_event(GstEvent* event);
    gboolean src_query(GstQuery* query);
    void loop();

    bool set_property(guint id, const GValue* value);
    bool get_property(guint id, GValue* value);

    GstElement* element;
    GstPad* sink_pad = nullptr;
    GstPad* src_pad = nullptr;

  private:
    /// A frame on its way, or an event in its place between them.
    struct Item {
        EventHandle event;
        BufferHandle buffer;                    ///< to be pushed
        std::shared_ptr<ActiveProgram> program; ///< null: nothing is done to the buffer
        unsigned context = 0;
        unsigned slot = 0;
        MemoryPath path = MemoryPath::direct;
        std::uint64_t arrived_ns = 0;
        std::uint64_t held_before_ns = 0; ///< push_times at its arrival
        std::uint64_t gpu_ns = 0;
        std::shared_ptr<GpuBuffer> staged; ///< what was made, still to be copied to the buffer
        bool after_loss = false;           ///< a frame is missing before it
    };

    // making ready
    bool open_device();
    std::shared_ptr<VulkanDevice> go_over_to(std::shared_ptr<VulkanDevice> next);
    void begin_pool();
    bool make_ring();
    bool try_make_ring(GpuError& error);
    ShaderSet named_shaders();
    bool read_shaders(std::vector<std::string>& files);
    bool take_shaders();
    bool fit_to_device(GpuError& error);
    void warm_caches();
    void store_caches();
    void warm_shader_cache(const std::string& path);
    void store_shader_cache(const std::string& path);
    std::string cache_path() const;
    bool read_extra();
    bool configure(GstCaps* caps);
    bool take_caps(GstCaps* caps);
    void forget_caps();
    void drop_program();
    GstFlowReturn make_ready(const FrameLayout& layout, bool goes_on);
    GstFlowReturn set_up(const FrameLayout& layout);
    GstFlowReturn announce(const FrameLayout& layout);
    std::string objection_to(const GstCaps* made) const;
    GstFlowReturn tell_program(const std::string& text);
    FrameProgram::Settings program_settings(const FrameLayout& layout, const ShaderSet& set,
                                            GpuError& error);
    std::shared_ptr<ActiveProgram> make_program(const FrameLayout& layout, const ShaderSet& set,
                                                GpuError& error);
    std::shared_ptr<ActiveProgram> finish_program(FrameProgram::Settings wanted, GpuError& error);
    void use_program(std::shared_ptr<ActiveProgram> next, ShaderSet* others = nullptr);
    void warn_of_fields(const FrameProgram& program);
    bool read_out_caps(FrameProgram::Settings& wanted, GpuError& error) const;
    FrameShape choose_shape(const FrameLayout& layout);
    PixelFormat made_format() const;
    CapsHandle made_caps(const FrameLayout& made) const;
    void start_watching(const std::vector<std::string>& files);
    bool read_changed(std::vector<std::string>& files, std::string& why);
    void keep_shader(const std::string& why);
    void read_named();
    void read_once_more();
    void offer_rescue();
    bool is_exchange_due() const;
    void take_reload();
    GstFlowReturn bring_up_to_date(const FrameLayout& layout);
    void apply_uniforms();

    // sizes of work groups
    void choose_workgroups(FrameProgram::Settings& wanted, ActiveProgram& made);
    bool try_workgroups(GstBuffer* buffer, const FrameLayout& layout);
    void take_workgroups(FrameProgram::Settings wanted, const WorkgroupTrial::Outcome& outcome);
    void warm_workgroups(const std::string& path);
    void store_workgroups(const std::string& path);

    GstFlowReturn reopen();
    GstFlowReturn renew(const FrameLayout& layout);

    // what it takes and makes
    /// How frames that come out may differ from those that go in.
    struct Change {
        bool size = false;
        bool format = false;
    };
    Change caps_change() const;
    bool are_shaders_open() const;
    static GstCaps* without(GstCaps* caps, Change change);
    GstCaps* possible_caps(bool output) const;
    bool scales() const;
    static bool any_scales(const std::vector<std::shared_ptr<const Shader>>& shaders);
    void explain_misfit();
    CapsHandle acceptable_caps(bool from_sink, GstCaps* filter) const;
    void answer_caps(GstPad* pad, GstQuery* query);
    gboolean accept_caps(GstQuery* query);
    bool propose_allocation(GstQuery* query);

    // frames in Vulkan images
    static bool is_plain(const VulkanDevice& device);
    bool passes_frames() const;
    GstCaps* with_images(GstCaps* caps) const;
    bool choose_memory();
    bool use_device(bool of_neighbours);
    std::shared_ptr<VulkanDevice> take_device(bool of_neighbours, GpuError& error);
    GpuFrame image_frame(GstBuffer* buffer, const FrameLayout& layout, GpuError& error);
    void note_images(GstBuffer* in, GstBuffer* out);

    // one frame
    GstFlowReturn take(BufferHandle buffer);
    bool skips_late(GstBuffer* buffer);
    GstFlowReturn adapt_to(const FrameLayout& layout);
    FrameLayout program_layout(const FrameLayout& frame) const;
    GstFlowReturn process(BufferHandle buffer, const FrameLayout& layout, std::uint64_t arrived_ns);
    GpuStatus place(GstBuffer* buffer, const FrameLayout& layout, Item& item,
                    FrameProgram::Frame& frame, GpuError& error);
    GpuStatus place_output(const FrameLayout& layout, Item& item, FrameProgram::Frame& frame,
                           GpuError& error);
    GpuStatus run(Item& item, const FrameProgram::Frame& frame, GpuError& error);
    bool take_slot(Item& item);
    void keep_last_resort(const FrameLayout& layout);
    bool make_do_with_less();
    MemoryPath choose_path(ActiveProgram& program) const;
    GstFlowReturn enqueue(Item item);
    void enqueue_event(EventHandle event);
    GstFlowReturn explain(GpuStatus status, const GpuError& error);
    template <typename Result, typename Body>
    Result told_once(Result refused, Body body);

    // the task
    std::optional<Item> next_item();
    void push_frame(Item item);
    bool collect(Item& item);
    void warn_of_timeout(std::uint64_t most_ns);
    void attach_results(Item& item, const JobResult& result);
    void set_flow(GstFlowReturn result);
    void note_residence(const Item& item);

    // flushes and stops
    void begin_flush(EventHandle event);
    gboolean end_flush(EventHandle event);
    void drain_queue();
    GstFlowReturn wait_until_idle();
    gboolean start_task();

    GstStructure* stats();

    mutable std::mutex mutex;
    std::condition_variable changed;
    VkComputeSettings settings;
    bool uniforms_changed = false;
    bool shaders_changed = true;
    bool exchange_due = false; ///< the properties name shaders that were not read yet
    bool caps_refused = false; ///< the last ones, and another shader may be a rescue
    std::deque<Item> queue;
    bool busy = false;                      ///< the task has an item in its hands
    GstFlowReturn flow = GST_FLOW_FLUSHING; ///< other than OK: nothing is taken or pushed any more
    std::shared_ptr<VulkanDevice> device;
    std::shared_ptr<SubmissionRing> ring;
    std::shared_ptr<HostFrames>
        host_frames;                       ///< that the pools take; changed by the streaming thread
    std::shared_ptr<ActiveProgram> active; ///< null with caps: one is made before the next frame
    ShaderSet shader_set;
    unsigned most_in_flight = 0;       ///< less than the property says where memory is short
    std::optional<ShaderSet> reloaded; ///< to be taken over with the next frame
    std::string cache_note = "none";   ///< what became of the pipeline cache
    std::string shader_cache_note = "none";
    std::string output_note = "none"; ///< why what comes out is where it is
    SpirvCache spirv_cache;           ///< locks itself

    // the streaming thread's own
    CapsHandle in_caps;  ///< that are in force
    CapsHandle out_caps; ///< that were announced
    std::optional<MediaFormat> media;
    GstSegment segment;
    FrameShape shape;        ///< of what comes out
    bool is_scaling = false; ///< the shaders make the size that downstream asks for
    MemoryRoute route;       ///< its counts: any thread
    OutputPool pool;
    std::shared_ptr<GpuBuffer> last_resort; ///< memory for when there is no more
    bool is_staged_only = false;         ///< memory is short: what shaders make is copied out, too
    bool lost_one = false;               ///< a frame was lost before it came to the queue
    bool is_accounted = false;           ///< the frame at hand was queued or counted as lost
    SharedVulkan shared;                 ///< locks itself where others ask
    std::atomic<bool> out_images{false}; ///< what comes out is in images of its device
    RebuildLimit rebuilds_allowed;
    std::size_t stored_cache_bytes = 0;
    std::uint64_t stored_spirv = 0;      ///< how much had been added when the file was written
    std::uint64_t stored_workgroups = 0; ///< likewise
    ExtraInput extra;
    UniformValues uniform_values; ///< that are in force

    // the task's own
    bool lost_before = false; ///< the frame before the next one was lost

    ShaderWatch watch;
    QosWatch qos;            ///< locks itself
    ToldFault told_program;  ///< why there is none; locks itself
    ToldFault told_frames;   ///< why they are refused; locks itself
    ToldFault told_fields;   ///< locks itself
    ToldFault told_uniforms; ///< locks itself

    std::atomic<bool> may_explain{true}; ///< no caps yet, and nobody was told why
    std::atomic<bool> explaining{false};
    std::atomic<std::uint64_t> frames_in{0};
    std::atomic<std::uint64_t> frames_out{0};
    std::atomic<std::uint64_t> frames_lost{0};
    std::atomic<std::uint64_t> frames_refused{0};
    std::atomic<std::uint64_t> frames_flushed{0};
    std::atomic<std::uint64_t> frames_late{0};
    std::atomic<std::uint64_t> rebuilds{0};
    std::atomic<std::uint64_t> reloads{0};
    std::atomic<std::uint64_t> reload_failures{0};
    std::atomic<std::uint64_t> latency_ns{0};
    std::atomic<bool> is_live{false};
    LogLinearHistogram gpu_time;  ///< recorded by the task
    LogLinearHistogram residence; ///< likewise
    PushTimes push_times;
    const void* warm_program = nullptr; ///< the task's: whose first frame is through
    std::uint64_t warm_since_ns = 0;
    LogLinearHistogram blocked; ///< recorded by the streaming thread
};

} // namespace tactus
