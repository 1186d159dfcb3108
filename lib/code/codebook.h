// SPDX-License-Identifier: GPL-3.0-or-later
// Codes: codeword look-up, hard decision on binary codes, counting of errors, squared
// error of features.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr::advphy {

// Return the floats of a row; std::invalid_argument unless there are 1..256 rows of equal
// length, a multiple of `multiple_of`.
size_t row_floats(const char* what, size_t floats, size_t rows, size_t multiple_of);

// Throw std::invalid_argument if a message is not in 0..most - 1.
void check_messages(const uint8_t* messages, size_t count, size_t most);

// Codeword look-up. Cost: one copy of a row. Reference: numpy codebook[messages].
class codebook
{
public:
    // values: [messages][row] floats; a complex codeword of n is a row of 2n.
    codebook(const std::vector<float>& values, size_t messages);

    size_t row() const { return d_row; }

    // out[i] = row of message in[i]; std::invalid_argument if a message is too large.
    void look_up(const uint8_t* in, size_t count, float* out) const;

private:
    size_t d_messages;
    size_t d_row;
    std::vector<float> d_values; // [messages][row]
};

// Hard decision on n BPSK symbols: bit j is 1 if Re y[j] < 0, and the message is
// table[sum of bit j 2^(n-1-j)]. erased: as in network::decide. Cost: n comparisons.
// Reference: hard_decision_table in link/decision.py.
class hard_decision
{
public:
    hard_decision(std::vector<uint8_t> table, size_t n);

    size_t inputs() const { return 2 * d_n; } // floats of an item
    // y: [count][2n] floats, real and imaginary parts in turn.
    size_t decide(const float* y, size_t count, uint8_t* messages, uint8_t* erased) const;

private:
    std::vector<uint8_t> d_table;
    size_t d_n;
};

// Number of bytes that differ. Reference: numpy count_nonzero(a != b).
size_t count_differences(const uint8_t* a, const uint8_t* b, size_t count);

// out[i] = sum over the features of (a[i][feature] - b[i][feature])^2, within 2e-7. Cost
// per feature: a subtraction in float, two operations in double; limited by memory.
// Reference: np.sum((a - b) ** 2, axis=1, dtype=float).
void squared_error(
    const float* a, const float* b, size_t count, size_t features, double* out);

} // namespace gr::advphy
