# SPDX-License-Identifier: Apache-2.0
# Configuring and building. The compiler cache lies outside the clone, so a second clone builds in a fraction.

export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache}
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-2G}

# choose_configuration PRESET WITH_CUDA: what CMake is told.
choose_configuration() {
    build=$clone/build/$1
    bin=$build/bin
    configuration=("--preset" "$1" "-DHEADROOM_ENV=$env")
    if [[ $2 == yes ]]; then
        configuration+=(-DHEADROOM_CUDA=ON "-DCMAKE_CUDA_COMPILER=${nvcc:-$env/lib/python3.11/site-packages/nvidia/cu13/bin/nvcc}")
    else
        configuration+=(-DHEADROOM_CUDA=OFF)
    fi
}

is_configured() {
    [[ -f $build/build.ninja && -f $build/.configuration && $(<"$build/.configuration") == "${configuration[*]}" ]]
}

configure() {
    rm -f "$build/.configuration"
    cd "$clone" && cmake --fresh "${configuration[@]}" || return
    echo "${configuration[*]}" >"$build/.configuration"
}

# build_target TARGET
build_target() {
    alone "$build/.lock" cmake --build "$build" --target "$1" --parallel "$(build_jobs)"
}
