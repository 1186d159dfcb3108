// SPDX-License-Identifier: GPL-3.0-or-later
// How dense layers and convolutions become affine maps: which taps read which features.
#include "network/network.h"
#include <algorithm>
#include <numeric>

namespace gr::advphy {

void network::add_affine(const layer& from,
                         std::unique_ptr<arrays> data,
                         size_t channels,
                         std::vector<size_t> output_shape)
{
    const parameter& bias = from.get("bias", 1);
    if (bias.values.size() != channels)
        from.refuse("bias has shape " + to_string(bias.shape) + ", wanted (" +
                    std::to_string(channels) + ",)");
    const size_t padded = (channels + channel_block - 1) / channel_block * channel_block;
    data->bias.assign(padded, 0.0f);
    std::copy(bias.values.begin(), bias.values.end(), data->bias.begin());

    step s{};
    s.kind = step_kind::affine;
    s.features = int(product(output_shape));
    s.affine.positions = int(data->first_tap.size()) - 1;
    s.affine.channels = int(channels);
    s.affine.padded_channels = int(padded);
    s.affine.first_tap = data->first_tap.data();
    s.affine.tap_feature = data->tap_feature.data();
    s.affine.tap_row = data->tap_row.data();
    s.affine.weights = data->weights.data();
    s.affine.bias = data->bias.data();
    s.affine.then = activation::none;
    d_steps.push_back(s);
    d_multiply_adds += data->tap_feature.size() * channels;
    d_arrays.push_back(std::move(data));
    d_shape = output_shape;
    d_widest = std::max(d_widest, product(d_shape));
}

namespace {

// weights[row][padded channel] of an array [channel][row].
std::vector<float> transpose_weights(const parameter& weight)
{
    const size_t channels = weight.shape[0];
    const size_t rows = weight.values.size() / channels;
    const size_t padded = (channels + channel_block - 1) / channel_block * channel_block;
    std::vector<float> packed(rows * padded, 0.0f);
    for (size_t c = 0; c < channels; ++c)
        for (size_t r = 0; r < rows; ++r)
            packed[r * padded + c] = weight.values[c * rows + r];
    return packed;
}

// Extents as [channels, height, width]; one-dimensional ones have height 1.
std::vector<size_t> as_planes(const std::vector<size_t>& shape, size_t dimensions)
{
    return dimensions == 1 ? std::vector<size_t>{ shape[0], 1, shape[1] } : shape;
}

} // namespace

void network::add_dense(const layer& from)
{
    const parameter& weight = from.get("weight", 2);
    if (d_shape.size() != 1 || weight.shape[1] != d_shape[0])
        from.refuse("weight has shape " + to_string(weight.shape) +
                    ", the features before it have " + to_string(d_shape));
    auto data = std::make_unique<arrays>();
    data->weights = transpose_weights(weight);
    data->first_tap = { 0, int(weight.shape[1]) };
    data->tap_feature.resize(weight.shape[1]);
    std::iota(data->tap_feature.begin(), data->tap_feature.end(), 0);
    data->tap_row = data->tap_feature;
    add_affine(from, std::move(data), weight.shape[0], { weight.shape[0] });
}

void network::add_convolution(const layer& from, size_t dimensions)
{
    const parameter& weight = from.get("weight", 2 + dimensions);
    if (d_shape.size() != 1 + dimensions || weight.shape[1] != d_shape[0])
        from.refuse("weight has shape " + to_string(weight.shape) +
                    ", the features before it have " + to_string(d_shape));
    const auto in = as_planes(d_shape, dimensions);
    const auto kernel =
        as_planes({ weight.shape.begin() + 1, weight.shape.end() }, dimensions);
    // padding: [left, right] or [top, bottom, left, right], in elements of zeros.
    auto padding =
        from.get("padding", 2 * dimensions, std::vector<double>(2 * dimensions));
    if (dimensions == 1)
        padding.insert(padding.begin(), { 0, 0 });
    auto stride = from.get("stride", dimensions, std::vector<double>(dimensions, 1));
    if (dimensions == 1)
        stride.insert(stride.begin(), 1);
    for (const double p : padding)
        if (p < 0 || p > 1024 || p != int(p))
            from.refuse("padding must be whole numbers of 0..1024");
    for (const double s : stride)
        if (s < 1 || s > 1024 || s != int(s))
            from.refuse("stride must be whole numbers of 1..1024");

    const long height = long(in[1]), width = long(in[2]);
    const long rows = (height + long(padding[0] + padding[1]) - long(kernel[1]));
    const long columns = (width + long(padding[2] + padding[3]) - long(kernel[2]));
    if (rows < 0 || columns < 0)
        from.refuse("weight of shape " + to_string(weight.shape) +
                    " is larger than the padded features " + to_string(d_shape));
    const size_t out_rows = size_t(rows) / size_t(stride[0]) + 1;
    const size_t out_columns = size_t(columns) / size_t(stride[1]) + 1;

    auto data = std::make_unique<arrays>();
    data->weights = transpose_weights(weight);
    data->first_tap = { 0 };
    for (size_t y = 0; y < out_rows; ++y)
        for (size_t x = 0; x < out_columns; ++x) {
            for (size_t c = 0; c < in[0]; ++c)
                for (size_t i = 0; i < kernel[1]; ++i)
                    for (size_t j = 0; j < kernel[2]; ++j) {
                        const long row = long(y * stride[0] + i) - long(padding[0]);
                        const long column = long(x * stride[1] + j) - long(padding[2]);
                        if (row < 0 || row >= height || column < 0 || column >= width)
                            continue;
                        data->tap_feature.push_back(
                            int((long(c) * height + row) * width + column));
                        data->tap_row.push_back(int((c * kernel[1] + i) * kernel[2] + j));
                    }
            data->first_tap.push_back(int(data->tap_feature.size()));
        }
    std::vector<size_t> shape = { weight.shape[0], out_rows, out_columns };
    if (dimensions == 1)
        shape.erase(shape.begin() + 1);
    add_affine(from, std::move(data), weight.shape[0], shape);
}

} // namespace gr::advphy
