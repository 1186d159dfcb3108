// SPDX-License-Identifier: GPL-3.0-or-later
// Kernels of the rows of a perturbation: see perturbation.h.
#pragma once
#include <cstddef>

namespace gr::advphy {

// row_padding floats after `out` may be written.
struct perturbation_kernels {
    void (*write_rows)(const float* table,
                       const size_t* offset,
                       size_t row_floats,
                       size_t count,
                       float* out);
    void (*write_turned_rows)(const float* table,
                              const float* quadrature,
                              const size_t* offset,
                              const float* cosine,
                              const float* sine,
                              size_t row_floats,
                              size_t count,
                              float* out);
    void (*add_floats)(const float* x, size_t count, float* y);
    // pattern: a whole number of vectors of row_padding floats that repeats seamlessly.
    void (*add_pattern)(const float* pattern, size_t period, size_t count, float* y);
};

} // namespace gr::advphy
