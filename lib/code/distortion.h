// SPDX-License-Identifier: GPL-3.0-or-later
// Squared error between received and sent features.
//
// Cost per feature: a subtraction in float, two operations in double; limited by memory.
// Reference: np.sum((a - b) ** 2, axis=1, dtype=float).
#pragma once
#include <cstddef>

namespace gr::advphy {

// out[i] = sum over the features of (a[i][feature] - b[i][feature])^2, within 2e-7.
void squared_error(
    const float* a, const float* b, size_t count, size_t features, double* out);

} // namespace gr::advphy
