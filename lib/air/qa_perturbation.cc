// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of perturbations: any chunks and any instruction set give the same bits, and add
// is the same as write with a later addition.
#include "air/perturbation.h"
#include "qa.h"
#include <cmath>

using namespace gr::advphy;

namespace {

constexpr size_t messages_there_are = 4;

// All combinations of settings with different code paths.
std::vector<perturbation_settings> all_settings()
{
    std::vector<perturbation_settings> all;
    for (unsigned bits = 0; bits < 128; ++bits) {
        perturbation_settings how;
        how.by_message = bits & 1;
        how.jammer = (bits & 2) && !how.by_message;
        how.random_shift = how.random_sign = bits & 4;
        how.book = (bits & 4) && !how.by_message && !how.jammer;
        how.hold = bits & 8 ? 7 : 1;
        how.alternate_sign = !how.random_sign && (bits & 16);
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
        for (const perturbation_settings& how : all_settings()) {
            const bool several = how.by_message || how.book;
            const perturbation p(
                random_floats((several ? messages_there_are : 1) * 2 * n, 1),
                several ? messages_there_are : 1,
                how);
            choose_instruction_set("baseline");
            std::vector<float> wanted(count * 2 * n), y(count * 2 * n + 1, 0.25f);
            p.write(messages.data(), first, count, wanted.data());
            on_each_instruction_set([&] {
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
            });
        }
}

BOOST_AUTO_TEST_CASE(nothing_arrives_while_the_schedule_is_off)
{
    perturbation_settings how;
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
    perturbation_settings how;
    how.by_message = true;
    const perturbation p({ 1, 2, 3, 4 }, 2, how);
    float out[2];
    const uint8_t message = 2;
    BOOST_CHECK_THROW(p.write(nullptr, 0, 1, out), std::invalid_argument);
    BOOST_CHECK_THROW(p.write(&message, 0, 1, out), std::invalid_argument);
    how.by_message = false;
    how.random_sign = true;
    const perturbation drawn({ 1, 2 }, 1, how);
    float two[4];
    drawn.write(nullptr, ~0ull, 1, two);
    BOOST_TEST(std::abs(two[0]) == 1.0f);
    BOOST_CHECK_THROW(drawn.write(nullptr, ~0ull, 2, two), std::invalid_argument);
}
