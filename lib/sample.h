// SPDX-License-Identifier: GPL-3.0-or-later
// Complex samples, and the padding of rows for whole vectors.
#pragma once
#include <complex>
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

// An array of samples may also be passed as floats, real and imaginary parts in turn.
using sample = std::complex<float>;

// Floats that may be read and written past the end of a row: the widest vector.
constexpr size_t row_padding = 16;

} // namespace gr::advphy
