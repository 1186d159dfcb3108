// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: keyed transforms.
#include "keying/keying.h"
#include "bindings/arrays.h"

namespace gr::advphy {

void bind_keying(py::module_& m)
{
    m.attr("LARGEST_KEYED") = largest_keyed;
    m.attr("KEYED_TRANSFORMS") = py::tuple(py::cast(keyed_transform::names));
    py::class_<keyed_transform> transform(
        m, "keyed_transform", "Orthogonal transforms chosen by random words.");
    transform
        .def(py::init<const std::string&, size_t>(), py::arg("name"), py::arg("reals"))
        .def_property_readonly("words",
                               &keyed_transform::words,
                               "Number of words (uint32) that choose a transform.");
    define(
        transform,
        "apply",
        "Write x (complex64), transformed by the rows of words, or the inverse.",
        { "words", "x", "out", "inverse" },
        [](const keyed_transform& self, input words, input x, output out, bool inverse) {
            const size_t count = rows_in(words, "words");
            const auto row = size_t(words.shape(1));
            const auto* drawn = data_of<uint32_t>(words, "words", count * row);
            const float* from = floats_of(x, "x", count * self.floats());
            float* to = floats_of(out, "out", count * self.floats());
            py::gil_scoped_release release;
            self.apply({ drawn, row, from, count, inverse, to });
        });
}

} // namespace gr::advphy
