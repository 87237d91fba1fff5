// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frame memory under GStreamer: the allocator, and what it answers to ALLOCATION queries.
#include "glue/handles.h"
#include "launched_pipeline.h"
#include "numapin/allocation_answer.h"
#include "numapin/frame_allocator.h"

#include <gst/allocators/allocators.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <cstring>
#include <string>
#include <sys/mman.h>

namespace tactus {

namespace {

using AllocatorHandle = std::unique_ptr<GstAllocator, ObjectUnref>;
using MemoryHandle = std::unique_ptr<GstMemory, MiniObjectUnref>;
using PoolHandle = std::unique_ptr<GstBufferPool, ObjectUnref>;
using QueryHandle = std::unique_ptr<GstQuery, MiniObjectUnref>;

class NumapinMemory : public ::testing::Test {
  protected:
    GstAllocator* make(const ArenaOptions& options = {}) {
        allocator.reset(make_frame_allocator(options));
        return allocator.get();
    }
    GstMemory* alloc(gsize size, const GstAllocationParams& params = {}) const {
        GstAllocationParams copy = params;
        return gst_allocator_alloc(allocator.get(), size, &copy);
    }
    ArenaStats stats() const { return arena_of(allocator.get()).stats(); }

    AllocatorHandle allocator;
};

guint8* data_of(GstMemory* memory, GstMapFlags flags = GST_MAP_READWRITE) {
    GstMapInfo map;
    EXPECT_TRUE(gst_memory_map(memory, &map, flags));
    gst_memory_unmap(memory, &map);
    return map.data;
}

TEST_F(NumapinMemory, comes_back_with_its_pages_and_what_others_keep_with_it) {
    make();
    static int kept = 0;
    const GQuark quark = g_quark_from_static_string("tactus-test");
    GstMemory* first = alloc(1'000'000);
    guint8* data = data_of(first);
    gst_mini_object_set_qdata(GST_MINI_OBJECT_CAST(first), quark, &kept, nullptr);
    gst_memory_unref(first);
    const MemoryHandle second(alloc(999'000));
    EXPECT_EQ(second.get(), first);
    EXPECT_EQ(data_of(second.get()), data);
    EXPECT_EQ(gst_mini_object_get_qdata(GST_MINI_OBJECT_CAST(second.get()), quark), &kept);
    EXPECT_EQ(second->size, 999'000U);
    EXPECT_EQ(refcount(second.get()), 1);
    EXPECT_EQ(stats().mapped, 1U);
}

TEST_F(NumapinMemory, is_system_memory_of_whole_pages) {
    make();
    const MemoryHandle memory(alloc(1'000'001));
    EXPECT_TRUE(gst_memory_is_type(memory.get(), GST_ALLOCATOR_SYSMEM));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data_of(memory.get())) % 4096, 0U);
    EXPECT_EQ(memory->maxsize % 4096, 0U);
    EXPECT_GE(memory->maxsize, 1'000'001U);
}

TEST_F(NumapinMemory, keeps_prefix_padding_alignment_and_zeroes_as_asked) {
    make();
    GstAllocationParams params{};
    params.flags =
        static_cast<GstMemoryFlags>(GST_MEMORY_FLAG_ZERO_PREFIXED | GST_MEMORY_FLAG_ZERO_PADDED);
    params.prefix = 100;
    params.padding = 50;
    params.align = 16'383;
    for (int round = 0; round < 3; ++round) {
        const MemoryHandle memory(alloc(10'000, params));
        guint8* data = data_of(memory.get());
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 16'384, 0U);
        EXPECT_GE(memory->offset, 100U);
        ASSERT_LE(memory->offset + 10'050, memory->maxsize);
        for (int i = 1; i <= 100; ++i)
            ASSERT_EQ(*(data - i), 0);
        for (int i = 0; i < 50; ++i)
            ASSERT_EQ(data[10'000 + i], 0);
        std::memset(data - 100, 0xff, 10'150);
    }
    EXPECT_EQ(stats().mapped, 1U);
}

TEST_F(NumapinMemory, stays_in_use_while_a_part_of_it_is) {
    make();
    GstMemory* memory = alloc(100'000);
    data_of(memory)[5'000] = 77;
    GstMemory* part = gst_memory_share(memory, 5'000, 10);
    ASSERT_NE(part, nullptr);
    gst_memory_unref(memory);
    EXPECT_EQ(stats().blocks_in_use, 1U);
    GstMapInfo map;
    ASSERT_TRUE(gst_memory_map(part, &map, GST_MAP_READ));
    EXPECT_EQ(map.data[0], 77);
    EXPECT_EQ(map.size, 10U);
    gst_memory_unmap(part, &map);
    gst_memory_unref(part);
    EXPECT_EQ(stats().blocks_in_use, 0U);
}

TEST_F(NumapinMemory, is_copied_into_memory_of_the_same_arena) {
    make();
    const MemoryHandle memory(alloc(5'000));
    data_of(memory.get())[0] = 9;
    const MemoryHandle copy(gst_memory_copy(memory.get(), 0, -1));
    EXPECT_EQ(copy->allocator, allocator.get());
    EXPECT_EQ(data_of(copy.get())[0], 9);
}

TEST_F(NumapinMemory, outlives_the_allocator) {
    for (const bool shared : {false, true}) {
        make({.shared = shared});
        gst_memory_unref(alloc(200'000));
        GstMemory* memory = alloc(100'000);
        gpointer watched = allocator.get();
        g_object_add_weak_pointer(G_OBJECT(watched), &watched);
        allocator.reset();
        std::memset(data_of(memory), 1, 100'000);
        EXPECT_NE(watched, nullptr);
        gst_memory_unref(memory);
        EXPECT_EQ(watched, nullptr);
    }
}

TEST_F(NumapinMemory, can_be_mapped_by_others_when_shared) {
    make({.shared = true});
    const MemoryHandle memory(alloc(100'000));
    ASSERT_TRUE(gst_is_fd_memory(memory.get()));
    EXPECT_TRUE(gst_memory_is_type(memory.get(), GST_ALLOCATOR_SYSMEM)); // always mapped
    const int file = gst_fd_memory_get_fd(memory.get());
    void* other = mmap(nullptr, memory->maxsize, PROT_READ, MAP_SHARED, file, 0);
    ASSERT_NE(other, MAP_FAILED);
    data_of(memory.get())[99'999] = 42;
    EXPECT_EQ(static_cast<const guint8*>(other)[memory->offset + 99'999], 42);
    munmap(other, memory->maxsize);
    GstMemory* part = gst_memory_share(memory.get(), 99'999, 1);
    EXPECT_EQ(data_of(part, GST_MAP_READ)[0], 42);
    gst_memory_unref(part);
}

TEST_F(NumapinMemory, is_refused_with_an_alignment_that_is_no_power_of_two) {
    EXPECT_EQ(make_frame_allocator({.alignment_bytes = 100}), nullptr);
}

TEST_F(NumapinMemory, is_null_and_not_an_abort_when_there_is_none) {
    make();
    EXPECT_EQ(alloc(G_MAXSIZE), nullptr);
    EXPECT_EQ(alloc(G_MAXSIZE / 4), nullptr);
}

// --- ALLOCATION queries

constexpr const char* kCaps = "video/x-raw,format=NV12,width=640,height=480,framerate=30/1";

QueryHandle make_query(const char* text = kCaps) {
    GstCaps* caps = text != nullptr ? gst_caps_from_string(text) : nullptr;
    QueryHandle query(gst_query_new_allocation(caps, TRUE));
    if (caps != nullptr)
        gst_caps_unref(caps);
    return query;
}

GstAllocator* offered_allocator(GstQuery* query, GstAllocationParams* params = nullptr) {
    if (gst_query_get_n_allocation_params(query) != 1)
        return nullptr;
    GstAllocator* allocator = nullptr;
    gst_query_parse_nth_allocation_param(query, 0, &allocator, params);
    if (allocator != nullptr)
        gst_object_unref(allocator); // the query has it
    return allocator;
}

PoolHandle offered_pool(GstQuery* query, guint* size, guint* least, guint* most) {
    GstBufferPool* pool = nullptr;
    if (gst_query_get_n_allocation_pools(query) == 1)
        gst_query_parse_nth_allocation_pool(query, 0, &pool, size, least, most);
    return PoolHandle(pool);
}

TEST_F(NumapinMemory, is_offered_as_pool_and_as_allocator_with_the_metas_of_downstream) {
    make({.alignment_bytes = 8192});
    const QueryHandle query = make_query();
    gst_query_add_allocation_meta(query.get(), GST_VIDEO_META_API_TYPE, nullptr);
    gst_query_add_allocation_pool(query.get(), nullptr, 500'000, 3, 5);
    GstAllocationParams theirs{};
    theirs.align = 63;
    theirs.padding = 31;
    gst_query_add_allocation_param(query.get(), nullptr, &theirs);
    const AllocationAnswer answer = answer_allocation(query.get(), allocator.get());
    EXPECT_TRUE(answer.is_ours);
    EXPECT_EQ(answer.frame_bytes, 500'000U);
    GstAllocationParams params;
    EXPECT_EQ(offered_allocator(query.get(), &params), allocator.get());
    EXPECT_EQ(params.align, 8191U);
    EXPECT_EQ(params.padding, 31U);
    guint size = 0;
    guint least = 0;
    guint most = 9;
    const PoolHandle pool = offered_pool(query.get(), &size, &least, &most);
    ASSERT_NE(pool, nullptr);
    EXPECT_TRUE(GST_IS_VIDEO_BUFFER_POOL(pool.get()));
    EXPECT_EQ(size, 500'000U);
    EXPECT_EQ(least, 3U);
    EXPECT_EQ(most, 0U); // or a decoder that holds references would wait for ever
    EXPECT_TRUE(gst_query_find_allocation_meta(query.get(), GST_VIDEO_META_API_TYPE, nullptr));
}

TEST_F(NumapinMemory, offers_a_pool_of_frames_where_downstream_said_nothing) {
    make();
    const QueryHandle query = make_query();
    EXPECT_EQ(answer_allocation(query.get(), allocator.get()).frame_bytes, 640U * 480 * 3 / 2);
    guint size = 0;
    guint least = 0;
    guint most = 0;
    const PoolHandle pool = offered_pool(query.get(), &size, &least, &most);
    ASSERT_TRUE(gst_buffer_pool_set_active(pool.get(), TRUE));
    GstBuffer* buffer = nullptr;
    ASSERT_EQ(gst_buffer_pool_acquire_buffer(pool.get(), &buffer, nullptr), GST_FLOW_OK);
    EXPECT_EQ(gst_buffer_peek_memory(buffer, 0)->allocator, allocator.get());
    gst_buffer_unref(buffer);
    gst_buffer_pool_set_active(pool.get(), FALSE);
}

TEST_F(NumapinMemory, offers_the_allocator_alone_where_the_size_of_buffers_is_not_known) {
    make();
    for (const char* caps : {"audio/x-raw,format=S16LE,rate=48000,channels=2", "video/x-h264",
                             static_cast<const char*>(nullptr)}) {
        const QueryHandle query = make_query(caps);
        const AllocationAnswer answer = answer_allocation(query.get(), allocator.get());
        EXPECT_TRUE(answer.is_ours);
        EXPECT_EQ(answer.frame_bytes, 0U);
        EXPECT_EQ(offered_allocator(query.get()), allocator.get());
        EXPECT_EQ(gst_query_get_n_allocation_pools(query.get()), 0U);
    }
}

TEST_F(NumapinMemory, leaves_alone_what_downstream_wants_for_itself) {
    make();
    const QueryHandle with_allocator = make_query();
    const AllocatorHandle files(gst_fd_allocator_new());
    gst_query_add_allocation_param(with_allocator.get(), files.get(), nullptr);
    EXPECT_EQ(answer_allocation(with_allocator.get(), allocator.get()).left_alone,
              "the allocator GstFdAllocator");
    EXPECT_EQ(offered_allocator(with_allocator.get()), files.get());

    const QueryHandle with_pool = make_query();
    const PoolHandle pool(gst_buffer_pool_new());
    GstStructure* config = gst_buffer_pool_get_config(pool.get());
    gst_buffer_pool_config_set_allocator(config, files.get(), nullptr);
    gst_buffer_pool_set_config(pool.get(), config);
    gst_query_add_allocation_pool(with_pool.get(), pool.get(), 460'800, 0, 0);
    EXPECT_FALSE(answer_allocation(with_pool.get(), allocator.get()).is_ours);
    EXPECT_EQ(gst_query_get_n_allocation_params(with_pool.get()), 0U);

    const QueryHandle dmabuf =
        make_query("video/x-raw(memory:DMABuf),format=NV12,width=640,height=480,framerate=30/1");
    EXPECT_EQ(answer_allocation(dmabuf.get(), allocator.get()).left_alone,
              "caps with memory:DMABuf");
}

TEST_F(NumapinMemory, leaves_alone_the_memory_of_an_element_like_itself) {
    make();
    const AllocatorHandle other(make_frame_allocator({}));
    const QueryHandle query = make_query();
    answer_allocation(query.get(), other.get());
    EXPECT_EQ(answer_allocation(query.get(), allocator.get()).left_alone,
              "the allocator GstNumaPinAllocator");
    EXPECT_EQ(offered_allocator(query.get()), other.get());
}

// --- in pipelines: `identity name=pin` answers as a numapin would

GstPadQueryFunction identity_query = nullptr;

/// Has the pad of `pin` answer, and looks at the memory of each buffer that comes.
class Pipeline : public LaunchedPipeline {
  public:
    Pipeline(const std::string& description, GstAllocator* allocator)
        : LaunchedPipeline(description), allocator_(allocator),
          pad_(gst_element_get_static_pad(child("pin"), "sink")) {
        identity_query = GST_PAD_QUERYFUNC(pad_.get());
        g_object_set_data(G_OBJECT(pad_.get()), "test", this);
        gst_pad_set_query_function(pad_.get(), on_query);
        gst_pad_add_probe(pad_.get(), GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
    }

    int buffers = 0;
    int ours = 0;
    int answers = 0;

  private:
    static gboolean on_query(GstPad* pad, GstObject* parent, GstQuery* query) {
        const gboolean answered = identity_query(pad, parent, query);
        if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
            return answered;
        auto* self = static_cast<Pipeline*>(g_object_get_data(G_OBJECT(pad), "test"));
        ++self->answers;
        answer_allocation(query, self->allocator_);
        return TRUE;
    }
    static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer user) {
        auto* self = static_cast<Pipeline*>(user);
        GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
        ++self->buffers;
        self->ours += gst_buffer_peek_memory(buffer, 0)->allocator == self->allocator_;
        return GST_PAD_PROBE_OK;
    }

    GstAllocator* allocator_;
    PadHandle pad_;
};

std::string run(Pipeline& pipeline) {
    pipeline.play();
    return pipeline.wait();
}

TEST_F(NumapinMemory, is_what_videotestsrc_writes_to) {
    make();
    Pipeline pipeline(std::string("videotestsrc num-buffers=40 ! ") + kCaps +
                          " ! identity name=pin ! queue max-size-buffers=8 ! fakesink",
                      allocator.get());
    EXPECT_EQ(run(pipeline), "");
    EXPECT_EQ(pipeline.buffers, 40);
    EXPECT_EQ(pipeline.ours, 40);
    EXPECT_LE(stats().mapped, 12U);
}

TEST_F(NumapinMemory, is_what_a_decoder_writes_to) {
    make();
    for (const char* element : {"avdec_h264", "x264enc"}) {
        GstElementFactory* factory = gst_element_factory_find(element);
        if (factory == nullptr)
            GTEST_SKIP() << "there is no " << element;
        gst_object_unref(factory);
    }
    Pipeline pipeline("videotestsrc num-buffers=40 ! video/x-raw,width=640,height=480 ! x264enc "
                      "speed-preset=ultrafast ! h264parse ! avdec_h264 ! identity name=pin ! "
                      "queue ! fakesink",
                      allocator.get());
    EXPECT_EQ(run(pipeline), "");
    EXPECT_EQ(pipeline.buffers, 40);
    EXPECT_EQ(pipeline.ours, 40);
}

TEST_F(NumapinMemory, lasts_beyond_a_change_of_caps) {
    make();
    for (const char* width : {"640", "320", "640"}) {
        Pipeline pipeline(
            std::string("videotestsrc num-buffers=10 ! video/x-raw,height=480,width=") + width +
                " ! identity name=pin ! fakesink",
            allocator.get());
        EXPECT_EQ(run(pipeline), "");
        EXPECT_EQ(pipeline.ours, 10);
    }
    const std::uint64_t mapped = stats().mapped;
    Pipeline again("videotestsrc num-buffers=10 ! video/x-raw,height=480,width=320 ! "
                   "identity name=pin ! fakesink",
                   allocator.get());
    EXPECT_EQ(run(again), "");
    EXPECT_EQ(stats().mapped, mapped);
}

/// Asks what to allocate, and fills buffers of the pool that is offered, as a source with a driver
/// does.
class Camera {
  public:
    explicit Camera(GstElement* source)
        : source_(GST_APP_SRC(source)), pad_(gst_element_get_static_pad(source, "src")) {}
    ~Camera() {
        if (pool_ != nullptr)
            gst_buffer_pool_set_active(pool_.get(), FALSE);
    }
    Camera(const Camera&) = delete;
    Camera& operator=(const Camera&) = delete;

    bool negotiate() {
        const QueryHandle query = make_query();
        if (!gst_pad_peer_query(pad_.get(), query.get()))
            return false;
        guint size = 0;
        guint least = 0;
        guint most = 0;
        pool_ = offered_pool(query.get(), &size, &least, &most);
        return pool_ != nullptr && gst_buffer_pool_set_active(pool_.get(), TRUE);
    }
    int push(int count) {
        int pushed = 0;
        for (; pushed < count; ++pushed) {
            GstBuffer* buffer = nullptr;
            if (gst_buffer_pool_acquire_buffer(pool_.get(), &buffer, nullptr) != GST_FLOW_OK)
                break;
            gst_buffer_memset(buffer, 0, static_cast<guint8>(pushed), G_MAXSIZE);
            if (gst_app_src_push_buffer(source_, buffer) != GST_FLOW_OK)
                break;
        }
        return pushed;
    }

  private:
    GstAppSrc* source_;
    PadHandle pad_;
    PoolHandle pool_;
};

TEST_F(NumapinMemory, is_what_a_source_with_buffers_of_its_own_thread_gets) {
    make();
    Pipeline pipeline(std::string("appsrc name=source format=time caps=") + kCaps +
                          " ! identity name=pin ! fakesink",
                      allocator.get());
    pipeline.play();
    Camera camera(pipeline.child("source"));
    ASSERT_TRUE(camera.negotiate());
    EXPECT_EQ(camera.push(30), 30);
    gst_app_src_end_of_stream(GST_APP_SRC(pipeline.child("source")));
    EXPECT_EQ(pipeline.wait(), "");
    EXPECT_EQ(pipeline.ours, 30);
    EXPECT_EQ(pipeline.buffers, 30);
}

} // namespace

} // namespace tactus
