// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace tactus {

/// While it lives, numbers too small for full precision are 0 on this thread: arithmetic with them
/// takes a hundred times as long. On other processors than x86 with SSE2 and 64-bit ARM it does
/// nothing. What the thread had set before comes back.
class DenormalsAreZero {
  public:
    DenormalsAreZero() : saved_(control()) { set_control(saved_ | kFlush); }
    ~DenormalsAreZero() { set_control(saved_); }
    DenormalsAreZero(const DenormalsAreZero&) = delete;
    DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;

  private:
#if defined(__SSE2__)
    using Word = unsigned;
    static constexpr Word kFlush = 0x8040; ///< flush to zero, denormals are zero
    static Word control() {
        return _mm_getcsr();
    }
    static void set_control(Word word) {
        _mm_setcsr(word);
    }
#elif defined(__aarch64__)
    using Word = std::uint64_t;
    static constexpr Word kFlush = Word{1} << 24; ///< FZ
    static Word control() {
        Word word = 0;
        asm volatile("mrs %0, fpcr" : "=r"(word));
        return word;
    }
    static void set_control(Word word) {
        asm volatile("msr fpcr, %0" : : "r"(word) : "memory");
    }
#else
    using Word = unsigned;
    static constexpr Word kFlush = 0;
    static Word control() {
        return 0;
    }
    static void set_control(Word) {}
#endif

    Word saved_;
};

} // namespace tactus
