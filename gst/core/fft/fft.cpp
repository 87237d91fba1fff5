// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/fft.h"

#include "core/fft/scratch_place.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tactus {

namespace {

std::size_t checked(std::size_t length, std::size_t least) {
    constexpr std::size_t kMost = ComplexFft<float>::kLargestLength;
    if (length < least || length > kMost)
        throw std::invalid_argument("a transform of " + std::to_string(length) +
                                    " points: it must have " + std::to_string(least) + " to " +
                                    std::to_string(kMost));
    return length;
}

/// Scratch arrays lie behind each other, each of them aligned.
template <typename T>
constexpr std::size_t aligned_count(std::size_t count) {
    constexpr std::size_t kUnit = kVectorAlignment / sizeof(T);
    return (count + kUnit - 1) / kUnit * kUnit;
}

/// exp(-pi i n^2 / length).
RootOfUnity chirp_point(std::size_t n, std::size_t length) {
    return root_of_unity(std::uint64_t{n} * n % (2 * length), 2 * length);
}

/// Of a power of two of points, in place; decimation in frequency (Gentleman and Sande 1966).
void transform_in_long_double(std::vector<RootOfUnity>& x) {
    const std::size_t length = x.size();
    for (std::size_t span = length; span > 1; span /= 2)
        for (std::size_t j = 0; j < span / 2; ++j) {
            const RootOfUnity root = root_of_unity(j, span);
            for (std::size_t base = j; base < length; base += span) {
                RootOfUnity& a = x[base];
                RootOfUnity& b = x[base + span / 2];
                const RootOfUnity gap{a.re - b.re, a.im - b.im};
                a = {a.re + b.re, a.im + b.im};
                b = {gap.re * root.re - gap.im * root.im, gap.re * root.im + gap.im * root.re};
            }
        }
    // The results lie in the order of reversed bits.
    for (std::size_t i = 1, reversed = 0; i < length; ++i) {
        std::size_t bit = length / 2;
        for (; (reversed & bit) != 0; bit /= 2)
            reversed ^= bit;
        reversed ^= bit;
        if (i < reversed)
            std::swap(x[i], x[reversed]);
    }
}

} // namespace

/// x[n] exp(-pi i n^2 / N), convolved with exp(pi i n^2 / N), and turned again: kn = (k^2 + n^2 -
/// (k - n)^2) / 2. In double precision whatever T is: the products of three long transforms would
/// cost two bits of a float.
template <typename T>
struct ComplexFft<T>::Convolution {
    using Point = std::complex<double>;

    /// Beyond it an exact response would take seconds and a gigabyte to make.
    static constexpr std::size_t kMostExact = 65'536;

    explicit Convolution(std::size_t length)
        : fft(transform_length(length)), chirp(length), response(fft.length()) {
        for (std::size_t n = 0; n < length; ++n) {
            const RootOfUnity root = chirp_point(n, length);
            chirp[n] = {static_cast<double>(root.re), static_cast<double>(root.im)};
        }
        if (is_exact(length))
            transform_exactly();
        else
            transform_quickly();
    }

    /// Whether the last bits count.
    static bool is_exact(std::size_t length) {
        return std::is_same_v<T, double> && length <= kMostExact;
    }

    /// The error of the last transform spreads over all of its points, of which `length` are used:
    /// among more of them, less of it is. A third keeps it below 4e-16.
    static std::size_t transform_length(std::size_t length) {
        const std::size_t least = std::bit_ceil(2 * length - 1);
        return is_exact(length) && 3 * length > least ? 2 * least : least;
    }

    /// The transform of the conjugate chirp in long double: else its error would be a third of all.
    void transform_exactly() {
        const std::size_t length = chirp.size();
        std::vector<RootOfUnity> points(fft.length());
        const auto scale = 1.0L / static_cast<long double>(fft.length());
        for (std::size_t n = 0; n < length; ++n) {
            const RootOfUnity root = chirp_point(n, length);
            points[n] =
                points[(fft.length() - n) % fft.length()] = {root.re * scale, -root.im * scale};
        }
        transform_in_long_double(points);
        for (std::size_t k = 0; k < points.size(); ++k)
            response[k] = {static_cast<double>(points[k].re), static_cast<double>(points[k].im)};
    }

