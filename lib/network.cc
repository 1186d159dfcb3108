// SPDX-License-Identifier: GPL-3.0-or-later
#include "network.h"
#include "instruction_set.h"
#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>

namespace advphy {

namespace {

size_t product(const std::vector<size_t>& shape)
{
    return std::accumulate(
        shape.begin(), shape.end(), size_t(1), std::multiplies<size_t>());
}

// Work memory of the calling thread; grows, never shrinks.
float* work_memory_of(const plan& net)
{
    thread_local std::vector<float> memory;
    const size_t wanted = work_floats(net.widest) + 16;
    if (memory.size() < wanted)
        memory.resize(wanted);
    // Whole cache lines: tiles are then never split between two of them.
    const auto address = reinterpret_cast<uintptr_t>(memory.data());
    return memory.data() + (64 - address % 64) % 64 / sizeof(float);
}

} // namespace

network::network(const std::vector<layer>& layers,
                 const std::vector<size_t>& input_shape,
                 const std::vector<int>& slot)
    : d_shape(input_shape), d_slot(slot), d_inputs(product(input_shape)), d_widest(0)
{
    if (d_inputs == 0 || d_inputs > 65536)
        throw std::invalid_argument("input shape " + to_string(input_shape) +
                                    " is empty or larger than 65536");
    if (d_slot.empty()) {
        d_slot.resize(d_inputs);
        std::iota(d_slot.begin(), d_slot.end(), 0);
    }
    std::vector<int> sorted = d_slot;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i)
        if (sorted[i] != int(i) || sorted.size() != d_inputs)
            throw std::invalid_argument("slot must be a permutation of the inputs");
    d_widest = d_inputs;
    for (const layer& l : layers) {
        if (l.kind == "dense")
            add_dense(l);
        else if (l.kind == "conv1d")
            add_convolution(l, 1);
        else if (l.kind == "conv2d")
            add_convolution(l, 2);
        else if (l.kind == "elu")
            add_activation(l, step_kind::elu, activation::elu);
        else if (l.kind == "relu")
            add_activation(l, step_kind::relu, activation::relu);
        else if (l.kind == "softmax" || l.kind == "l2_normalisation") {
            if (d_shape.size() != 1)
                l.refuse("wants flat features, got shape " + to_string(d_shape));
            if (l.kind == "softmax")
                add_plain(step_kind::softmax, 0);
            else
                add_plain(step_kind::l2_normalisation, l.get("energy", 1, { 1.0 })[0]);
        } else if (l.kind == "average_power_normalisation")
            add_plain(step_kind::scale, l.get("scale", 1).values[0]);
        else if (l.kind == "flatten")
            add_reshape(l, { product(d_shape) });
        else if (l.kind == "reshape") {
            const auto wanted = l.get("shape", 0, {});
            for (const double extent : wanted)
                if (!(extent >= 1 && extent <= 65536 && extent == int(extent)))
                    l.refuse("shape must be whole numbers of 1..65536");
            add_reshape(l, std::vector<size_t>(wanted.begin(), wanted.end()));
        } else {
            std::string known;
            for (const auto& kind : known_layers())
                known += (known.empty() ? "" : ", ") + kind;
            l.refuse("kind is not known to the kernels, which have: " + known);
        }
    }
}

size_t network::outputs() const { return product(d_shape); }

void network::add_reshape(const layer& from, const std::vector<size_t>& shape)
{
    if (shape.empty() || product(shape) != product(d_shape))
        from.refuse("cannot make shape " + to_string(shape) + " of " +
                    to_string(d_shape));
    d_shape = shape;
}

void network::add_plain(step_kind kind, double value)
{
    step s{};
    s.kind = kind;
    s.features = int(product(d_shape));
    s.value = float(value);
    d_steps.push_back(s);
}

void network::add_activation(const layer& from, step_kind kind, activation then)
{
    const double alpha = from.get("alpha", 1, { 1.0 })[0];
    // An activation right behind an affine map is computed with it.
    if (!d_steps.empty() && d_steps.back().kind == step_kind::affine &&
        d_steps.back().affine.then == activation::none) {
        d_steps.back().affine.then = then;
        d_steps.back().affine.alpha = float(alpha);
    } else
        add_plain(kind, alpha);
}

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

plan network::view() const
{
    return { d_steps.data(), int(d_steps.size()), int(d_inputs),
             int(outputs()), int(d_widest),       d_slot.data() };
}

void network::run(const float* in, size_t count, float* out) const
{
    const plan net = view();
    kernels().run_network(net, in, count, out, work_memory_of(net));
}

size_t
network::decide(const float* in, size_t count, uint8_t* messages, uint8_t* erased) const
{
    const plan net = view();
    if (net.outputs > 256)
        throw std::invalid_argument("a decision among " + std::to_string(net.outputs) +
                                    " messages does not fit a byte; 256 at most");
    return kernels().decide(net, in, count, messages, erased, work_memory_of(net));
}

network nearest_codeword(const std::vector<float>& codebook,
                         size_t messages,
                         const std::vector<int>& slot)
{
    if (messages == 0 || codebook.empty() || codebook.size() % messages != 0)
        throw std::invalid_argument("codebook of " + std::to_string(codebook.size()) +
                                    " reals cannot have " + std::to_string(messages) +
                                    " rows");
    const size_t inputs = codebook.size() / messages;
    layer correlation;
    correlation.kind = "dense";
    correlation.name = "nearest_codeword";
    correlation.parameters["weight"] = { { messages, inputs }, codebook };
    parameter& bias = correlation.parameters["bias"];
    bias.shape = { messages };
    for (size_t m = 0; m < messages; ++m) {
        const auto row = codebook.begin() + long(m * inputs);
        bias.values.push_back(
            float(-0.5 * std::inner_product(row, row + long(inputs), row, 0.0)));
    }
    return network({ correlation }, { inputs }, slot);
}

} // namespace advphy
