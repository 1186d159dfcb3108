// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of the canceller: it finds the perturbation on every instruction set, values that
// are not finite do not spread, and components are those of brute force.
#include "air/canceller.h"
#include "qa.h"
#include <cmath>
#include <numeric>

using namespace gr::advphy;

namespace {

constexpr size_t messages_there_are = 8, floats = 6, blocks = 512, sampled = 128;
constexpr float sigma = 0.2f;

struct scene {
    std::vector<float> codebook, y;
    row p;

    // p arrives under one of the transforms, at random.
    explicit scene(const std::vector<transform>& how)
        : codebook(messages_there_are * floats), y(blocks * floats), p(floats)
    {
        std::mt19937 generator(3);
        std::normal_distribution<float> normal;
        for (float& v : codebook)
            v = normal(generator);
        for (double& v : p)
            v = 0.7 * normal(generator);
        for (size_t b = 0; b < blocks; ++b) {
            const size_t s = generator() % messages_there_are;
            const auto added = image_of(how[generator() % how.size()], p);
            for (size_t f = 0; f < floats; ++f)
                y[b * floats + f] = codebook[s * floats + f] + float(added[f]) +
                                    sigma * normal(generator);
        }
    }
};

double distance(const row& a, const row& b) { return std::sqrt(energy_of(a - b)); }

const std::vector<transform> still{ { 0, 1.0 } };
const std::vector<transform> signs{ { 0, 1.0 }, { 0, -1.0 } };
const std::vector<transform> shifts{ { 0, 1.0 }, { 1, 1.0 }, { 2, 1.0 } };

} // namespace

BOOST_AUTO_TEST_CASE(a_transform_is_undone_by_its_inverse)
{
    const row p{ 1, 2, 3, 4, 5, 6 };
    const transform t{ 2, { 0.6, 0.8 } };
    BOOST_TEST(distance(inverse_image(t, image_of(t, p)), p) < 1e-12);
    BOOST_TEST(distance(image_of({ 1, 1.0 }, p), { 5, 6, 1, 2, 3, 4 }) == 0);
}

BOOST_AUTO_TEST_CASE(what_was_added_is_found_and_taken_off)
{
    // Standard error of p: sigma / sqrt(sampled) in each of 6 dimensions.
    const double expected = sigma * std::sqrt(double(floats) / sampled);
    on_each_instruction_set([&] {
        for (const auto& tied : { still, signs, shifts }) {
            const scene s(tied);
            std::vector<family> families{ { 1, {}, 0.0 } };
            if (tied.size() > 1)
                families.push_back({ tied.size(), tied, 0.0 });
            const canceller c(s.codebook, messages_there_are, families, sampled, 8);
            const estimate found = c.find(s.y.data(), blocks);
            BOOST_TEST(found.which == families.size() - 1);
            double nearest = HUGE_VAL;
            for (const auto& p : found.fitted.p())
                nearest = std::min(nearest, distance(p, s.p));
            BOOST_TEST(nearest < 3 * expected);
            BOOST_TEST(std::abs(std::sqrt(found.fitted.variance()) / sigma - 1) < 0.1);
            BOOST_TEST(found.statistic > 100);
            std::vector<float> y = s.y;
            c.subtract(found, y.data(), blocks);
            double left = 0;
            for (size_t b = 0; b < blocks; ++b) {
                double least = HUGE_VAL;
                for (size_t m = 0; m < messages_there_are; ++m) {
                    double square = 0;
                    for (size_t f = 0; f < floats; ++f)
                        square +=
                            std::pow(y[b * floats + f] - s.codebook[m * floats + f], 2.0);
                    least = std::min(least, square);
                }
                left += least / blocks;
            }
            BOOST_TEST(left < 1.1 * floats * sigma * sigma);
        }
    });
}

BOOST_AUTO_TEST_CASE(free_components_are_found)
{
    const scene s(signs);
    const canceller c(s.codebook, messages_there_are, { { 2, {}, 0.0 } }, sampled, 20);
    const estimate found = c.find(s.y.data(), blocks);
    const row minus = -s.p;
    for (const auto& p : found.fitted.p())
        BOOST_TEST(std::min(distance(p, s.p), distance(p, minus)) < 0.2);
    BOOST_TEST(distance(found.fitted.p()[0], found.fitted.p()[1]) >
               distance(s.p, minus) / 2);
}

BOOST_AUTO_TEST_CASE(blocks_that_are_not_finite_do_not_count)
{
    scene s(still);
    const canceller c(s.codebook, messages_there_are, { { 1, {}, 0.0 } }, sampled, 8);
    const estimate clean = c.find(s.y.data(), blocks);
    for (size_t b = 0; b < blocks; b += 16)
        s.y[b * floats + b % floats] = b % 32 ? NAN : 1e30f;
    const estimate found = c.find(s.y.data(), blocks);
    BOOST_TEST(distance(found.fitted.p()[0], clean.fitted.p()[0]) < 0.1);
    for (float& v : s.y)
        v = INFINITY;
    const estimate nothing = c.find(s.y.data(), blocks);
    BOOST_TEST(nothing.statistic == 0.0);
}

BOOST_AUTO_TEST_CASE(distances_are_those_to_the_nearest_codeword)
{
    scene s(still);
    s.y[5 * floats] = NAN;
    const code codewords{ s.codebook, messages_there_are, floats };
    std::vector<size_t> all(blocks);
    std::iota(all.begin(), all.end(), 0);
    const observations from(s.y.data(), nullptr, codewords, all);
    const row found = mixture(codewords, {}, { s.p }).distances(from, blocks);
    for (size_t b = 0; b < blocks; ++b) {
        double least = b == 5 ? 0 : HUGE_VAL; // it is not the worst one
        for (size_t m = 0; m < messages_there_are; ++m) {
            double square = 0;
            for (size_t f = 0; f < floats; ++f)
                square += std::pow(
                    s.y[b * floats + f] - s.codebook[m * floats + f] - s.p[f], 2);
            least = std::min(least, square);
        }
        BOOST_TEST(std::abs(found[b] - least) < 1e-3 * (1 + least));
    }
}

BOOST_AUTO_TEST_CASE(work_memory_holds_few_messages_of_long_blocks)
{
    // choose_components: the memory of a network, and a vector for each component.
    for (size_t floats = 2; floats <= 512; floats *= 2)
        for (size_t components = 1; components <= 4; ++components)
            BOOST_TEST(mixture_floats(2, components, floats) >=
                       work_floats(int(floats)) + 16 * components);
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused)
{
    const std::vector<float> book(8);
    const std::vector<family> one{ { 1, {}, 0.0 } };
    BOOST_CHECK_THROW(canceller(book, 3, one, 16, 5), std::invalid_argument);
    BOOST_CHECK_THROW(canceller(book, 2, one, 20, 5), std::invalid_argument);
    BOOST_CHECK_THROW(canceller(book, 2, {}, 16, 5), std::invalid_argument);
    BOOST_CHECK_THROW(canceller(book, 2, { { 2, still, 0.0 } }, 16, 5),
                      std::invalid_argument);
    const canceller c(book, 2, one, 16, 5);
    std::vector<float> y(17 * 4);
    BOOST_CHECK_THROW(c.find(y.data(), 17), std::invalid_argument);
}
