// SPDX-License-Identifier: GPL-3.0-or-later
// Kernels of mixtures of codewords and perturbations: see mixture.h.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

// A mixture for the kernels: y = x_s + p_z + noise with an unknown pair (s, z).
struct mixture_view {
    int messages;
    int components;
    int floats; // of a block
    const float* codebook; // [messages][floats]
    const float* p; // [components][floats]
    const float* prior; // [messages][components]
    float inverse_variance;
};

// Work memory of `pass` and `choose_components`.
constexpr size_t mixture_floats(size_t messages, size_t components, size_t floats)
{
    return 16 * (2 * messages * components + components * (floats + 2)) +
           3 * 32 * (floats + 16);
}

// y is [floats][stride]; present and the outputs are [blocks], a multiple of 16. totals:
// joint [messages][components], sums [components][floats]. with_codewords: inner products
// of y with the codebook, [messages][stride].
struct mixture_kernels {
    void (*inner_products)(const float* y,
                           size_t blocks,
                           const float* rows,
                           int count,
                           int floats,
                           float* out);
    // One step of expectation-maximization.
    void (*pass)(const mixture_view& m,
                 const float* y,
                 const float* with_codewords,
                 size_t stride,
                 const float* present,
                 size_t blocks,
                 float* work,
                 float* largest,
                 float* total,
                 float* mean,
                 double* totals);
    // The most likely component of each block; y [count][floats].
    void (*choose_components)(const mixture_view& m,
                              const int* identity,
                              const float* y,
                              size_t count,
                              float* work,
                              uint8_t* component);
};

} // namespace gr::advphy
