// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of keyed transforms: they are orthogonal, the inverse undoes them, every
// instruction set gives the same bits, and padding has no effect.
// tests/test_keyed_transforms.py has their matrices.
#include "keying/keying.h"
#include "qa.h"
#include <cmath>
#include <limits>

using namespace gr::advphy;

namespace {

std::vector<float> some_items(size_t count, size_t reals)
{
    const size_t floats = (reals + 1) / 2 * 2;
    auto x = random_floats(count * floats, 1);
    for (size_t i = 0; reals % 2 && i < count; ++i)
        x[i * floats + floats - 1] = 0;
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
    for (const auto& name : keyed_transform::names)
        for (const size_t reals : { 1, 2, 3, 22, 23, 64, 65 })
            for (const size_t count : { 1, 15, 16, 17, 50 }) {
                const keyed_transform t(name, reals);
                const size_t row = t.words(), floats = t.floats();
                const auto words = some_words(count * row);
                const auto x = some_items(count, reals);
                choose_instruction_set("baseline");
                std::vector<float> wanted(x.size());
                t.apply({ words.data(), row, x.data(), count, false, wanted.data() });
                for (size_t i = 0; i < count; ++i)
                    BOOST_TEST(std::abs(norm(&wanted[i * floats], floats) /
                                            norm(&x[i * floats], floats) -
                                        1) < 1e-5);
                on_each_instruction_set([&] {
                    auto y = x;
                    t.apply({ words.data(), row, y.data(), count, false, y.data() });
                    BOOST_TEST((y == wanted));
                    t.apply({ words.data(), row, y.data(), count, true, y.data() });
                    BOOST_TEST(distance(x, y) < 1e-5);
                });
            }
}

BOOST_AUTO_TEST_CASE(padding_is_not_read_and_written_as_zero)
{
    const size_t reals = 5, floats = 6, count = 19;
    for (const auto& name : keyed_transform::names)
        for (const bool inverse : { false, true }) {
            const keyed_transform t(name, reals);
            const size_t row = t.words() + 3; // rows may be longer
            const auto words = some_words(count * row);
            auto x = some_items(count, reals);
            std::vector<float> wanted(x.size());
            t.apply({ words.data(), row, x.data(), count, inverse, wanted.data() });
            for (size_t i = 0; i < count; ++i)
                x[i * floats + floats - 1] = std::numeric_limits<float>::quiet_NaN();
            std::vector<float> y(x.size() + 1, 7.0f);
            t.apply({ words.data(), row, x.data(), count, inverse, y.data() });
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
    for (const auto& name : keyed_transform::names)
        for (const float bad : { std::numeric_limits<float>::quiet_NaN(),
                                 std::numeric_limits<float>::infinity() }) {
            const keyed_transform t(name, reals);
            const auto words = some_words(count * t.words());
            auto x = some_items(count, reals);
            x[3 * floats + 4] = bad;
            t.apply({ words.data(), t.words(), x.data(), count, false, x.data() });
            for (size_t i = 0; i < count; ++i)
                BOOST_TEST(std::isfinite(norm(&x[i * floats], floats)) == (i != 3));
        }
}

BOOST_AUTO_TEST_CASE(the_extreme_words_give_orthogonal_matrices)
{
    const size_t reals = 23, floats = 24;
    for (const auto& name : keyed_transform::names)
        for (const uint32_t word : { 0u, 0x7fffffffu, 0x80000000u, 0xffffffffu }) {
            const keyed_transform t(name, reals);
            const std::vector<uint32_t> words(t.words(), word);
            const auto x = some_items(1, reals);
            std::vector<float> y(floats);
            t.apply({ words.data(), words.size(), x.data(), 1, false, y.data() });
            BOOST_TEST(std::abs(norm(y.data(), floats) / norm(x.data(), floats) - 1) <
                       1e-5);
        }
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused)
{
    BOOST_CHECK_THROW(keyed_transform("rotations", 2), std::invalid_argument);
    for (const auto& name : keyed_transform::names) {
        BOOST_CHECK_THROW(keyed_transform(name, 0), std::invalid_argument);
        BOOST_CHECK_THROW(keyed_transform(name, 1025), std::invalid_argument);
        float x[2] = {};
        const uint32_t word = 0;
        BOOST_CHECK_THROW(keyed_transform(name, 2).apply({ &word, 0, x, 1, false, x }),
                          std::invalid_argument);
    }
}
