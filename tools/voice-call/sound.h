// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tactus::voice_call {

inline constexpr std::size_t kSampleRate = 48'000;

/// What a listener hears, one playout position after the other. A sample that comes after its time
/// is not heard, as in an audio sink.
class Sound {
  public:
    enum class Source : std::uint8_t { silence, concealment, packet };

    /// Times in ns on the playout's time line.
    void play(std::int64_t playout_ns, std::int64_t released_ns,
              const std::vector<std::int16_t>& samples, Source source);

    /// Of what the network should have brought, the part that a decoder made up or left silent.
    double concealed_seconds() const;
    double seconds() const;
    /// False if the file cannot be written.
    bool write_wav(const std::string& path) const;

  private:
    std::int64_t origin_ns_ = -1;
    std::vector<std::int16_t> samples_;
    std::vector<Source> sources_;
};

} // namespace tactus::voice_call
