// SPDX-License-Identifier: GPL-3.0-or-later
// How numpy arrays come into the kernels.
//
// Arrays come in as C-contiguous numpy arrays of exactly the dtype and size wanted;
// anything else is refused rather than copied. The GIL is released in every call that
// works on a batch. std::invalid_argument arrives as ValueError.
#pragma once
#include <complex>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <stdexcept>
#include <string>

namespace py = pybind11;

namespace {

// Refuse what is not a C-contiguous array of `size` elements of T.
template <typename T>
[[maybe_unused]] void expect(const py::array& array, const char* name, size_t size)
{
    if (!py::isinstance<py::array_t<T>>(array) || !(array.flags() & py::array::c_style) ||
        size_t(array.size()) != size)
        throw std::invalid_argument(std::string(name) + " must be C-contiguous " +
                                    std::string(py::str(py::dtype::of<T>())) + " with " +
                                    std::to_string(size) + " elements, got " +
                                    std::string(py::str(array.dtype())) + " with " +
                                    std::to_string(array.size()));
}

template <typename T> T* data_of(py::array& array, const char* name, size_t size)
{
    expect<T>(array, name, size);
    return static_cast<T*>(array.mutable_data());
}

template <typename T>
const T* input_of(const py::array& array, const char* name, size_t size)
{
    expect<T>(array, name, size);
    return static_cast<const T*>(array.data());
}

// How many floats an array of float32 or complex64 holds.
[[maybe_unused]] size_t floats_in(const py::array& array)
{
    return size_t(array.size()) * (array.dtype().kind() == 'c' ? 2 : 1);
}

// Samples or reals: float32, or complex64 as twice as many floats.
[[maybe_unused]] const float*
floats_of(const py::array& array, const char* name, size_t floats)
{
    if (floats % 2 == 0 && py::isinstance<py::array_t<std::complex<float>>>(array))
        return reinterpret_cast<const float*>(
            input_of<std::complex<float>>(array, name, floats / 2));
    return input_of<float>(array, name, floats);
}

[[maybe_unused]] float* floats_of(py::array& array, const char* name, size_t floats)
{
    if (floats % 2 == 0 && py::isinstance<py::array_t<std::complex<float>>>(array))
        return reinterpret_cast<float*>(
            data_of<std::complex<float>>(array, name, floats / 2));
    return data_of<float>(array, name, floats);
}

} // namespace
