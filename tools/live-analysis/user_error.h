// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <stdexcept>

namespace tactus::live {

/// Something only the person at the keyboard can mend: a file, an option, a missing package.
/// `what()` is one whole sentence that says so; main prints it and exits with 2.
class UserError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Ctrl-C (or SIGTERM) came in while something was under way.
class Interrupted : public std::runtime_error {
  public:
    Interrupted() : std::runtime_error("interrupted") {}
};

} // namespace tactus::live
