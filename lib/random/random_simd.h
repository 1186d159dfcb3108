// SPDX-License-Identifier: GPL-3.0-or-later
// How random words are laid out: sixteen Philox counters make a group.
//
// Counter 16 g + l gives four words w; the group's words lie in memory as [w][l]. As
// normals a group is 64 elements (words 0, 1 and 2, 3 are the Box-Muller pairs), as bytes
// 256. The layout belongs to the definition of the numbers, not to the machine.
#pragma once

namespace gr::advphy {

constexpr int group_counters = 16;
constexpr int gaussian_group = 4 * group_counters;
constexpr int word_group = 4 * group_counters;
constexpr int byte_group = 16 * group_counters;

} // namespace gr::advphy
