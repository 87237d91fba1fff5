// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <string_view>

namespace tactus::live {

/// One element under test with the settings that tell it from the others. All get the same limit.
struct Variant {
    std::string_view id;      ///< what `--variants` takes
    std::string_view factory; ///< name of the element factory
    std::string_view leaky;   ///< value of its `leaky` property
    std::string_view label;   ///< as in a launch line

    bool holds_camera_back() const { return leaky == "no"; }
};

inline constexpr std::array kVariants{
    Variant{"queue", "queue", "no", "queue"},
    Variant{"queue-leaky", "queue", "downstream", "queue leaky=downstream"},
    Variant{"ringqueue-leaky", "ringqueue", "downstream", "ringqueue leaky=downstream"},
};

/// The filter is calibrated behind this one: it is always there and never holds the camera back.
inline constexpr const Variant& kCalibrationVariant = kVariants[1];

/// The one whose P99 decides about the exit code.
inline constexpr const Variant& kJudgedVariant = kVariants[2];

} // namespace tactus::live
