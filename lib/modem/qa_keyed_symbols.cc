// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of keyed symbols: the stream is that of RFC 8439, and tags that are guessed do
// not pass. tests/test_keyed_bursts.py has all symbols by another library.
#include "modem/keyed_symbols.h"
#include "qa.h"

using namespace gr::advphy;

BOOST_AUTO_TEST_CASE(the_mask_begins_with_the_block_of_the_rfc)
{
    std::string name; // section 2.3.2, where the block has the counter 1
    for (int i = 0; i < 32; ++i)
        name += char(i);
    name += std::string{ 0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0 };
    const uint8_t wanted[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e
    };
    std::vector<sample> mask(header_symbols, { 1, 1 });
    const keyed_symbols burst(name, 82);
    burst.mask(mask.data());
    for (size_t bit = 0; bit < 512; ++bit) {
        const float sign = bit % 2 ? mask[bit / 2].imag() : mask[bit / 2].real();
        BOOST_CHECK_EQUAL(sign < 0, wanted[bit / 8] >> bit % 8 & 1);
    }
    burst.mask(mask.data());
    BOOST_CHECK(mask == std::vector<sample>(header_symbols, { 1, 1 }));
}

BOOST_AUTO_TEST_CASE(of_100000_guessed_headers_none_passes)
{
    const keyed_symbols burst(std::string(44, 'k'), 82);
    std::mt19937 generator(5);
    int passed = 0;
    for (int guess = 0; guess < 100000; ++guess) {
        burst_header header;
        for (uint8_t& byte : header.bytes)
            byte = uint8_t(generator());
        passed += burst.valid(header); // 2^-32 each
    }
    BOOST_CHECK_EQUAL(passed, 0);
}

BOOST_AUTO_TEST_CASE(a_tag_fits_one_content_of_one_burst_under_one_key)
{
    const std::string name(44, 'k');
    const burst_header plain{ { 0x10, 127, 0, 0, 0, 7, 'a', 'b', 'c', 'd' } };
    const auto header = keyed_symbols(name, 82).sealed(plain);
    BOOST_CHECK(keyed_symbols(name, 3).valid(header));
    for (size_t byte = 0; byte < name.size(); ++byte) {
        std::string other = name;
        other[byte] ^= 4;
        BOOST_CHECK(!keyed_symbols(other, 82).valid(header));
    }
    for (int bit = 0; bit < 128; ++bit) {
        burst_header changed = header;
        changed.bytes[bit / 8] ^= uint8_t(1 << bit % 8);
        BOOST_CHECK(!keyed_symbols(name, 82).valid(changed));
    }
}

BOOST_AUTO_TEST_CASE(a_name_of_another_length_is_refused)
{
    BOOST_CHECK_THROW(keyed_symbols("short", 82), std::invalid_argument);
}
