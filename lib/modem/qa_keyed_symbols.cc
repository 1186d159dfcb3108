// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of keyed symbols: tags that are guessed do not pass, and the mask undoes itself.
// tests/test_keyed_bursts.py has the symbols by another library.
#include "modem/keyed_symbols.h"
#include "qa.h"

using namespace gr::advphy;

BOOST_AUTO_TEST_CASE(of_100000_guessed_headers_none_passes)
{
    const keyed_symbols burst({ { 1, 2, 3 }, 7, 0 }, 82);
    std::mt19937 generator(5);
    int passed = 0;
    for (int guess = 0; guess < 100000; ++guess) {
        burst_header header;
        for (uint8_t& byte : header.bytes)
            byte = uint8_t(generator());
        passed += burst.sealed(header); // 2^-32 each
    }
    BOOST_CHECK_EQUAL(passed, 0);
}

BOOST_AUTO_TEST_CASE(a_tag_fits_one_content_of_one_burst_under_one_key)
{
    const burst_name name{ { 1, 2, 3 }, 7, 0 };
    burst_header header(7, 128, "abcd", false, "", 1, "");
    keyed_symbols(name, 82).seal(header);
    BOOST_CHECK(keyed_symbols(name, 82).sealed(header));
    BOOST_CHECK(keyed_symbols(name, 3).sealed(header));
    BOOST_CHECK(!keyed_symbols({ name.key, 8, 0 }, 82).sealed(header));
    BOOST_CHECK(!keyed_symbols({ name.key, 7, 1 }, 82).sealed(header));
    BOOST_CHECK(!keyed_symbols({ { 1, 2, 4 }, 7, 0 }, 82).sealed(header));
    for (int bit = 0; bit < 128; ++bit) {
        burst_header changed = header;
        changed.bytes[bit / 8] ^= uint8_t(1 << bit % 8);
        BOOST_CHECK(!keyed_symbols(name, 82).sealed(changed));
    }
}

BOOST_AUTO_TEST_CASE(the_mask_undoes_itself)
{
    const keyed_symbols burst({ { 9 }, 1, 2 }, 2);
    std::vector<sample> symbols(header_symbols);
    encode_header(burst_header(1, 8, "abcd", true, "", 1, ""), symbols.data());
    auto twice = symbols;
    burst.mask(twice.data());
    BOOST_CHECK(twice != symbols);
    burst.mask(twice.data());
    BOOST_CHECK(twice == symbols);
}
