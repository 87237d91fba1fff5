// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace tactus::live {

namespace {

constexpr std::size_t kColumns = 79;

} // namespace

std::string format(const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    char* text = nullptr;
    const int length = vasprintf(&text, pattern, arguments);
    va_end(arguments);
    if (length < 0)
        return "";
    std::string result(text, static_cast<std::size_t>(length));
    std::free(text);
    return result;
}

std::string wrap(const std::string& paragraph) {
    std::istringstream words(paragraph);
    std::string text;
    std::size_t column = 0;
    for (std::string word; words >> word;) {
        if (column > 0 && column + 1 + word.size() > kColumns) {
            text += "\n ";
            column = 1;
        }
        if (column > 0) {
            text += ' ';
            ++column;
        }
        text += word;
        column += word.size();
    }
    text += '\n';
    return text;
}

} // namespace tactus::live
