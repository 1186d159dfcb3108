// SPDX-License-Identifier: GPL-3.0-or-later
#include "code/distortion.h"

namespace gr::advphy {

void squared_error(
    const float* a, const float* b, size_t count, size_t features, double* out)
{
    constexpr size_t lanes = 8; // independent sums
    for (size_t i = 0; i < count; ++i, a += features, b += features) {
        double sums[lanes] = {};
        size_t j = 0;
        for (; j + lanes <= features; j += lanes)
            for (size_t l = 0; l < lanes; ++l) {
                const double difference = a[j + l] - b[j + l];
                sums[l] += difference * difference;
            }
        for (; j < features; ++j) {
            const double difference = a[j] - b[j];
            sums[0] += difference * difference;
        }
        out[i] = 0;
        for (const double sum : sums)
            out[i] += sum;
    }
}

} // namespace gr::advphy
