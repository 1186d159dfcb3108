// SPDX-License-Identifier: GPL-3.0-or-later
// Functions shared by the tests of the kernels.
#pragma once
#include "instruction_set.h"
#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

namespace gr::advphy {

// Run the check on every instruction set, then select the best one again.
template <typename Check> void on_each_instruction_set(Check check)
{
    for (const auto& name : instruction_sets()) {
        choose_instruction_set(name);
        check();
    }
    choose_instruction_set(instruction_sets().front());
}

inline std::vector<float> random_floats(size_t count, unsigned seed, float deviation = 1)
{
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(0, deviation);
    std::vector<float> values(count);
    for (float& value : values)
        value = normal(generator);
    return values;
}

} // namespace gr::advphy
