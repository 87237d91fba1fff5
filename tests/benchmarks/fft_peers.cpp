// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fft_peers.h"

#ifdef HAVE_FFTW
#include <fftw3.h>
#endif
#ifdef HAVE_GSTFFT
#include <gst/fft/gstfftf32.h>
#endif

namespace tactus::bench {

#ifdef HAVE_FFTW

template <>
Transform fftw_real<float>(std::size_t length) {
    const auto in = make_signal<float>(length);
    const auto out = make_signal<float>(length + 2);
    const std::shared_ptr<fftwf_plan_s> plan(
        fftwf_plan_dft_r2c_1d(static_cast<int>(length), in->data(),
                              reinterpret_cast<fftwf_complex*>(out->data()), FFTW_PATIENT),
        fftwf_destroy_plan);
    *in = *make_signal<float>(length); // planning overwrites it
    return [in, out, plan] { fftwf_execute(plan.get()); };
}

template <>
Transform fftw_real<double>(std::size_t length) {
    const auto in = make_signal<double>(length);
    const auto out = make_signal<double>(length + 2);
    const std::shared_ptr<fftw_plan_s> plan(
        fftw_plan_dft_r2c_1d(static_cast<int>(length), in->data(),
                             reinterpret_cast<fftw_complex*>(out->data()), FFTW_PATIENT),
        fftw_destroy_plan);
    *in = *make_signal<double>(length);
    return [in, out, plan] { fftw_execute(plan.get()); };
}

std::string fftw_build() {
    return fftwf_version;
}

#else

template <>
Transform fftw_real<float>(std::size_t) {
    return {};
}
template <>
Transform fftw_real<double>(std::size_t) {
    return {};
}
std::string fftw_build() {
    return {};
}

#endif

#ifdef HAVE_GSTFFT

Transform gstfft_real(std::size_t length) {
    const auto in = make_signal<float>(length);
    const auto out = make_signal<float>(length + 2);
    const std::shared_ptr<GstFFTF32> plan(gst_fft_f32_new(static_cast<int>(length), FALSE),
                                          gst_fft_f32_free);
    return [in, out, plan] {
        gst_fft_f32_fft(plan.get(), in->data(), reinterpret_cast<GstFFTF32Complex*>(out->data()));
    };
}

#else

Transform gstfft_real(std::size_t) {
    return {};
}

#endif

} // namespace tactus::bench
