// SPDX-License-Identifier: GPL-3.0-or-later
// Kernels of the rows of a perturbation: see perturbation.h.
#pragma once
#include <cstddef>

namespace gr::advphy {

// Rows of a table that begin at these offsets.
struct chosen_rows {
    const float* table;
    const size_t* offset; // [count]
    size_t floats; // of a row
    size_t count;
};

// row_padding floats after `out` may be written.
struct perturbation_kernels {
    void (*write_rows)(chosen_rows rows, float* out);
    // quadrature: the table times the imaginary unit; cosine, sine: [count].
    void (*write_turned_rows)(chosen_rows rows,
                              const float* quadrature,
                              const float* cosine,
                              const float* sine,
                              float* out);
    void (*add_floats)(const float* x, size_t count, float* y);
    // pattern: a whole number of vectors of row_padding floats that repeats seamlessly.
    void (*add_pattern)(const float* pattern, size_t period, size_t count, float* y);
};

} // namespace gr::advphy
