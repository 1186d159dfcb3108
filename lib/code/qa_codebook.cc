// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of codes: look-up, hard decision, counted differences, squared error.
#include "code/codebook.h"
#include "qa.h"
#include <cmath>
#include <numeric>

using namespace gr::advphy;

BOOST_AUTO_TEST_CASE(look_up_copies_rows_of_any_length)
{
    std::mt19937 generator(1);
    on_each_instruction_set([&] {
        for (size_t row : { 1, 2, 8, 14, 16, 18, 33 })
            for (size_t count : { 0, 1, 3, 20, 100 }) {
                std::vector<float> values(16 * row);
                std::iota(values.begin(), values.end(), 0.0f);
                const codebook book(values, 16);
                std::vector<uint8_t> messages(count);
                for (uint8_t& m : messages)
                    m = generator() % 16;
                std::vector<float> out(count * row + 1, -1.0f);
                book.look_up(messages.data(), count, out.data());
                BOOST_TEST(out.back() == -1.0f);
                for (size_t i = 0; i < count; ++i)
                    for (size_t j = 0; j < row; ++j)
                        BOOST_TEST(out[i * row + j] == float(messages[i] * row + j));
            }
    });
}

BOOST_AUTO_TEST_CASE(hard_decision_looks_the_signs_up)
{
    const hard_decision decider({ 0, 1, 2, 3, 4, 5, 6, 7 }, 3);
    const float y[] = { 1, 0, -1, 0, -2, 0, -1, 5, 1, 5, std::nanf(""), 0 };
    uint8_t messages[2], erased[2];
    BOOST_TEST(decider.decide(y, 2, messages, erased) == 1);
    BOOST_TEST(int(messages[0]) == 3); // + - - is 011
    BOOST_TEST(int(erased[0]) == 0);
    BOOST_TEST(int(erased[1]) == 1);
    BOOST_TEST(int(messages[1]) == 0);
}

BOOST_AUTO_TEST_CASE(differences_are_counted)
{
    for (size_t size : { 0, 1, 300, 100000 }) {
        std::vector<uint8_t> a(size, 3), b(size, 3);
        size_t wanted = 0;
        for (size_t i = 0; i < size; i += 7, ++wanted)
            b[i] = 4;
        BOOST_TEST(count_differences(a.data(), b.data(), size) == wanted);
    }
}

BOOST_AUTO_TEST_CASE(squared_error_is_the_sum_of_squares)
{
    const size_t count = 5;
    for (const size_t features : { 0, 1, 7, 8, 23, 784 }) {
        const auto a = random_floats(count * features, 1);
        const auto b = random_floats(count * features, 2, 0.1f);
        double out[count];
        squared_error(a.data(), b.data(), count, features, out);
        for (size_t i = 0; i < count; ++i) {
            double wanted = 0;
            for (size_t j = i * features; j < (i + 1) * features; ++j)
                wanted += std::pow(double(a[j]) - b[j], 2);
            BOOST_TEST(std::abs(out[i] - wanted) <= 1e-6 * wanted);
        }
    }
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused)
{
    BOOST_CHECK_THROW(codebook({ 1, 2, 3 }, 2), std::invalid_argument);
    BOOST_CHECK_THROW(codebook(std::vector<float>(257), 257), std::invalid_argument);
    BOOST_CHECK_THROW(hard_decision({ 0, 1, 2 }, 2), std::invalid_argument);
    const codebook book(std::vector<float>(4 * 2), 4);
    const uint8_t message = 4;
    float out[2];
    BOOST_CHECK_THROW(book.look_up(&message, 1, out), std::invalid_argument);
}
