// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: what channels do to complex samples.
#include "air/impairment.h"
#include "bindings/bindings_arrays.h"

using namespace gr::advphy;

namespace {

void checked_interpolate(const py::array& table,
                         const py::array& x,
                         uint64_t start,
                         uint64_t step,
                         py::array out)
{
    const size_t samples = size_t(x.size()), count = size_t(out.size());
    const float* from = floats_of(x, "x", 2 * samples);
    float* to = floats_of(out, "out", 2 * count);
    const float* taps =
        input_of<float>(table, "table", (interpolator_phases + 1) * interpolator_taps);
    // So that nothing below overflows.
    if (samples >> 31 || count >> 30 || start >> 63 || step >> 33)
        throw std::invalid_argument(
            "wanted samples and a start below 2^31, at most 2^30 of out, and a step "
            "below 2");
    const uint64_t last = count ? start + (count - 1) * step : 0;
    if (count && (last >> 32) + interpolator_taps > samples)
        throw std::invalid_argument("x holds " + std::to_string(samples) +
                                    " samples, wanted at least " +
                                    std::to_string((last >> 32) + interpolator_taps));
    py::gil_scoped_release release;
    interpolate(taps, from, start, step, count, to);
}

} // namespace

void bind_impairment(py::module_& m)
{
    m.attr("INTERPOLATOR_TAPS") = interpolator_taps;
    m.attr("INTERPOLATOR_PHASES") = interpolator_phases;
    m.def(
        "phasors",
        [](const py::array& turns, py::array out) {
            const size_t count = size_t(turns.size());
            const uint32_t* from = input_of<uint32_t>(turns, "turns", count);
            float* to = floats_of(out, "out", 2 * count);
            py::gil_scoped_release release;
            phasors(from, count, to);
        },
        "Write exp(2 pi j turns / 2^32) of turns (uint32) to out (complex64).",
        py::arg("turns"),
        py::arg("out"));
    m.def(
        "multiply",
        [](const py::array& gains, const py::array& x, py::array y) {
            const size_t floats = floats_in(y);
            const float* by = floats_of(gains, "gains", floats);
            const float* from = floats_of(x, "x", floats);
            float* to = floats_of(y, "y", floats);
            py::gil_scoped_release release;
            multiply(by, from, floats / 2, to);
        },
        "Write gains times x (complex64) to y, which may be x.",
        py::arg("gains"),
        py::arg("x"),
        py::arg("y"));
    m.def("interpolate",
          &checked_interpolate,
          "Read x (complex64) at start + i step, in samples times 2^32, to out.",
          py::arg("table"),
          py::arg("x"),
          py::arg("start"),
          py::arg("step"),
          py::arg("out"));
}
