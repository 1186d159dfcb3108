// SPDX-License-Identifier: GPL-3.0-or-later
// Codes: look-up of any row length, nearest codeword by brute force, hard decision.
#define BOOST_TEST_MODULE codebook
#include "code/codebook.h"
#include "instruction_set.h"
#include "network/network.h"
#include <boost/test/included/unit_test.hpp>
#include <cmath>
#include <random>

using namespace gr::advphy;

BOOST_AUTO_TEST_CASE(look_up_copies_rows_of_any_length)
{
    std::mt19937 generator(1);
    for (const auto& name : instruction_sets()) {
        choose_instruction_set(name);
        for (size_t row : { 1, 2, 8, 14, 16, 18, 33 })
            for (size_t count : { 0, 1, 3, 20, 100 }) {
                std::vector<float> values(16 * row);
                for (size_t i = 0; i < values.size(); ++i)
                    values[i] = float(i);
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
    }
    choose_instruction_set(instruction_sets().front());
}

BOOST_AUTO_TEST_CASE(nearest_codeword_is_the_one_at_least_distance)
{
    std::mt19937 generator(2);
    std::normal_distribution<float> normal;
    std::vector<float> book(16 * 14), y(500 * 14);
    for (float& v : book)
        v = normal(generator);
    for (float& v : y)
        v = normal(generator);
    const network net = nearest_codeword(book, 16, {});
    std::vector<uint8_t> messages(500), erased(500);
    net.decide(y.data(), 500, messages.data(), erased.data());
    for (size_t i = 0; i < 500; ++i) {
        int nearest = 0;
        double least = 1e9;
        for (int m = 0; m < 16; ++m) {
            double distance = 0;
            for (int j = 0; j < 14; ++j)
                distance += std::pow(double(y[i * 14 + j]) - book[m * 14 + j], 2);
            if (distance < least) {
                least = distance;
                nearest = m;
            }
        }
        BOOST_TEST(int(messages[i]) == nearest);
    }
}

BOOST_AUTO_TEST_CASE(hard_decision_looks_the_signs_up)
{
    std::vector<uint8_t> table(8);
    for (int i = 0; i < 8; ++i)
        table[i] = uint8_t(i);
    const hard_decision decider(table, 3);
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

BOOST_AUTO_TEST_CASE(bad_input_is_refused)
{
    BOOST_CHECK_THROW(codebook({ 1, 2, 3 }, 2), std::invalid_argument);
    BOOST_CHECK_THROW(codebook(std::vector<float>(257), 257), std::invalid_argument);
    BOOST_CHECK_THROW(hard_decision({ 0, 1, 2 }, 2), std::invalid_argument);
    BOOST_CHECK_THROW(nearest_codeword({ 1, 2, 3 }, 2, {}), std::invalid_argument);
    const codebook book(std::vector<float>(4 * 2), 4);
    const uint8_t message = 4;
    float out[2];
    BOOST_CHECK_THROW(book.look_up(&message, 1, out), std::invalid_argument);
}
