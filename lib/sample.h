// SPDX-License-Identifier: GPL-3.0-or-later
// What all kernels work on: complex samples, in rows that leave room for whole vectors.
#pragma once
#include <complex>
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

// Arrays of samples also pass as twice as many floats, real and imaginary in turn.
using sample = std::complex<float>;

// Floats that a row may be read, and written, past its end: the widest vector's.
constexpr size_t row_padding = 16;

} // namespace gr::advphy
