// SPDX-License-Identifier: GPL-3.0-or-later
// Boost.Test itself, compiled once for all tests of the kernels because it is slow.
#define BOOST_TEST_MODULE kernels
#include <boost/test/included/unit_test.hpp>
