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
  "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-idirafter ${HEADROOM_TORCH}/include>"
  "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-idirafter ${HEADROOM_TORCH}/include/torch/csrc/api/include>"
  $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
target_compile_definitions(LibTorch::cpu INTERFACE USE_C10D_GLOO USE_C10D_NCCL)
target_link_libraries(LibTorch::cpu INTERFACE
  "${HEADROOM_TORCH}/lib/libtorch_cpu.so" "${HEADROOM_TORCH}/lib/libc10.so" "${HEADROOM_TORCH}/lib/libgomp.so.1")
target_link_options(LibTorch::cpu INTERFACE "-Wl,-rpath,${HEADROOM_TORCH}/lib" -Wl,--allow-shlib-undefined)

# The CUDA half, for the module only. Its own dependencies (cuBLAS, cuDNN, NCCL ...) are wheels in the same
# site-packages, found through its RPATH, and need not be there to link. It registers its kernels when it is loaded, so
# it must be named as needed although no symbol of it is called; one CUDA runtime serves it and us.
add_library(LibTorch::cuda INTERFACE IMPORTED)
target_link_libraries(LibTorch::cuda INTERFACE LibTorch::cpu
  "${HEADROOM_TORCH}/lib/libc10_cuda.so" "${HEADROOM_SITE_PACKAGES}/nvidia/cu13/lib/libcudart.so.13")
target_link_options(LibTorch::cuda INTERFACE
  "LINKER:--push-state,--no-as-needed,${HEADROOM_TORCH}/lib/libtorch_cuda.so,--pop-state"
  "LINKER:-rpath,${HEADROOM_SITE_PACKAGES}/nvidia/cu13/lib")
target_compile_options(LibTorch::cuda INTERFACE
  "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-idirafter ${HEADROOM_SITE_PACKAGES}/nvidia/cu13/include>")
