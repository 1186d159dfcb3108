# SPDX-License-Identifier: GPL-3.0-or-later
# What `make deb` packs, for the Debian release that it runs on.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The gr-advphy authors <gr-advphy@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Neural physical layers under attack, as GNU Radio blocks")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION hamradio)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
math(EXPR next "${Python_VERSION_MINOR} + 1")
# The kernels are built for one Python; what the blocks import comes with apt.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "gnuradio (>= 3.10), python3 (>= 3.${Python_VERSION_MINOR}), python3 (<< 3.${next}), \
python3-numpy, python3-scipy, python3-matplotlib, python3-pyqtgraph, python3-tqdm, \
python3-cryptography, python3-fastjsonschema, python3-pooch, python3-zmq")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-distributed, gr-osmosdr, gr-soapy")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/setup/debian/postinst
                                       ${CMAKE_SOURCE_DIR}/setup/debian/prerm)
include(CPack)
