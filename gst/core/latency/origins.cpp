// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/latency_observer.h"

namespace tactus {

namespace {

void widen(Origins::Span& span, const Origins::Span& by) {
    if (by.oldest.t0_ns < span.oldest.t0_ns)
        span.oldest = by.oldest;
    if (by.newest.t0_ns > span.newest.t0_ns)
        span.newest = by.newest;
}

/// A fifth source and those after it count for the whole alone.
void add_span(Origins& into, const Origins::Span& span) {
    for (std::size_t i = 0; i < into.span_count; ++i)
        if (into.spans[i].oldest.pad() == span.oldest.pad()) {
            widen(into.spans[i], span);
            return;
        }
    if (into.span_count < Origins::kSpansMax)
        into.spans[into.span_count++] = span;
}

bool is_of_one_pad(const Origins& a, const Origins& b) {
    return a.span_count == 0 && b.span_count == 0 && a.oldest.pad() == b.oldest.pad();
}

} // namespace

void merge(Origins& into, const Origins& from) {
    if (!is_of_one_pad(into, from)) {
        if (into.span_count == 0)
            add_span(into, {into.oldest, into.newest});
        if (from.span_count == 0)
            add_span(into, {from.oldest, from.newest});
        for (std::size_t i = 0; i < from.span_count; ++i)
            add_span(into, from.spans[i]);
    }
    Origins::Span all{into.oldest, into.newest};
    widen(all, {from.oldest, from.newest});
    into.oldest = all.oldest;
    into.newest = all.newest;
    into.inferred |= from.inferred;
}

} // namespace tactus
