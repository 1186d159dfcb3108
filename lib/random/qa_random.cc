// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of random numbers: the bits are the same on every machine and for any chunks, and
// nothing is written outside. tests/test_randomness.py has an independent Philox.
#include "qa.h"
#include "random/gaussian.h"
#include <cstring>

using namespace gr::advphy;

namespace {

uint64_t fnv1a(const void* elements, size_t count)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < count; ++i) {
        uint32_t bits;
        std::memcpy(&bits, static_cast<const char*>(elements) + 4 * i, 4);
        hash = (hash ^ bits) * 0x100000001b3;
    }
    return hash;
}

// Compare parts of `whole`, written by write(first, count, to), and their surroundings.
template <typename T, typename Write>
void check_chunks(const std::vector<T>& whole, Write write)
{
    for (size_t chunk : { 1, 5, 14, 63, 64, 65, 200, 300 })
        for (size_t at = 0; at < whole.size(); at += chunk) {
            const size_t size = std::min(chunk, whole.size() - at);
            std::vector<T> part(size + 2, T(99));
            write(at, size, part.data() + 1);
            BOOST_TEST(!std::memcmp(&part[1], &whole[at], size * sizeof(T)));
            BOOST_TEST(part.front() == T(99));
            BOOST_TEST(part.back() == T(99));
        }
}

} // namespace

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_every_machine)
{
    // Values from x86-64; they are the same on aarch64. If they change, counts of old and
    // new versions cannot be compared.
    std::vector<float> normals(100003);
    on_each_instruction_set([&] {
        gaussian({ 9, stream::noise, 17, normals.size() }, normals.data());
        BOOST_TEST(fnv1a(normals.data(), normals.size()) == 11155205642406827617u);
    });
}

BOOST_AUTO_TEST_CASE(chunks_do_not_matter_and_nothing_is_written_outside)
{
    const std::vector<float> x(1000, 0.25f);
    on_each_instruction_set([&] {
        const auto write = [](size_t at, size_t count, float* out) {
            gaussian({ 3, stream::noise, 11 + at, count }, out);
        };
        const auto add = [&](size_t at, size_t count, float* out) {
            const draw normals{ 3, stream::noise, 11 + at, count };
            add_gaussian(normals, 0.5f, &x[at], out, x.data() + at);
        };
        const auto draw = [](size_t at, size_t count, uint8_t* out) {
            random_bytes({ 3, stream::messages, 11 + at, count }, 0x0f, out);
        };
        std::vector<float> normals(1000), sums(1000);
        std::vector<uint8_t> messages(1000);
        write(0, 1000, normals.data());
        add(0, 1000, sums.data());
        draw(0, 1000, messages.data());
        for (size_t i = 0; i < 1000; ++i)
            BOOST_TEST(sums[i] == (0.25f + 0.5f * normals[i]) + 0.25f);
        check_chunks(normals, write);
        check_chunks(sums, add);
        check_chunks(messages, draw);
    });
}

BOOST_AUTO_TEST_CASE(unknown_instruction_set_is_refused)
{
    BOOST_CHECK_THROW(choose_instruction_set("mmx"), std::invalid_argument);
}
