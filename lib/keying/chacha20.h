// SPDX-License-Identifier: GPL-3.0-or-later
// One block of ChaCha20: 64 pseudorandom bytes, a function of key, counter and nonce.
//
// Cost: about 0.2 us.
// Reference: RFC 8439, section 2.3.2, in lib/keying/qa_chacha20.cc.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

using chacha20_key = std::array<uint8_t, 32>;
using chacha20_nonce = std::array<uint8_t, 12>;
using chacha20_bytes = std::array<uint8_t, 64>;

chacha20_bytes
chacha20(const chacha20_key& key, uint32_t counter, const chacha20_nonce& nonce);

} // namespace gr::advphy
