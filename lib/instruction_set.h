// SPDX-License-Identifier: GPL-3.0-or-later
// Which copy of the kernels runs: chosen once, at run time.
#pragma once
#include "kernels.h"
#include <string>
#include <vector>

namespace gr::advphy {

// The kernels in use: the best that this machine runs, or what was chosen last. The
// environment variable ADVPHY_INSTRUCTION_SET names another one at start.
const kernel_table& kernels();

// Names of those that this build has and this machine runs, best first.
std::vector<std::string> instruction_sets();

// Use the kernels of that name from now on; std::invalid_argument names the choice.
void choose_instruction_set(const std::string& name);

} // namespace gr::advphy
