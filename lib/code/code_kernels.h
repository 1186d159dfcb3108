// SPDX-License-Identifier: GPL-3.0-or-later
// Kernels of codeword look-up and counting: see codebook.h.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

struct code_kernels {
    void (*look_up)(const float* codebook,
                    size_t row_floats,
                    size_t padded_row_floats,
                    const uint8_t* messages,
                    size_t count,
                    float* out);
    // Number of bytes that differ. Reference: numpy count_nonzero(a != b).
    size_t (*count_differences)(const uint8_t* a, const uint8_t* b, size_t count);
};

} // namespace gr::advphy
