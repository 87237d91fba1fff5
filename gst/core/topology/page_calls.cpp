// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/page_calls.h"

#include <array>
#include <cerrno>
#include <climits>
#include <fstream>
#include <linux/mempolicy.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Newer than the headers of some systems on which this builds.
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

namespace tactus {

namespace {

constexpr unsigned kHuge2MShift = 21;
constexpr unsigned kHuge1GShift = 30;
constexpr unsigned kMostNodes = 1024;
constexpr unsigned kMaskBits = sizeof(unsigned long) * CHAR_BIT;

unsigned huge_shift(PageKind kind) {
    if (kind == PageKind::huge_2m)
        return kHuge2MShift;
    return kind == PageKind::huge_1g ? kHuge1GShift : 0;
}

CallError error_of(long result) {
    return result == 0 ? 0 : errno;
}

std::byte* aligned(std::byte* data, std::size_t alignment_bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(data);
    return data + ((alignment_bytes - address % alignment_bytes) % alignment_bytes);
}

/// For /proc/PID/smaps. Pages with a name are not joined with their neighbours' area there, either.
void name_pages(std::byte* data, std::size_t bytes) {
    prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, data, bytes, "tactus-frames");
}

class KernelPageCalls : public PageCalls {
  public:
    CallError map(std::size_t bytes, std::size_t alignment_bytes, PageKind kind, int file,
                  std::byte*& data) override;
    void unmap(std::byte* data, std::size_t bytes) override { munmap(data, bytes); }
    CallError bind(std::byte* data, std::size_t bytes, unsigned node, BindMode mode) override;
    CallError lock(std::byte* data, std::size_t bytes) override {
        // Not by libc: sanitizers leave that one out.
        return error_of(syscall(SYS_mlock, data, bytes));
    }
    CallError join_pages(std::byte* data, std::size_t bytes) override {
        return error_of(madvise(data, bytes, MADV_HUGEPAGE));
    }
    CallError populate(std::byte* data, std::size_t bytes) override {
        return error_of(madvise(data, bytes, MADV_POPULATE_WRITE));
    }
    CallError make_file(std::size_t bytes, PageKind kind, int& file) override;
    void close_file(int file) override { close(file); }
    CallError locate(std::span<void*> pages, std::span<int> nodes) override {
        return error_of(
            syscall(SYS_move_pages, 0, pages.size(), pages.data(), nullptr, nodes.data(), 0));
    }
    std::optional<std::uint64_t> available_bytes(unsigned node) override;
};

CallError KernelPageCalls::map(std::size_t bytes, std::size_t alignment_bytes, PageKind kind,
                               int file, std::byte*& data) {
    const unsigned shift = huge_shift(kind);
    int flags = file >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (shift != 0)
        // Reserved, or a later touch would end the process.
        flags = (flags & ~MAP_NORESERVE) |
                (file >= 0 ? 0 : MAP_HUGETLB | static_cast<int>(shift << MAP_HUGE_SHIFT));
    // The kernel aligns to the size of a page; for more, a wider range is taken first.
    const std::size_t spare_bytes = alignment_bytes > page_bytes(kind) ? alignment_bytes : 0;
    std::byte* target = nullptr;
    std::byte* range = nullptr;
    if (spare_bytes > 0) {
        void* wide = mmap(nullptr, bytes + spare_bytes, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (wide == MAP_FAILED)
            return errno;
        range = static_cast<std::byte*>(wide);
        target = aligned(range, alignment_bytes);
        flags |= MAP_FIXED;
    }
    void* mapped = mmap(target, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
    const CallError error = mapped == MAP_FAILED ? errno : 0;
    if (spare_bytes > 0) {
        std::byte* end = range + bytes + spare_bytes;
        if (error != 0)
            munmap(range, bytes + spare_bytes);
        else if (target > range)
            munmap(range, static_cast<std::size_t>(target - range));
        if (error == 0 && target + bytes < end)
            munmap(target + bytes, static_cast<std::size_t>(end - target) - bytes);
    }
    if (error != 0)
        return error;
    data = static_cast<std::byte*>(mapped);
    if (file < 0)
        name_pages(data, bytes);
    return 0;
}

CallError KernelPageCalls::bind(std::byte* data, std::size_t bytes, unsigned node, BindMode mode) {
    if (node >= kMostNodes)
        return EINVAL;
    std::array<unsigned long, kMostNodes / kMaskBits> mask{};
    mask[node / kMaskBits] = 1UL << (node % kMaskBits);
    const int policy = mode == BindMode::strict ? MPOL_BIND : MPOL_PREFERRED;
    // The kernel counts the bits from one.
    return error_of(syscall(SYS_mbind, data, bytes, policy, mask.data(), kMostNodes + 1, 0));
}

CallError KernelPageCalls::make_file(std::size_t bytes, PageKind kind, int& file) {
    unsigned flags = MFD_CLOEXEC;
    const unsigned shift = huge_shift(kind);
    if (shift != 0)
        flags |= MFD_HUGETLB | shift << MAP_HUGE_SHIFT;
    const int made = memfd_create("tactus-frames", flags);
    if (made < 0)
        return errno;
    if (ftruncate(made, static_cast<off_t>(bytes)) != 0) {
        const int error = errno;
        close(made);
        return error;
    }
    file = made;
    return 0;
}

std::optional<std::uint64_t> KernelPageCalls::available_bytes(unsigned node) {
    std::ifstream file("/sys/devices/system/node/node" + std::to_string(node) + "/meminfo");
    std::uint64_t sum_kib = 0;
    unsigned found = 0;
    // "Node 0 MemFree:        1234 kB"
    std::string word;
    while (file >> word) {
        std::uint64_t kib = 0;
        if ((word == "MemFree:" || word == "Active(file):" || word == "Inactive(file):") &&
            file >> kib) {
            sum_kib += kib;
            ++found;
        }
    }
    return found == 3 ? std::optional(sum_kib * 1024) : std::nullopt;
}

} // namespace

std::size_t page_bytes(PageKind kind) {
    const unsigned shift = huge_shift(kind);
    return shift != 0 ? std::size_t{1} << shift : static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

PageCalls& kernel_page_calls() {
    static constinit KernelPageCalls calls;
    return calls;
}

} // namespace tactus
