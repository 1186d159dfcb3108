// SPDX-License-Identifier: GPL-3.0-or-later
// Choice of the instruction set of the kernels, at run time.
#pragma once
#include "kernels.h"
#include <string>
#include <vector>

namespace gr::advphy {

// The kernels in use: the best that this machine can run, or those chosen last. The
// environment variable ADVPHY_INSTRUCTION_SET selects others at the start.
const kernel_table& kernels();

// Names of the instruction sets of this build that this machine can run, best first.
std::vector<std::string> instruction_sets();

// Use the kernels of an instruction set; std::invalid_argument if it is not available.
void choose_instruction_set(const std::string& name);

} // namespace gr::advphy
