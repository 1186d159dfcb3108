// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of networks: known results, any batch size, erasures, errors, no allocation.
// tests/test_layers.py compares random networks in numpy, the kernels and torch.
#include "network/network.h"
#include "qa.h"
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <numeric>

static std::atomic<long> allocations{ 0 };

[[gnu::noinline]] void* operator new(size_t size)
{
    ++allocations;
    if (void* p = std::malloc(size))
        return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

using namespace gr::advphy;

namespace {

constexpr size_t inputs = 14, channels = 5;
const auto weight = random_floats(channels * inputs, 1);
const auto bias = random_floats(channels, 2);

// The taps of a dense layer.
taps all_of(int features)
{
    taps from{ { 0, features }, std::vector<int>(size_t(features)), {} };
    std::iota(from.feature.begin(), from.feature.end(), 0);
    from.row = from.feature;
    return from;
}

network dense()
{
    network net(inputs);
    net.add_affine(weight, bias, all_of(inputs));
    return net;
}

} // namespace

BOOST_AUTO_TEST_CASE(dense_layer_is_a_matrix_product_in_batches_of_any_size)
{
    const network net = dense();
    BOOST_TEST(net.multiply_adds() == 70);
    on_each_instruction_set([&] {
        for (size_t count : { 1, 2, 31, 32, 33, 64, 100 }) {
            const auto x = random_floats(count * inputs, 7);
            std::vector<float> out(count * channels + 1, 99.0f);
            net.run(x.data(), count, out.data());
            BOOST_TEST(out.back() == 99.0f);
            for (size_t i = 0; i < count; ++i)
                for (size_t o = 0; o < channels; ++o) {
                    double sum = bias[o];
                    for (size_t j = 0; j < inputs; ++j)
                        sum += double(weight[o * inputs + j]) * x[i * inputs + j];
                    BOOST_TEST(std::fabs(out[i * channels + o] - sum) < 1e-5);
                }
        }
    });
}

BOOST_AUTO_TEST_CASE(convolution_by_hand)
{
    // Zeros 0 0 on the left: 100*1, 10*1 + 100*2, 1 + 20 + 300, 2 + 30 + 400.
    network net(4);
    net.add_affine({ 1, 10, 100 },
                   { 0.5f },
                   { { 0, 1, 3, 6, 9 },
                     { 0, 0, 1, 0, 1, 2, 1, 2, 3 },
                     { 2, 1, 2, 0, 1, 2, 0, 1, 2 } });
    const float x[] = { 1, 2, 3, 4 };
    const float wanted[] = { 100.5f, 210.5f, 321.5f, 432.5f };
    on_each_instruction_set([&] {
        float out[4];
        net.run(x, 1, out);
        BOOST_TEST(out == wanted, boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_CASE(
    decision_takes_the_first_of_the_largest_and_erases_what_is_not_finite)
{
    const network net(16);
    const float inf = std::numeric_limits<float>::infinity();
    on_each_instruction_set([&] {
        for (size_t count : { 1, 40, 200 }) {
            auto x = random_floats(count * 16, 3);
            x[0] = x[5] = 50; // the first of two equals
            x[(count - 1) * 16 + 11] = 90; // another item
            std::vector<uint8_t> messages(count + 1, 77), erased(count + 1, 77);
            BOOST_TEST(net.decide(x.data(), count, messages.data(), erased.data()) == 0);
            if (count > 1)
                BOOST_TEST(messages[0] == 0);
            BOOST_TEST(messages[count - 1] == 11);
            BOOST_TEST(messages[count] == 77);
            for (const float bad : { inf, -inf, std::nanf("") }) {
                x[(count / 2) * 16 + 9] = bad;
                BOOST_TEST(net.decide(x.data(), count, messages.data(), erased.data()) ==
                           1);
                BOOST_TEST(erased[count / 2] == 1);
                BOOST_TEST(messages[count / 2] == 0);
                BOOST_TEST(erased[count] == 77);
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(what_is_not_a_number_stays_that)
{
    const float x[] = { std::nanf(""), 1, -1 };
    on_each_instruction_set([&] {
        for (const char* kind : { "relu",
                                  "leaky_relu",
                                  "elu",
                                  "sigmoid",
                                  "silu",
                                  "gelu",
                                  "gelu_tangent",
                                  "tanh",
                                  "softmax",
                                  "l2_normalization",
                                  "scale" }) {
            float out[3];
            network net(3);
            net.add_step(kind, 1);
            net.run(x, 1, out);
            BOOST_TEST(std::isnan(out[0]), kind);
        }
    });
}

BOOST_AUTO_TEST_CASE(inputs_go_to_their_slots)
{
    // Columns re0 im0 re1 im1 become features re0 re1 im0 im1.
    const network net(4, { 0, 2, 1, 3 });
    const float x[] = { 1, 2, 3, 4 };
    float out[4];
    net.run(x, 1, out);
    const float wanted[] = { 1, 3, 2, 4 };
    BOOST_TEST(out == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_recalled_and_added)
{
    // relu(x) + x + (x after a map to its double), with items of any number.
    network net(inputs);
    net.add_step("keep", 0);
    net.add_step("relu", 0);
    net.add_step("add", 0);
    net.add_step("keep", 1);
    net.add_step("recall", 0);
    net.add_step("scale", 2);
    net.add_step("add", 1);
    on_each_instruction_set([&] {
        for (size_t count : { 1, 31, 100 }) {
            const auto x = random_floats(count * inputs, 4);
            std::vector<float> out(count * inputs);
            net.run(x.data(), count, out.data());
            for (size_t i = 0; i < out.size(); ++i)
                BOOST_TEST(std::fabs(out[i] - (std::max(x[i], 0.0f) + 3 * x[i])) < 1e-5);
        }
    });
}

BOOST_AUTO_TEST_CASE(no_allocation_in_the_loop)
{
    network net = dense();
    net.add_step("relu", 0);
    const auto x = random_floats(1000 * inputs, 5);
    std::vector<uint8_t> messages(1000), erased(1000);
    std::vector<float> out(1000 * channels);
    net.decide(x.data(), 1000, messages.data(), erased.data());
    const long before = allocations;
    for (int i = 0; i < 10; ++i) {
        net.decide(x.data(), 1000, messages.data(), erased.data());
        net.run(x.data(), 1000, out.data());
    }
    BOOST_TEST(allocations == before);
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused)
{
    const auto refused = [](const std::vector<float>& values, const taps& from) {
        BOOST_CHECK_THROW(network(4).add_affine(values, { 0, 0 }, from),
                          std::invalid_argument);
    };
    const std::vector<float> two_rows(8);
    refused(std::vector<float>(7), all_of(4));
    refused({}, all_of(4));
    refused(two_rows, all_of(5));
    refused(two_rows, { {}, {}, {} });
    refused(two_rows, { { 0 }, {}, {} });
    refused(two_rows, { { 1, 1 }, { 0 }, { 0 } });
    refused(two_rows, { { 0, 2, 1 }, { 0 }, { 0 } });
    refused(two_rows, { { 0, 1 }, { -1 }, { 0 } });
    refused(two_rows, { { 0, 1 }, { 0 }, { 4 } });
    refused(two_rows, { { 0, 1 }, { 0 }, {} });
    BOOST_CHECK_THROW(network(0), std::invalid_argument);
    BOOST_CHECK_THROW(network(4, { 0, 1, 1, 3 }), std::invalid_argument);
    BOOST_CHECK_THROW(network(4).add_step("dropout", 0), std::invalid_argument);
    for (const float place : { 0.0f, 1.0f, -1.0f, 1e9f, std::nanf("") })
        for (const char* kind : { "recall", "add" })
            BOOST_CHECK_THROW(network(4).add_step(kind, place), std::invalid_argument);
    for (const float place : { 1.0f, -1.0f, std::nanf("") })
        BOOST_CHECK_THROW(network(4).add_step("keep", place), std::invalid_argument);
    network other_size = dense();
    other_size.add_step("keep", 0);
    other_size.add_affine(std::vector<float>(channels), { 0 }, all_of(channels));
    BOOST_CHECK_THROW(other_size.add_step("add", 0), std::invalid_argument);
}
