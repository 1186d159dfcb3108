// SPDX-License-Identifier: GPL-3.0-or-later
// Code look-up and the counting of errors. Compiled once per instruction set.
#include "code/code_kernels.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

namespace {

void look_up(const float* codebook,
             size_t row_floats,
             size_t padded_row_floats,
             const uint8_t* messages,
             size_t count,
             float* out)
{
    // Whole vectors, where each row overwrites the surplus of the previous one. The last
    // rows, whose surplus would be outside of `out`, are written float by float.
    const size_t surplus = (padded_row_floats - row_floats + row_floats - 1) / row_floats;
    const size_t whole = count > surplus ? count - surplus : 0;
    for (size_t i = 0; i < whole; ++i) {
        const float* row = codebook + messages[i] * padded_row_floats;
        for (size_t j = 0; j < row_floats; j += lanes)
            store(out + i * row_floats + j, load(row + j));
    }
    for (size_t i = whole; i < count; ++i)
        for (size_t j = 0; j < row_floats; ++j)
            out[i * row_floats + j] = codebook[messages[i] * padded_row_floats + j];
}

size_t count_differences(const uint8_t* a, const uint8_t* b, size_t count)
{
    size_t differences = 0;
    for (size_t i = 0; i < count; ++i)
        differences += a[i] != b[i];
    return differences;
}

} // namespace

extern const code_kernels code_table = { look_up, count_differences };

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
