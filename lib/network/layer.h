// SPDX-License-Identifier: GPL-3.0-or-later
// A layer as the model file names it, and the check of its kind, shapes and attributes.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace gr::advphy {

// A parameter array in C order.
struct parameter {
    std::vector<size_t> shape;
    std::vector<float> values;
};

// Kinds: dense, conv1d, conv2d, elu, relu, sigmoid, softmax, l2_normalisation,
// average_power_normalisation, flatten, reshape. Reference of each:
// advphy_model/network/layers.py, whose parameter and attribute names these are.
struct layer {
    std::string kind;
    std::string name;
    std::map<std::string, parameter> parameters;
    std::map<std::string, std::vector<double>> attributes;

    // The parameter `key`, of `dimensions` dimensions; std::invalid_argument otherwise.
    const parameter& get(const std::string& key, size_t dimensions) const;
    // The attribute `key` with `size` values, or `otherwise` when it is not there.
    std::vector<double>
    get(const std::string& key, size_t size, const std::vector<double>& otherwise) const;
    // Throw std::invalid_argument: layer 'name' (kind) and what is wrong.
    [[noreturn]] void refuse(const std::string& what) const;
};

std::string to_string(const std::vector<size_t>& shape);
// The number of elements of a shape.
size_t product(const std::vector<size_t>& shape);

// The kinds that network.cc can run.
const std::vector<std::string>& known_layers();

} // namespace gr::advphy
