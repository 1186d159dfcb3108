// SPDX-License-Identifier: GPL-3.0-or-later
#include "network/network.h"
#include "instruction_set.h"
#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace gr::advphy {

namespace {

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
        else if (l.kind == "sigmoid")
            add_plain(step_kind::sigmoid, 0);
        else if (l.kind == "softmax" || l.kind == "l2_normalisation") {
            if (d_shape.size() != 1)
                l.refuse("wants flat features, got shape " + to_string(d_shape));
            if (l.kind == "softmax")
                add_plain(step_kind::softmax, 0);
            else
                add_plain(step_kind::l2_normalisation, l.get("energy", 1, { 1.0 })[0]);
        } else if (l.kind == "average_power_normalisation")
            add_scale(l);
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

void network::add_scale(const layer& from)
{
    const parameter& scale = from.get("scale", 1);
    if (scale.values.size() != 1)
        from.refuse("scale has shape " + to_string(scale.shape) + ", wanted (1)");
    add_plain(step_kind::scale, scale.values[0]);
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

} // namespace gr::advphy
