# SPDX-License-Identifier: Apache-2.0
# Own imported targets for the LibTorch inside the wheel. The wheel's own TorchConfig.cmake stops where no CUDA Toolkit
# is installed, and links the CUDA half into every program.
file(GLOB torch_folders "${HEADROOM_ENV}/lib/python3*/site-packages/torch")
list(GET torch_folders 0 HEADROOM_TORCH)
if(NOT EXISTS "${HEADROOM_TORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "No LibTorch in HEADROOM_ENV='${HEADROOM_ENV}'. Run packaging/start, which makes that environment.")
endif()
cmake_path(GET HEADROOM_TORCH PARENT_PATH HEADROOM_SITE_PACKAGES)

# torch's folders come last (-idirafter): its bundled fmt and protobuf otherwise hide the system's.
# -fopenmp: at::parallel_for is an inline OpenMP region; the runtime is the wheel's own libgomp, never a second one.
add_library(LibTorch::cpu INTERFACE IMPORTED)
target_compile_options(LibTorch::cpu INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-idirafter$<SEMICOLON>${HEADROOM_TORCH}/include>
  $<$<COMPILE_LANGUAGE:CXX>:-idirafter$<SEMICOLON>${HEADROOM_TORCH}/include/torch/csrc/api/include>
  $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
target_compile_definitions(LibTorch::cpu INTERFACE USE_C10D_GLOO USE_C10D_NCCL)
target_link_libraries(LibTorch::cpu INTERFACE
  "${HEADROOM_TORCH}/lib/libtorch_cpu.so" "${HEADROOM_TORCH}/lib/libc10.so" "${HEADROOM_TORCH}/lib/libgomp.so.1")
target_link_options(LibTorch::cpu INTERFACE "-Wl,-rpath,${HEADROOM_TORCH}/lib" -Wl,--allow-shlib-undefined)
