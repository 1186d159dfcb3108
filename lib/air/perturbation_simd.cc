// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of a perturbation, rotated and added. Compiled once per instruction set, always
// without contraction, so that add gives the same bits as write with a later addition.
#include "air/perturbation_kernels.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

namespace {

void write_rows(chosen_rows rows, float* out)
{
    // Whole vectors, where each row overwrites the surplus of the previous one.
    for (size_t i = 0; i < rows.count; ++i, out += rows.floats)
        for (size_t j = 0; j < rows.floats; j += lanes)
            store(out + j, load(rows.table + rows.offset[i] + j));
}

void write_turned_rows(chosen_rows rows,
                       const float* quadrature,
                       const float* cosine,
                       const float* sine,
                       float* out)
{
    for (size_t i = 0; i < rows.count; ++i, out += rows.floats) {
        const vfloat c = fill(cosine[i]), s = fill(sine[i]);
        const size_t at = rows.offset[i];
        for (size_t j = 0; j < rows.floats; j += lanes)
            store(out + j, load(rows.table + at + j) * c + load(quadrature + at + j) * s);
    }
}

void add_floats(const float* x, size_t count, float* y)
{
    size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        store(y + i, load(y + i) + load(x + i));
    for (; i < count; ++i)
        y[i] += x[i];
}

void add_pattern(const float* pattern, size_t period, size_t count, float* y)
{
    size_t done = 0;
    while (done + period <= count) {
        for (size_t i = 0; i < period; i += lanes)
            store(y + done + i, load(y + done + i) + load(pattern + i));
        done += period;
    }
    add_floats(pattern, count - done, y + done);
}

} // namespace

extern const perturbation_kernels perturbation_table = {
    write_rows, write_turned_rows, add_floats, add_pattern
};

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
