// SPDX-License-Identifier: GPL-3.0-or-later
// Perturbations: any chunking and instruction set gives the same bits; adding is
// writing and adding; the unit circle against the C++ library.
#define BOOST_TEST_MODULE perturbation
#include "air/perturbation.h"
#include "instruction_set.h"
#include <boost/test/included/unit_test.hpp>
#include <cmath>
#include <random>

using namespace gr::advphy;

namespace {

constexpr size_t messages_there_are = 4;

std::vector<float> some_rows(size_t rows, size_t n)
{
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    std::vector<float> values(rows * 2 * n);
    for (float& v : values)
        v = normal(generator);
    return values;
}

// Every combination of settings that takes another path.
std::vector<arrival> arrivals()
{
    std::vector<arrival> all;
    for (unsigned bits = 0; bits < 128; ++bits) {
        arrival how;
        how.by_message = bits & 1;
        how.jammer = (bits & 2) && !how.by_message;
        how.random_shift = how.random_sign = bits & 4;
        how.random_phase = bits & 8;
        how.random_frequency = bits & 16;
        how.rayleigh = bits & 32;
        if (bits & 64) {
            how.off_blocks = 5;
            how.on_blocks = 3;
            how.frequency = how.random_frequency ? 0 : uint64_t(1) << 59;
        }
        all.push_back(how);
    }
    return all;
}

std::vector<uint8_t> some_messages(size_t count)
{
    std::vector<uint8_t> messages(count);
    for (size_t i = 0; i < count; ++i)
        messages[i] = uint8_t(i * i % messages_there_are);
    return messages;
}

} // namespace

BOOST_AUTO_TEST_CASE(chunks_instruction_sets_and_adding_give_the_same_bits)
{
    const size_t count = 333;
    const uint64_t first = (uint64_t(1) << 33) + 5;
    const auto messages = some_messages(count);
    for (const size_t n : { 1, 7, 40 })
        for (const arrival& how : arrivals()) {
            const perturbation p(some_rows(how.by_message ? messages_there_are : 1, n),
                                 how.by_message ? messages_there_are : 1,
                                 how);
            choose_instruction_set("baseline");
            std::vector<float> wanted(count * 2 * n), y(count * 2 * n + 1, 0.25f);
            p.write(messages.data(), first, count, wanted.data());
            for (const auto& name : instruction_sets()) {
                choose_instruction_set(name);
                std::fill(y.begin(), y.end(), 0.25f);
                size_t at = 0;
                for (size_t size = 1; at < count; at += size, size = 3 * size + 1) {
                    size = std::min(size, count - at);
                    p.add(messages.data() + at, first + at, size, &y[at * 2 * n]);
                }
                BOOST_TEST(y.back() == 0.25f);
                bool same = true;
                for (size_t i = 0; i < wanted.size(); ++i)
                    same = same && y[i] == 0.25f + wanted[i];
                BOOST_TEST(same);
            }
        }
    choose_instruction_set(instruction_sets().front());
}

BOOST_AUTO_TEST_CASE(unit_circle_is_cosine_and_sine)
{
    std::vector<uint32_t> turns(4096);
    std::vector<float> cosine(turns.size()), sine(turns.size());
    for (size_t i = 0; i < turns.size(); ++i)
        turns[i] = uint32_t(i) << 20 | uint32_t(i);
    for (const auto& name : instruction_sets()) {
        choose_instruction_set(name);
        kernels().unit_circle(turns.data(), turns.size(), cosine.data(), sine.data());
        double worst = 0;
        for (size_t i = 0; i < turns.size(); ++i) {
            const double angle = 2 * M_PI * turns[i] * 0x1p-32;
            worst = std::max(worst, std::abs(cosine[i] - std::cos(angle)));
            worst = std::max(worst, std::abs(sine[i] - std::sin(angle)));
        }
        BOOST_TEST(worst < 3e-7);
    }
    choose_instruction_set(instruction_sets().front());
}

BOOST_AUTO_TEST_CASE(nothing_arrives_while_the_schedule_is_off)
{
    arrival how;
    how.off_blocks = 3;
    how.on_blocks = 2;
    const perturbation p({ 1.0f, 2.0f }, 1, how);
    std::vector<float> out(20);
    p.write(nullptr, 1, 10, out.data());
    for (size_t i = 0; i < 10; ++i)
        BOOST_TEST(out[2 * i] == ((i + 1) % 5 < 3 ? 0.0f : 1.0f));
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused)
{
    BOOST_CHECK_THROW(perturbation({ 1, 2, 3 }, 1, {}), std::invalid_argument);
    BOOST_CHECK_THROW(perturbation({ 1, 2, 3, 4 }, 2, {}), std::invalid_argument);
    arrival how;
    how.by_message = true;
    const perturbation p({ 1, 2, 3, 4 }, 2, how);
    float out[2];
    const uint8_t message = 2;
    BOOST_CHECK_THROW(p.write(nullptr, 0, 1, out), std::invalid_argument);
    BOOST_CHECK_THROW(p.write(&message, 0, 1, out), std::invalid_argument);
}
