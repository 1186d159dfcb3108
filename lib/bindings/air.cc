// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: impairments, perturbations, the canceller, and the
// settings of paths.
#include "air/air_path.h"
#include "air/canceller.h"
#include "air/heartbeat.h"
#include "air/impairment.h"
#include "air/perturbation.h"
#include "bindings/arrays.h"
#include <pybind11/complex.h>

namespace gr::advphy {

namespace {

perturbation perturbation_from(input rows, const py::kwargs& given)
{
    const py::object how = py::cast(perturbation_settings());
    for (const auto& [name, value] : given) {
        if (!py::hasattr(how, name))
            throw std::invalid_argument("setting '" + py::cast<std::string>(name) +
                                        "' is not known");
        how.attr(name) = value;
    }
    return perturbation(rows_of(rows, "rows"),
                        size_t(rows.shape(0)),
                        how.cast<const perturbation_settings&>());
}

void bind_perturbation(py::module_& m)
{
    using how = perturbation_settings;
    py::class_<how>(m, "perturbation_settings", "How a perturbation arrives.")
        .def_readwrite("by_message", &how::by_message)
        .def_readwrite("book", &how::book)
        .def_readwrite("jammer", &how::jammer)
        .def_readwrite("random_shift", &how::random_shift)
        .def_readwrite("random_phase", &how::random_phase)
        .def_readwrite("random_sign", &how::random_sign)
        .def_readwrite("alternate_sign", &how::alternate_sign)
        .def_readwrite("random_frequency", &how::random_frequency)
        .def_readwrite("rayleigh", &how::rayleigh)
        .def_readwrite("frequency", &how::frequency)
        .def_readwrite("hold", &how::hold)
        .def_readwrite("off_blocks", &how::off_blocks)
        .def_readwrite("on_blocks", &how::on_blocks)
        .def_readwrite("seed", &how::seed);
    py::class_<perturbation> adversary(m, "perturbation", "Perturbation of each block.");
    adversary.def(py::init(&perturbation_from), py::arg("rows"));
    for (const auto& [name, method] : { std::pair("write", &perturbation::write),
                                        std::pair("add", &perturbation::add) })
        define(adversary,
               name,
               "Write the perturbation of blocks first, first + 1, ... to y (complex64), "
               "or add it.",
               { "messages", "first", "y" },
               [method = method](const perturbation& self,
                                 optional_input messages,
                                 uint64_t first,
                                 output y) {
                   const size_t count = floats_in(y) / (2 * self.n());
                   float* to = floats_of(y, "y", count * 2 * self.n());
                   const uint8_t* sent =
                       messages ? data_of<uint8_t>(*messages, "messages", count)
                                : nullptr;
                   py::gil_scoped_release release;
                   (self.*method)(sent, first, count, to);
               });
}

// (components, [(shift, factor), ...], penalty) of Python.
using family_tuple =
    std::tuple<size_t, std::vector<std::pair<size_t, std::complex<double>>>, double>;

canceller canceller_from(input codebook,
                         const std::vector<family_tuple>& descriptions,
                         size_t sampled,
                         size_t iterations)
{
    std::vector<family> families;
    for (const auto& [components, transforms, penalty] : descriptions) {
        families.push_back({ components, {}, penalty });
        for (const auto& [shift, factor] : transforms)
            families.back().tied.push_back({ shift, factor });
    }
    return canceller(rows_of(codebook, "codebook"),
                     size_t(codebook.shape(0)),
                     std::move(families),
                     sampled,
                     iterations);
}

py::array components_of(const estimate& e)
{
    const auto& p = e.fitted.p();
    const size_t floats = p[0].size();
    py::array out = new_samples(p.size(), floats / 2);
    float* to = floats_of(out, "p", p.size() * floats);
    for (const auto& component : p)
        to = std::copy(std::begin(component), std::end(component), to);
    return out;
}

void bind_canceller(py::module_& m)
{
    py::class_<estimate>(m, "estimate", "Estimate of a canceller for a window.")
        .def_readonly("family", &estimate::which)
        .def_readonly("statistic", &estimate::statistic)
        .def_readonly("gain", &estimate::gain)
        .def_property_readonly("p", &components_of)
        .def_property_readonly("weights",
                               [](const estimate& e) { return e.fitted.weights(); })
        .def_property_readonly("noise_variance",
                               [](const estimate& e) { return e.fitted.variance(); });
    py::class_<canceller> blind(m, "canceller", "Blind estimate-and-cancel.");
    blind.def(py::init(&canceller_from),
              py::arg("codebook"),
              py::arg("families"),
              py::arg("sample"),
              py::arg("iterations"));
    blind.def(
        "find",
        [](const canceller& self,
           input y,
           const estimate* past,
           double forgetting,
           double change,
           optional_input known) {
            const size_t floats = floats_in(y), blocks = floats / self.floats();
            const float* from = floats_of(y, "y", blocks * self.floats());
            const float* minus = known ? floats_of(*known, "known", floats) : nullptr;
            py::gil_scoped_release release;
            return self.find(from, blocks, past, forgetting, change, minus);
        },
        "Estimate what was added to a window of blocks.",
        py::arg("y"),
        py::arg("past") = nullptr,
        py::arg("forgetting") = 0.0,
        py::arg("change") = 0.0,
        py::arg("known") = py::none());
    define(blind,
           "subtract",
           "Subtract the most likely component from each block of y, in place.",
           { "found", "y" },
           [](const canceller& self, const estimate& found, output y) {
               const size_t blocks = floats_in(y) / self.floats();
               float* to = floats_of(y, "y", blocks * self.floats());
               py::gil_scoped_release release;
               self.subtract(found, to, blocks);
           });
}

void checked_interpolate(input table, input x, uint64_t start, uint64_t step, output out)
{
    const size_t samples = size_t(x.size()), count = size_t(out.size());
    const auto* from = data_of<sample>(x, "x", samples);
    auto* to = data_of<sample>(out, "out", count);
    const auto* taps =
        data_of<float>(table, "table", (interpolator_phases + 1) * interpolator_taps);
    // Limits that prevent an overflow below.
    if (samples >> 31 || count >> 30 || start >> 63 || step >> 33)
        throw std::invalid_argument(
            "expected samples and a start below 2^31, at most 2^30 of out, and a step "
            "below 2");
    const uint64_t last = count ? start + (count - 1) * step : 0;
    if (count && (last >> 32) + interpolator_taps > samples)
        throw std::invalid_argument("x holds " + std::to_string(samples) +
                                    " samples, expected at least " +
                                    std::to_string((last >> 32) + interpolator_taps));
    py::gil_scoped_release release;
    interpolate(taps, from, start, step, count, to);
}

void bind_impairments(py::module_& m)
{
    m.attr("INTERPOLATOR_TAPS") = interpolator_taps;
    m.attr("INTERPOLATOR_PHASES") = interpolator_phases;
    define(m,
           "phasors",
           "Write exp(2 pi j turns / 2^32) of turns (uint32) to out (complex64).",
           { "turns", "out" },
           [](input turns, output out) {
               const size_t count = size_t(turns.size());
               const auto* from = data_of<uint32_t>(turns, "turns", count);
               auto* to = data_of<sample>(out, "out", count);
               py::gil_scoped_release release;
               phasors(from, count, to);
           });
    define(m,
           "multiply",
           "Write gains times x (complex64) to y, which may be x.",
           { "gains", "x", "y" },
           [](input gains, input x, output y) {
               const size_t count = size_t(y.size());
               const auto* by = data_of<sample>(gains, "gains", count);
               const auto* from = data_of<sample>(x, "x", count);
               auto* to = data_of<sample>(y, "y", count);
               py::gil_scoped_release release;
               multiply(by, from, count, to);
           });
    define(m,
           "interpolate",
           "Write x (complex64) at start + i step, in samples times 2^32, to out.",
           { "table", "x", "start", "step", "out" },
           &checked_interpolate);
}

void bind_paths(py::module_& m)
{
    std::vector<std::string> names;
    for (const path_field& field : path_fields)
        names.push_back(field.name);
    m.attr("PATH_SETTINGS") = py::tuple(py::cast(names));
    m.attr("PATH_PROFILES") = py::tuple(py::cast(profile_names));
    define(
        m,
        "check_path",
        "Raise ValueError if a value (float64, in the order of PATH_SETTINGS) is out of "
        "range at a sample rate.",
        { "values", "sample_rate" },
        [](input values, double sample_rate) {
            const double* value = data_of<double>(values, "values", path_fields.size());
            path_settings path;
            for (const path_field& field : path_fields)
                path.*field.value = *value++;
            check_path(path, sample_rate);
        });
}

void bind_heartbeat(py::module_& m)
{
    py::class_<heartbeat>(m, "Heartbeat", "Bytes to a socket while calls keep promises.")
        .def(py::init<int>(), py::arg("socket"))
        .def("promise",
             &heartbeat::promise,
             "Promise that a call (0, 1, 2) ends or comes again within so many seconds.",
             py::arg("call"),
             py::arg("seconds"))
        .def("heard", &heartbeat::heard, "Return whether the other end takes the bytes.");
}

} // namespace

void bind_air(py::module_& m)
{
    bind_heartbeat(m);
    bind_impairments(m);
    bind_perturbation(m);
    bind_canceller(m);
    bind_paths(m);
}

} // namespace gr::advphy