    void transform_quickly() {
        const auto scale = 1.0 / static_cast<double>(fft.length());
        response[0] = std::conj(chirp[0]) * scale;
        for (std::size_t n = 1; n < chirp.size(); ++n)
            response[n] = response[fft.length() - n] = std::conj(chirp[n]) * scale;
        AlignedArray<double> scratch(fft.scratch_size());
        fft.forward(response.data(), response.data(), scratch.data());
    }

    /// In numbers of double.
    std::size_t scratch_size() const { return 2 * fft.length() + fft.scratch_size(); }

    void run(const T* in, T* out, double* scratch, bool swapped) const {
        auto* const points = reinterpret_cast<Point*>(scratch);
        double* const inner = scratch + 2 * fft.length();
        const std::size_t re = swapped ? 1 : 0;
        for (std::size_t n = 0; n < chirp.size(); ++n)
            points[n] = times(Point(in[2 * n + re], in[2 * n + 1 - re]), chirp[n]);
        std::fill(points + chirp.size(), points + fft.length(), Point());
        fft.forward(points, points, inner);
        for (std::size_t k = 0; k < fft.length(); ++k)
            points[k] = times(points[k], response[k]);
        fft.inverse(points, points, inner);
        for (std::size_t k = 0; k < chirp.size(); ++k) {
            const Point point = times(points[k], chirp[k]);
            out[2 * k + re] = static_cast<T>(point.real());
            out[2 * k + 1 - re] = static_cast<T>(point.imag());
        }
    }

    /// Without the care for infinities that the operator takes.
    static Point times(Point a, Point b) {
        return {a.real() * b.real() - a.imag() * b.imag(),
                a.real() * b.imag() + a.imag() * b.real()};
    }

    ComplexFft<double> fft;
    AlignedArray<Point> chirp;
    AlignedArray<Point> response;
};

template <typename T>
ComplexFft<T>::ComplexFft(std::size_t length)
    : length_(checked(length, 1)), kernels_(fft_kernels<T>()) {
    if (!has_small_factors(length)) {
        convolution_ = std::make_unique<Convolution>(length);
        return;
    }
    const std::size_t lanes = FftTables<T>::lanes_for(length, kernels_.lanes);
    if (4 * lanes <= kernels_.lanes)
        if (const auto shape = MatrixTables<T>::shape_for(length, kernels_.lanes);
            shape.lanes > lanes)
            matrix_ = std::make_unique<MatrixTables<T>>(shape);
    if (!matrix_)
        tables_ = std::make_unique<FftTables<T>>(length, lanes);
}

template <typename T>
ComplexFft<T>::~ComplexFft() = default;
template <typename T>
ComplexFft<T>::ComplexFft(ComplexFft&&) noexcept = default;
template <typename T>
ComplexFft<T>& ComplexFft<T>::operator=(ComplexFft&&) noexcept = default;

template <typename T>
std::size_t ComplexFft<T>::scratch_size() const {
    constexpr std::size_t kPerDouble = std::is_same_v<T, float> ? 2 : 1;
    if (matrix_)
        return matrix_->scratch_size();
    return tables_ ? 2 * length_ + kScratchSlack<T> : kPerDouble * convolution_->scratch_size();
}

template <typename T>
void ComplexFft<T>::run(const T* in, T* out, T* scratch, bool swapped) const {
    if (tables_)
        kernels_.transform(*tables_, in, out, place_scratch(in, scratch), swapped);
    else if (matrix_)
        kernels_.transform_matrix(*matrix_, in, out, scratch, swapped);
    else
        convolution_->run(in, out, reinterpret_cast<double*>(scratch), swapped);
}

template <typename T>
void ComplexFft<T>::forward(const std::complex<T>* in, std::complex<T>* out, T* scratch) const {
    run(reinterpret_cast<const T*>(in), reinterpret_cast<T*>(out), scratch, false);
}

template <typename T>
void ComplexFft<T>::inverse(const std::complex<T>* in, std::complex<T>* out, T* scratch) const {
    run(reinterpret_cast<const T*>(in), reinterpret_cast<T*>(out), scratch, true);
}

