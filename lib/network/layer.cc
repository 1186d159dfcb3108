// SPDX-License-Identifier: GPL-3.0-or-later
#include "network/layer.h"
#include <cmath>
#include <stdexcept>

namespace gr::advphy {

void layer::refuse(const std::string& what) const
{
    throw std::invalid_argument("layer '" + name + "' (" + kind + "): " + what);
}

const parameter& layer::get(const std::string& key, size_t dimensions) const
{
    const auto found = parameters.find(key);
    if (found == parameters.end())
        refuse("parameter '" + key + "' is missing");
    const parameter& p = found->second;
    const size_t size = product(p.shape);
    if (p.shape.size() != dimensions || size != p.values.size() || size == 0)
        refuse("parameter '" + key + "' has shape " + to_string(p.shape) + ", wanted " +
               std::to_string(dimensions) + " dimensions, none of them empty");
    for (const float value : p.values)
        if (!std::isfinite(value))
            refuse("parameter '" + key + "' has a value that is not finite");
    return p;
}

std::vector<double> layer::get(const std::string& key,
                               size_t size,
                               const std::vector<double>& otherwise) const
{
    const auto found = attributes.find(key);
    if (found == attributes.end())
        return otherwise;
    if (size != 0 && found->second.size() != size)
        refuse("attribute '" + key + "' has " + std::to_string(found->second.size()) +
               " values, wanted " + std::to_string(size));
    return found->second;
}

std::string to_string(const std::vector<size_t>& shape)
{
    std::string text = "(";
    for (size_t i = 0; i < shape.size(); ++i)
        text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + ")";
}

size_t product(const std::vector<size_t>& shape)
{
    size_t elements = 1;
    for (const size_t extent : shape)
        elements *= extent;
    return elements;
}

const std::vector<std::string>& known_layers()
{
    static const std::vector<std::string> kinds = {
        "average_power_normalisation",
        "conv1d",
        "conv2d",
        "dense",
        "elu",
        "flatten",
        "l2_normalisation",
        "reshape",
        "relu",
        "sigmoid",
        "softmax",
    };
    return kinds;
}

} // namespace gr::advphy
