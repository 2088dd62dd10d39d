# SPDX-License-Identifier: Apache-2.0
# openvino::runtime out of the wheel, with the wheel's own TBB, found at run time through RPATH.
file(GLOB openvino_folders "${HEADROOM_ENV}/lib/python3*/site-packages/openvino")
list(GET openvino_folders 0 HEADROOM_OPENVINO)
if(NOT EXISTS "${HEADROOM_OPENVINO}/cmake/OpenVINOConfig.cmake")
  message(FATAL_ERROR "No OpenVINO in HEADROOM_ENV='${HEADROOM_ENV}'. Run packaging/start, which makes that environment.")
endif()
set(TBB_DIR "${HEADROOM_OPENVINO}/cmake")
find_package(OpenVINO REQUIRED COMPONENTS Runtime PATHS "${HEADROOM_OPENVINO}/cmake" NO_DEFAULT_PATH)
target_link_options(openvino::runtime INTERFACE "-Wl,-rpath,${HEADROOM_OPENVINO}/libs")
