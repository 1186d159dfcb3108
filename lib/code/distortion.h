// SPDX-License-Identifier: GPL-3.0-or-later
// How far what was received is from what was sent.
//
// Cost per feature: a subtraction in float, two operations in double; bound by memory.
// Reference: np.sum((a - b) ** 2, axis=1, dtype=float).
#pragma once
#include <cstddef>

namespace gr::advphy {

// out[i] = sum over the features of (a[i][feature] - b[i][feature])^2, within 2e-7 of it.
void squared_error(
    const float* a, const float* b, size_t count, size_t features, double* out);

} // namespace gr::advphy
