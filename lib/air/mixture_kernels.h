// SPDX-License-Identifier: GPL-3.0-or-later
// Kernels of mixtures of codewords and perturbations: see mixture.h.
#pragma once
#include "network/network_kernels.h"
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
           work_floats(int(floats));
}

// Blocks of which the first `blocks`, a multiple of 16, are used.
struct blocks_view {
    const float* y; // [floats][stride]
    const float* with_codewords; // inner products of y, [messages][stride]
    const float* present; // [blocks]
    size_t stride, blocks;
};

// Results of a pass: [blocks], and joint [messages][components] followed by sums
// [components][floats].
struct pass_results {
    float *largest, *total, *mean;
    double* totals;
};

struct mixture_kernels {
    void (*inner_products)(const float* y,
                           size_t blocks,
                           const float* rows,
                           int count,
                           int floats,
                           float* out);
    // One step of expectation-maximization.
    void (*pass)(const mixture_view& m,
                 const blocks_view& from,
                 float* work,
                 const pass_results& to);
    // The most likely component of each block; y [count][floats].
    void (*choose_components)(const mixture_view& m,
                              const int* identity,
                              const float* y,
                              size_t count,
                              float* work,
                              uint8_t* component);
};

} // namespace gr::advphy
