// SPDX-License-Identifier: GPL-3.0-or-later
// Networks: hand-made results, batches of any size, erasures, errors, no allocation.
#define BOOST_TEST_MODULE network
#include "instruction_set.h"
#include "network/network.h"
#include <atomic>
#include <boost/test/included/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <random>

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

std::vector<float> random_values(size_t size, unsigned seed)
{
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(size);
    for (float& v : values)
        v = normal(generator);
    return values;
}

layer dense(size_t out, size_t in, unsigned seed = 1)
{
    layer l;
    l.kind = "dense";
    l.name = "dense" + std::to_string(seed);
    l.parameters["weight"] = { { out, in }, random_values(out * in, seed) };
    l.parameters["bias"] = { { out }, random_values(out, seed + 100) };
    return l;
}

layer plain(const std::string& kind)
{
    layer l;
    l.kind = kind;
    l.name = "a_" + kind;
    return l;
}

layer reshape(std::vector<double> shape)
{
    layer l = plain("reshape");
    l.attributes["shape"] = shape;
    return l;
}

std::string refusal(const std::vector<layer>& layers, std::vector<size_t> shape)
{
    try {
        network net(layers, shape);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

// Every instruction set in turn, and the best one again at the end.
template <typename F> void with_each_instruction_set(F check)
{
    for (const auto& name : instruction_sets()) {
        choose_instruction_set(name);
        check();
    }
    choose_instruction_set(instruction_sets().front());
}

} // namespace

BOOST_AUTO_TEST_CASE(dense_layer_is_a_matrix_product_in_batches_of_any_size)
{
    const layer l = dense(5, 14);
    const network net({ l }, { 14 });
    BOOST_TEST(net.multiply_adds() == 70);
    with_each_instruction_set([&] {
        for (size_t count : { 1, 2, 31, 32, 33, 64, 100 }) {
            const auto x = random_values(count * 14, 7);
            std::vector<float> out(count * 5 + 1, 99.0f);
            net.run(x.data(), count, out.data());
            BOOST_TEST(out.back() == 99.0f);
            for (size_t i = 0; i < count; ++i)
                for (size_t o = 0; o < 5; ++o) {
                    double sum = l.parameters.at("bias").values[o];
                    for (size_t j = 0; j < 14; ++j)
                        sum += double(l.parameters.at("weight").values[o * 14 + j]) *
                               x[i * 14 + j];
                    BOOST_TEST(std::fabs(out[i * 5 + o] - sum) < 1e-5);
                }
        }
    });
}

BOOST_AUTO_TEST_CASE(one_dimensional_convolution_by_hand)
{
    layer l = plain("conv1d");
    l.parameters["weight"] = { { 1, 1, 3 }, { 1, 10, 100 } };
    l.parameters["bias"] = { { 1 }, { 0.5f } };
    l.attributes["padding"] = { 2, 0 };
    const network net({ reshape({ 1, 4 }), l, plain("flatten") }, { 4 });
    const float x[] = { 1, 2, 3, 4 };
    // Zeros 0 0 on the left: 100*1, 10*1 + 100*2, 1 + 20 + 300, 2 + 30 + 400.
    const float wanted[] = { 100.5f, 210.5f, 321.5f, 432.5f };
    with_each_instruction_set([&] {
        float out[4];
        net.run(x, 1, out);
        BOOST_TEST(out == wanted, boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_CASE(two_dimensional_convolution_by_hand)
{
    layer l = plain("conv2d");
    l.parameters["weight"] = { { 1, 1, 2, 2 }, { 1, 10, 100, 1000 } };
    l.parameters["bias"] = { { 1 }, { 0 } };
    l.attributes["padding"] = { 0, 1, 0, 0 };
    const network net({ reshape({ 1, 2, 3 }), l }, { 6 });
    BOOST_TEST((net.output_shape() == std::vector<size_t>{ 1, 2, 2 }));
    const float x[] = { 1, 2, 3, 4, 5, 6 };
    const float wanted[] = { 5421, 6532, 54, 65 };
    with_each_instruction_set([&] {
        float out[4];
        net.run(x, 1, out);
        BOOST_TEST(out == wanted, boost::test_tools::per_element());
    });
}

BOOST_AUTO_TEST_CASE(activations_and_normalisations_by_formula)
{
    const float x[] = { -3.0f, -1e-4f, 0.5f, 2.0f };
    with_each_instruction_set([&] {
        float out[4];
        network({ plain("elu") }, { 4 }).run(x, 1, out);
        for (int i = 0; i < 4; ++i) {
            const double wanted = x[i] > 0 ? x[i] : std::expm1(double(x[i]));
            BOOST_TEST(std::fabs(out[i] / wanted - 1) < 1e-6);
        }
        network({ plain("relu") }, { 4 }).run(x, 1, out);
        BOOST_TEST(out[0] == 0);
        BOOST_TEST(out[3] == 2);
        network({ plain("softmax") }, { 4 }).run(x, 1, out);
        double sum = 0;
        for (const float v : x)
            sum += std::exp(double(v));
        for (int i = 0; i < 4; ++i)
            BOOST_TEST(std::fabs(out[i] * sum / std::exp(double(x[i])) - 1) < 1e-5);
        layer l2 = plain("l2_normalisation");
        l2.attributes["energy"] = { 7 };
        network({ l2 }, { 4 }).run(x, 1, out);
        double energy = 0;
        for (const float v : out)
            energy += double(v) * v;
        BOOST_TEST(std::fabs(energy - 7) < 1e-5);
        layer power = plain("average_power_normalisation");
        power.parameters["scale"] = { { 1 }, { 0.5f } };
        network({ power }, { 4 }).run(x, 1, out);
        BOOST_TEST(out[3] == 1);
    });
}

BOOST_AUTO_TEST_CASE(
    decision_takes_the_first_of_the_largest_and_erases_what_is_not_finite)
{
    const network net({}, { 16 });
    const float inf = std::numeric_limits<float>::infinity();
    with_each_instruction_set([&] {
        for (size_t count : { 1, 40, 200 }) {
            auto x = random_values(count * 16, 3);
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
    with_each_instruction_set([&] {
        for (const char* kind : { "relu", "elu", "sigmoid", "softmax" }) {
            float out[3];
            network({ plain(kind) }, { 3 }).run(x, 1, out);
            BOOST_TEST(std::isnan(out[0]), kind);
        }
    });
}

BOOST_AUTO_TEST_CASE(inputs_go_to_their_slots)
{
    // Columns re0 im0 re1 im1 become features re0 re1 im0 im1.
    const network net({}, { 4 }, { 0, 2, 1, 3 });
    const float x[] = { 1, 2, 3, 4 };
    float out[4];
    net.run(x, 1, out);
    const float wanted[] = { 1, 3, 2, 4 };
    BOOST_TEST(out == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_allocation_in_the_loop)
{
    const network net({ dense(16, 14, 1), plain("relu"), dense(16, 16, 2) }, { 14 });
    const auto x = random_values(1000 * 14, 5);
    std::vector<uint8_t> messages(1000), erased(1000);
    std::vector<float> out(1000 * 16);
    net.decide(x.data(), 1000, messages.data(), erased.data());
    const long before = allocations;
    for (int i = 0; i < 10; ++i) {
        net.decide(x.data(), 1000, messages.data(), erased.data());
        net.run(x.data(), 1000, out.data());
    }
    BOOST_TEST(allocations == before);
}

BOOST_AUTO_TEST_CASE(errors_name_the_layer)
{
    const auto contains = [](const std::string& text, const char* part) {
        return text.find(part) != std::string::npos;
    };
    BOOST_TEST(contains(refusal({ plain("dropout") }, { 4 }), "a_dropout"));
    BOOST_TEST(contains(refusal({ plain("dropout") }, { 4 }), "conv2d"));
    BOOST_TEST(contains(refusal({ dense(3, 5) }, { 4 }), "dense1"));
    BOOST_TEST(contains(refusal({ dense(3, 5) }, { 4 }), "(3, 5)"));
    BOOST_TEST(contains(refusal({ plain("dense") }, { 4 }), "weight"));
    BOOST_TEST(contains(refusal({ reshape({ 3, 3 }) }, { 4 }), "(3, 3)"));
    BOOST_TEST(contains(refusal({ reshape({ -1, -4 }) }, { 4 }), "shape"));
    layer nan = dense(4, 4);
    nan.parameters["bias"].values[2] = std::nanf("");
    BOOST_TEST(contains(refusal({ nan }, { 4 }), "finite"));
    BOOST_TEST(contains(refusal({}, { 4, 0 }), "(4, 0)"));
    layer scale = plain("average_power_normalisation");
    scale.parameters["scale"] = { { 2 }, { 1, 2 } };
    BOOST_TEST(contains(refusal({ scale }, { 2 }), "scale"));
    layer bias = dense(4, 4);
    bias.parameters["bias"] = { { 3 }, { 1, 2, 3 } };
    BOOST_TEST(contains(refusal({ bias }, { 4 }), "bias"));
    layer wide = plain("conv1d");
    wide.parameters["weight"] = { { 1, 1, 9 }, std::vector<float>(9) };
    wide.parameters["bias"] = { { 1 }, { 0 } };
    BOOST_TEST(contains(refusal({ reshape({ 1, 4 }), wide }, { 4 }), "larger"));
    BOOST_CHECK_THROW(network({}, { 4 }, { 0, 1, 1, 3 }), std::invalid_argument);
}
