// SPDX-License-Identifier: GPL-3.0-or-later
#include "network/network.h"
#include "instruction_set.h"
#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>

namespace gr::advphy {

namespace {

// Work memory of the calling thread; it grows but never shrinks.
float* work_memory_of(const plan& net)
{
    thread_local std::vector<float> memory;
    const size_t wanted = work_floats(net.widest, net.places) + 16;
    if (memory.size() < wanted)
        memory.resize(wanted);
    // Aligned to cache lines, so that no vector is split between two of them.
    const auto address = reinterpret_cast<uintptr_t>(memory.data());
    return memory.data() + (64 - address % 64) % 64 / sizeof(float);
}

bool all_below(const std::vector<int>& values, size_t limit)
{
    return std::all_of(values.begin(), values.end(), [limit](int value) {
        return value >= 0 && size_t(value) < limit;
    });
}

} // namespace

network::network(size_t inputs, const std::vector<int>& slot)
    : d_slot(slot), d_inputs(inputs), d_features(inputs), d_widest(inputs)
{
    if (inputs == 0 || inputs > 65536)
        throw std::invalid_argument("a network of " + std::to_string(inputs) +
                                    " inputs, expected 1..65536");
    std::vector<int> identity(inputs);
    std::iota(identity.begin(), identity.end(), 0);
    if (d_slot.empty())
        d_slot = identity;
    if (!std::is_permutation(
            d_slot.begin(), d_slot.end(), identity.begin(), identity.end()))
        throw std::invalid_argument("slot must be a permutation of the inputs");
}

void network::add_affine(const std::vector<float>& weight,
                         const std::vector<float>& bias,
                         const taps& from)
{
    const size_t channels = bias.size(), rows = channels ? weight.size() / channels : 0;
    if (rows == 0 || weight.size() != rows * channels)
        throw std::invalid_argument("weight of " + std::to_string(weight.size()) +
                                    " values cannot have " + std::to_string(channels) +
                                    " rows, one for each value of bias");
    const std::vector<int>& first = from.first;
    if (first.size() < 2 || first.front() != 0 ||
        !std::is_sorted(first.begin(), first.end()) ||
        size_t(first.back()) != from.feature.size() ||
        from.feature.size() != from.row.size() || !all_below(from.feature, d_features) ||
        !all_below(from.row, rows))
        throw std::invalid_argument(
            "the taps of an affine map do not fit its weight and its input features");

    const size_t blocks = (channels + channel_block - 1) / channel_block;
    auto data = std::make_unique<map>();
    data->from = from;
    data->bias = bias;
    data->bias.resize(blocks * channel_block);
    data->weights.resize(blocks * rows * channel_block);
    for (size_t c = 0; c < channels; ++c)
        for (size_t r = 0; r < rows; ++r)
            data->weights[(c / channel_block * rows + r) * channel_block +
                          c % channel_block] = weight[c * rows + r];

    d_multiply_adds += from.feature.size() * channels;
    d_features = channels * (first.size() - 1);
    d_widest = std::max(d_widest, d_features);
    step s{};
    s.kind = step_kind::affine;
    s.features = int(d_features);
    s.affine = { int(first.size()) - 1,
                 int(channels),
                 int(rows),
                 data->from.first.data(),
                 data->from.feature.data(),
                 data->from.row.data(),
                 data->weights.data(),
                 data->bias.data(),
                 activation::none,
                 0 };
    d_steps.push_back(s);
    d_maps.push_back(std::move(data));
}

void network::add_step(const std::string& kind, float value)
{
    static const std::map<std::string, step_kind> kinds = {
        { "softmax", step_kind::softmax },
        { "l2_normalization", step_kind::l2_normalization },
        { "scale", step_kind::scale },
        { "keep", step_kind::keep },
        { "recall", step_kind::recall },
        { "add", step_kind::add },
    };
    static const std::map<std::string, activation> activations = {
        { "relu", activation::relu },
        { "leaky_relu", activation::leaky_relu },
        { "elu", activation::elu },
        { "sigmoid", activation::sigmoid },
        { "silu", activation::silu },
        { "gelu", activation::gelu },
        { "gelu_tangent", activation::gelu_tangent },
        { "tanh", activation::tanh },
    };
    step s{};
    const auto then = activations.find(kind);
    if (then != activations.end()) {
        // Directly after an affine map it is computed together with it.
        const bool together = !d_steps.empty() &&
                              d_steps.back().kind == step_kind::affine &&
                              d_steps.back().affine.then == activation::none;
        affine_map& map = together ? d_steps.back().affine : s.affine;
        map.then = then->second;
        map.alpha = value;
        if (together)
            return;
        s.kind = step_kind::activate;
    } else if (kinds.count(kind))
        s.kind = kinds.at(kind);
    else
        throw std::invalid_argument("step '" + kind + "' is not known to the kernels");
    if (s.kind >= step_kind::keep) {
        const bool known = value >= 0 && value < 4096;
        const size_t place = known ? size_t(value) : d_kept.size() + 1;
        if (s.kind == step_kind::keep && place <= d_kept.size()) {
            d_kept.resize(std::max(d_kept.size(), place + 1));
            d_kept[place] = d_features;
        }
        if (place >= d_kept.size() ||
            (s.kind == step_kind::add && d_kept[place] != d_features))
            throw std::invalid_argument("nothing of this size is kept in place " +
                                        std::to_string(value));
        d_features = d_kept[place];
    }
    s.features = int(d_features);
    s.value = value;
    d_steps.push_back(s);
}

plan network::view() const
{
    return { d_steps.data(), int(d_steps.size()), int(d_inputs), int(d_features),
             int(d_widest),  int(d_kept.size()),  d_slot.data() };
}

void network::run(const float* in, size_t count, float* out) const
{
    const plan net = view();
    kernels().network.run(net, in, count, out, work_memory_of(net));
}

size_t
network::decide(const float* in, size_t count, uint8_t* messages, uint8_t* erased) const
{
    const plan net = view();
    if (net.outputs > 256)
        throw std::invalid_argument(
            "a decision among " + std::to_string(net.outputs) +
            " messages does not fit into a byte, expected at most 256");
    return kernels().network.decide(
        net, in, count, messages, erased, work_memory_of(net));
}

} // namespace gr::advphy