template <typename T>
RealFft<T>::RealFft(std::size_t length)
    : length_(checked(length, 2)), kernels_(fft_kernels<T>()),
      complex_(length % 2 != 0 ? length : length / 2) {
    const std::size_t lanes = RealTables<T>::lanes_for(length, kernels_.lanes);
    if (lanes > 1 && 4 * lanes > kernels_.lanes && has_small_factors(length))
        tables_ = std::make_unique<RealTables<T>>(length, lanes);
    for (std::size_t k = 0; !is_odd() && k <= length / 4; ++k) {
        const RootOfUnity root = root_of_unity(k, length);
        roots_.push_back(static_cast<T>(root.re));
        roots_.push_back(static_cast<T>(root.im));
    }
}

template <typename T>
std::size_t RealFft<T>::scratch_size() const {
    const std::size_t steps = aligned_count<T>(2 * length_) + complex_.scratch_size();
    // Without tables, what is windowed and points whose powers are wanted lie behind that.
    return tables_ ? steps : aligned_count<T>(steps) + 2 * aligned_count<T>(2 * bins());
}

template <typename T>
void RealFft<T>::forward(const T* in, std::complex<T>* out, T* scratch) const {
    forward(in, nullptr, out, scratch);
}

template <typename T>
void RealFft<T>::forward(const T* in, const T* window, std::complex<T>* out, T* scratch) const {
    if (tables_) {
        kernels_.transform_real(*tables_, in, window, reinterpret_cast<T*>(out),
                                place_scratch(in, scratch));
        return;
    }
    T* const behind = scratch + scratch_size() - aligned_count<T>(2 * bins());
    forward_in_steps(windowed(in, window, behind), out, scratch);
}

template <typename T>
void RealFft<T>::powers(const T* in, const T* window, T* out, T* scratch) const {
    if (tables_) {
        kernels_.transform_real_to_powers(*tables_, in, window, out, place_scratch(in, scratch));
        return;
    }
    T* const behind = scratch + scratch_size() - 2 * aligned_count<T>(2 * bins());
    auto* const points = reinterpret_cast<std::complex<T>*>(behind);
    forward(in, window, points, scratch);
    std::transform(points, points + bins(), out,
                   [](std::complex<T> x) { return x.real() * x.real() + x.imag() * x.imag(); });
}

template <typename T>
const T* RealFft<T>::windowed(const T* in, const T* window, T* to) const {
    if (window == nullptr)
        return in;
    std::transform(in, in + length_, window, to, std::multiplies<T>());
    return to;
}

template <typename T>
void RealFft<T>::forward_in_steps(const T* in, std::complex<T>* out, T* scratch) const {
    auto* const rest = scratch + aligned_count<T>(2 * length_);
    if (is_odd()) {
        auto* const points = reinterpret_cast<std::complex<T>*>(scratch);
        std::copy(in, in + length_, points);
        complex_.forward(points, points, rest);
        std::copy(points, points + bins(), out);
        out[0].imag(0);
        return;
    }
    complex_.forward(reinterpret_cast<const std::complex<T>*>(in), out, rest);
    kernels_.split(roots_.data(), length_ / 2, reinterpret_cast<T*>(out));
}

template <typename T>
void RealFft<T>::inverse(const std::complex<T>* in, T* out, T* scratch) const {
    auto* const points = reinterpret_cast<std::complex<T>*>(scratch);
    auto* const rest = scratch + aligned_count<T>(2 * length_);
    if (is_odd()) {
        points[0] = in[0].real();
        for (std::size_t k = 1; k < bins(); ++k) {
            points[k] = in[k];
            points[length_ - k] = std::conj(in[k]);
        }
        complex_.inverse(points, points, rest);
        for (std::size_t n = 0; n < length_; ++n)
            out[n] = points[n].real();
        return;
    }
    kernels_.merge(roots_.data(), length_ / 2, reinterpret_cast<const T*>(in), scratch);
    complex_.inverse(points, reinterpret_cast<std::complex<T>*>(out), rest);
}

template class ComplexFft<double>;
template class ComplexFft<float>;
template class RealFft<float>;
template class RealFft<double>;

} // namespace tactus
