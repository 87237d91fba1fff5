// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace tactus {

/// While it lives, this thread takes denormal numbers for zero, which costs nothing, where it would
/// else calculate with them, which on many machines takes a hundred times as long. Afterwards all
/// is as before. Does nothing where it is not known how.
class FlushToZero {
  public:
    FlushToZero() : before_(read()) { write(before_ | kFlags); }
    ~FlushToZero() { write(before_); }
    FlushToZero(const FlushToZero&) = delete;
    FlushToZero& operator=(const FlushToZero&) = delete;

  private:
#if defined(__SSE2__)
    using Word = unsigned;
    static constexpr Word kFlags = 0x8040; // results and operands
    static Word read() {
        return _mm_getcsr();
    }
    static void write(Word word) {
        _mm_setcsr(word);
    }
#elif defined(__aarch64__)
    using Word = std::uint64_t;
    static constexpr Word kFlags = Word{1} << 24;
    static Word read() {
        Word word = 0;
        __asm__ volatile("mrs %0, fpcr" : "=r"(word));
        return word;
    }
    static void write(Word word) {
        __asm__ volatile("msr fpcr, %0" : : "r"(word));
    }
#else
    using Word = unsigned;
    static constexpr Word kFlags = 0;
    static Word read() {
        return 0;
    }
    static void write(Word) {}
#endif

    Word before_;
};

} // namespace tactus
