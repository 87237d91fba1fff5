// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <filesystem>
#include <string>

namespace tactus::calls {

inline constexpr std::array kVoices = {"Front_Center", "Front_Left", "Front_Right", "Rear_Center",
                                       "Rear_Left",    "Rear_Right", "Side_Left",   "Side_Right"};

/// The recordings that Debian's alsa-utils brings; empty if they are not installed.
inline std::string voice_folder() {
    const std::string folder = "/usr/share/sounds/alsa";
    for (const char* voice : kVoices) {
        if (!std::filesystem::exists(folder + "/" + voice + ".wav"))
            return {};
    }
    return folder;
}

/// The recordings one after the other, as the beginning of a launch line: mono, 48 kHz, 11 s.
inline std::string voice_line() {
    std::string line;
    for (const char* voice : kVoices)
        line += "filesrc location=" + voice_folder() + "/" + voice + ".wav ! wavparse ! voice. ";
    return line + "concat name=voice ! audioconvert ! audioresample ! "
                  "audio/x-raw,rate=48000,channels=1 ! ";
}

} // namespace tactus::calls
