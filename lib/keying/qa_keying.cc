// SPDX-License-Identifier: GPL-3.0-or-later
// Keyed transforms: orthogonal, undone by the inverse, the same bits on any instruction
// set, padding untouched; and the squared error against a sum in long double.
#define BOOST_TEST_MODULE keying
#include "code/distortion.h"
#include "instruction_set.h"
#include "keying/keying.h"
#include <boost/test/included/unit_test.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

using namespace gr::advphy;

namespace {

struct transform {
    void (*apply)(const uint32_t*, size_t, const float*, size_t, size_t, bool, float*);
    size_t (*words)(size_t);
};

const transform transforms[] = { { &signs, &signs_words },
                                 { &sign_permutation, &sign_permutation_words },
                                 { &rotation, &rotation_words } };

std::vector<float> some_items(size_t count, size_t reals)
{
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    const size_t floats = (reals + 1) / 2 * 2;
    std::vector<float> x(count * floats);
    for (size_t i = 0; i < x.size(); ++i)
        x[i] = reals % 2 && i % floats == floats - 1 ? 0.0f : normal(generator);
    return x;
}

std::vector<uint32_t> some_words(size_t count)
{
    std::mt19937 generator(2);
    std::vector<uint32_t> words(count);
    for (uint32_t& w : words)
        w = uint32_t(generator());
    return words;
}

double norm(const float* x, size_t floats)
{
    double sum = 0;
    for (size_t i = 0; i < floats; ++i)
        sum += double(x[i]) * x[i];
    return std::sqrt(sum);
}

double distance(const std::vector<float>& a, const std::vector<float>& b)
{
    double worst = 0;
    for (size_t i = 0; i < a.size(); ++i)
        worst = std::max(worst, double(std::abs(a[i] - b[i])));
    return worst;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_inverse_undoes_it_in_place_too_on_every_instruction_set)
{
    for (const transform& t : transforms)
        for (const size_t reals : { 1, 2, 3, 22, 23, 64, 65 })
            for (const size_t count : { 1, 15, 16, 17, 50 }) {
                const size_t row = t.words(reals), floats = (reals + 1) / 2 * 2;
                const auto words = some_words(count * row);
                const auto x = some_items(count, reals);
                choose_instruction_set("baseline");
                std::vector<float> wanted(x.size());
                t.apply(words.data(), row, x.data(), count, reals, false, wanted.data());
                for (size_t i = 0; i < count; ++i)
                    BOOST_TEST(std::abs(norm(&wanted[i * floats], floats) /
                                            norm(&x[i * floats], floats) -
                                        1) < 1e-5);
                for (const auto& name : instruction_sets()) {
                    choose_instruction_set(name);
                    auto y = x;
                    t.apply(words.data(), row, y.data(), count, reals, false, y.data());
                    BOOST_TEST((y == wanted));
                    t.apply(words.data(), row, y.data(), count, reals, true, y.data());
                    BOOST_TEST(distance(x, y) < 1e-5);
                }
            }
    choose_instruction_set(instruction_sets().front());
}

BOOST_AUTO_TEST_CASE(the_columns_are_orthonormal)
{
    for (const transform& t : transforms)
        for (const size_t reals : { 1, 2, 23, 32 }) {
            const size_t row = t.words(reals), floats = (reals + 1) / 2 * 2;
            const size_t n = floats / 2;
            const auto one = some_words(row);
            std::vector<uint32_t> words;
            std::vector<float> q(reals * floats);
            for (size_t j = 0; j < reals; ++j) { // unit vector j becomes column j
                words.insert(words.end(), one.begin(), one.end());
                q[j * floats + (j < n ? 2 * j : 2 * (j - n) + 1)] = 1;
            }
            t.apply(words.data(), row, q.data(), reals, reals, false, q.data());
            for (size_t i = 0; i < reals; ++i)
                for (size_t j = 0; j <= i; ++j) {
                    double product = 0;
                    for (size_t k = 0; k < floats; ++k)
                        product += double(q[i * floats + k]) * q[j * floats + k];
                    BOOST_TEST(std::abs(product - (i == j)) < 3e-6);
                }
        }
}

BOOST_AUTO_TEST_CASE(padding_is_not_read_and_written_as_zero)
{
    const size_t reals = 5, floats = 6, count = 19;
    for (const transform& t : transforms)
        for (const bool inverse : { false, true }) {
            const size_t row = t.words(reals) + 3; // rows may be longer
            const auto words = some_words(count * row);
            auto x = some_items(count, reals);
            std::vector<float> wanted(x.size());
            t.apply(words.data(), row, x.data(), count, reals, inverse, wanted.data());
            for (size_t i = 0; i < count; ++i)
                x[i * floats + floats - 1] = std::numeric_limits<float>::quiet_NaN();
            std::vector<float> y(x.size() + 1, 7.0f);
            t.apply(words.data(), row, x.data(), count, reals, inverse, y.data());
            BOOST_TEST(y.back() == 7.0f);
            y.pop_back();
            BOOST_TEST((y == wanted));
            for (size_t i = 0; i < count; ++i)
                BOOST_TEST(y[i * floats + floats - 1] == 0.0f);
        }
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_stays_in_its_item)
{
    const size_t reals = 23, floats = 24, count = 18;
    for (const transform& t : transforms)
        for (const float bad : { std::numeric_limits<float>::quiet_NaN(),
                                 std::numeric_limits<float>::infinity() }) {
            const size_t row = t.words(reals);
            const auto words = some_words(count * row);
            auto x = some_items(count, reals);
            x[3 * floats + 4] = bad;
            t.apply(words.data(), row, x.data(), count, reals, false, x.data());
            for (size_t i = 0; i < count; ++i)
                BOOST_TEST(std::isfinite(norm(&x[i * floats], floats)) == (i != 3));
        }
}

BOOST_AUTO_TEST_CASE(the_extreme_words_give_orthogonal_matrices)
{
    const size_t reals = 23, floats = 24;
    for (const transform& t : transforms)
        for (const uint32_t word : { 0u, 0x7fffffffu, 0x80000000u, 0xffffffffu }) {
            const std::vector<uint32_t> words(t.words(reals), word);
            const auto x = some_items(1, reals);
            std::vector<float> y(floats);
            t.apply(words.data(), words.size(), x.data(), 1, reals, false, y.data());
            BOOST_TEST(std::abs(norm(y.data(), floats) / norm(x.data(), floats) - 1) <
                       1e-5);
        }
}

BOOST_AUTO_TEST_CASE(squared_error_is_the_sum_of_squares)
{
    for (const size_t features : { 0, 1, 7, 8, 23, 784 }) {
        const size_t count = 5;
        const auto all = some_items(2, 1024);
        std::vector<float> a(count * features), b(count * features);
        for (size_t i = 0; i < a.size(); ++i) {
            a[i] = all[i % 1021];
            b[i] = all[(i + 500) % 1021] * 0.1f;
        }
        double out[count];
        squared_error(a.data(), b.data(), count, features, out);
        for (size_t i = 0; i < count; ++i) {
            long double wanted = 0;
            for (size_t j = i * features; j < (i + 1) * features; ++j)
                wanted += (static_cast<long double>(a[j]) - b[j]) *
                          (static_cast<long double>(a[j]) - b[j]);
            BOOST_TEST(std::abs(double(out[i] - wanted)) <= 1e-6 * double(wanted));
        }
    }
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused)
{
    float x[2] = {};
    const std::vector<uint32_t> words(4);
    for (const transform& t : transforms) {
        BOOST_CHECK_THROW(t.apply(words.data(), 4, x, 1, 0, false, x),
                          std::invalid_argument);
        BOOST_CHECK_THROW(t.apply(words.data(), 4, x, 1, 1025, false, x),
                          std::invalid_argument);
        BOOST_CHECK_THROW(t.apply(words.data(), 0, x, 1, 2, false, x),
                          std::invalid_argument);
    }
}
