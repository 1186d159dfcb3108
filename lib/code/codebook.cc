// SPDX-License-Identifier: GPL-3.0-or-later
#include "code/codebook.h"
#include <algorithm>
#include <stdexcept>
#include <string>

namespace gr::advphy {

size_t row_floats(const char* what, size_t floats, size_t rows, size_t multiple_of)
{
    if (rows == 0 || rows > 256 || floats == 0 || floats % (multiple_of * rows))
        throw std::invalid_argument(std::string(what) + " of " + std::to_string(floats) +
                                    " floats in " + std::to_string(rows) +
                                    " rows, expected 1..256 rows of equal length, a "
                                    "multiple of " +
                                    std::to_string(multiple_of) + " floats each");
    return floats / rows;
}

void check_messages(const uint8_t* messages, size_t count, size_t most)
{
    uint8_t largest = 0;
    for (size_t i = 0; most < 256 && i < count; ++i)
        largest = std::max(largest, messages[i]);
    if (largest >= most)
        throw std::invalid_argument("message " + std::to_string(largest) +
                                    " is not in 0.." + std::to_string(most - 1));
}

codebook::codebook(const std::vector<float>& values, size_t messages)
    : d_messages(messages), d_row(row_floats("codebook", values.size(), messages, 1)),
      d_values(values)
{
}

void codebook::look_up(const uint8_t* in, size_t count, float* out) const
{
    check_messages(in, count, d_messages);
    const float* values = d_values.data();
    const size_t row = d_row;
    for (size_t i = 0; i < count; ++i)
        std::copy_n(values + in[i] * row, row, out + i * row);
}

hard_decision::hard_decision(std::vector<uint8_t> table, size_t n)
    : d_table(std::move(table)), d_n(n)
{
    if (n == 0 || n > 16 || d_table.size() != size_t(1) << n)
        throw std::invalid_argument(
            "hard-decision table has " + std::to_string(d_table.size()) +
            " entries, expected 2^n with n = " + std::to_string(n) + " in 1..16");
}

size_t hard_decision::decide(const float* y,
                             size_t count,
                             uint8_t* messages,
                             uint8_t* erased) const
{
    size_t erasures = 0;
    for (size_t i = 0; i < count; ++i, y += 2 * d_n) {
        unsigned word = 0;
        float finite = 0.0f;
        for (size_t j = 0; j < d_n; ++j) {
            word = word << 1 | unsigned(y[2 * j] < 0.0f);
            finite += y[2 * j] * 0.0f + y[2 * j + 1] * 0.0f;
        }
        const bool erase = finite != 0.0f; // NaN where a sample is not finite
        erased[i] = erase;
        messages[i] = erase ? 0 : d_table[word];
        erasures += erase;
    }
    return erasures;
}

size_t count_differences(const uint8_t* a, const uint8_t* b, size_t count)
{
    size_t differences = 0;
    for (size_t i = 0; i < count; ++i)
        differences += a[i] != b[i];
    return differences;
}

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
