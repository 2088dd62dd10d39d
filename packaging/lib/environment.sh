# SPDX-License-Identifier: Apache-2.0
# The environment outside the clone: pinned wheels and the sample's pictures, in a folder named after the lock files.
# It is made under another name and renamed when complete, so what bears the name is always whole.

# choose_locks WITH_CUDA: which lock files this machine needs.
choose_locks() {
    locks=("$packaging/wheels.lock")
    nvcc=
    [[ $1 == yes ]] || return 0
    nvcc=$(system_nvcc)
    [[ -n $nvcc ]] || locks+=("$packaging/wheels-nvcc.lock")
    if has_nvidia_driver; then locks+=("$packaging/wheels-gpu.lock"); fi
}

# environment_folder NAME FILE...: the folder whose name holds the hash of these files.
environment_folder() {
    local name=$1
    shift
    echo "$cache/$name-$(cat "$@" | sha256sum | cut -c 1-16)"
}

pip_in() {
    local folder=$1
    shift
    TMPDIR="$cache/tmp" "$folder/bin/python" -m pip --disable-pip-version-check --no-input "$@"
}

# make_environment FOLDER FINISH LOCK...: FINISH is a function that gets the folder and completes it.
make_environment() {
    local folder=$1 finish=$2 partial=$1.partial requirements=()
    shift 2
    rm -rf "$partial" && mkdir -p "$cache/tmp" || return
    /usr/bin/python3 -m venv "$partial" || return
    for lock in "$@"; do requirements+=(--requirement "$lock"); done
    pip_in "$partial" install --no-deps --no-compile --progress-bar off "${requirements[@]}" || return
    "$finish" "$partial" || return
    # Scripts name their interpreter by its full path.
    grep -lIF "$partial" "$partial"/bin/* "$partial/pyvenv.cfg" | xargs --no-run-if-empty sed -i "s|$partial|$folder|g"
    mv -T "$partial" "$folder"
}

# finish_environment FOLDER
finish_environment() {
    local cuda
    cuda=$(echo "$1"/lib/python3*/site-packages/nvidia/cu13)
    # nvcc's own settings look for the runtime library in lib64; the wheels put it into lib.
    if [[ -x $cuda/bin/nvcc ]]; then ln -s lib "$cuda/lib64" || return; fi
    add_sample "$1"
}

add_sample() {
    rm -rf "$cache/tmp/sample"
    pip_in "$1" download --no-deps --progress-bar off --dest "$cache/tmp/sample" --requirement "$packaging/wheels-sample.lock" || return
    "$1/bin/python" "$packaging/lib/make_sample.py" "$cache"/tmp/sample/scikit_learn-*.whl "$1/sample/digits" || return
    rm -rf "$cache/tmp/sample"
}

# make_cases_once: the node tests that tests/conformance runs, in a folder of their own.
make_cases_once() {
    [[ -d $cases ]] && return
    local partial=$cases.partial
    rm -rf "$partial" "$cache/tmp/cases" && mkdir -p "$partial" "$cache/tmp" || return
    pip_in "$env" download --no-deps --progress-bar off --dest "$cache/tmp/cases" --requirement "$packaging/wheels-cases.lock" || return
    "$env/bin/python" -m zipfile -e "$cache"/tmp/cases/onnx-*.whl "$cache/tmp/cases/wheel" || return
    mv "$cache/tmp/cases/wheel/onnx/backend/test/data/node" "$partial/node" || return
    rm -rf "$cache/tmp/cases"
    mv -T "$partial" "$cases"
}

# alone FILE COMMAND...: two set-ups at the same moment wait for each other.
alone() {
    local lock=$1
    shift
    mkdir -p "$(dirname "$lock")" || return
    (
        flock --nonblock 9 || { echo "Another set-up is at work; waiting for it." && flock 9; } || exit
        "$@" 9>&-
    ) 9>"$lock"
}

make_environment_once() {
    [[ -d $env ]] || make_environment "$env" finish_environment "${locks[@]}"
}
