# SPDX-License-Identifier: Apache-2.0
# What this machine has: system, cores, memory, disk, GPU driver, CUDA compiler.

# build_jobs: how many compilers fit at once (a file with LibTorch's headers takes about 1.5 GB).
build_jobs() {
    local memory_gb
    memory_gb=$(awk '/MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
    local fit=$((memory_gb < $(nproc) ? memory_gb : $(nproc)))
    echo "${HEADROOM_JOBS:-$((fit > 0 ? fit : 1))}"
}

is_debian_12() {
    [[ -r /etc/os-release ]] && (. /etc/os-release && [[ ${ID:-} == debian && ${VERSION_ID:-} == 12 ]])
}

check_architecture() {
    [[ $(uname -sm) == "Linux x86_64" ]] ||
        fail "This is $(uname -sm); the pinned wheels of LibTorch and OpenVINO are for Linux x86_64."
}

has_nvidia_driver() {
    [[ -e /proc/driver/nvidia/version ]] || ldconfig -p 2>/dev/null | grep -q 'libnvidia-ml\.so\.1'
}

# system_nvcc: prints the path of an installed nvcc 13.0, or nothing.
system_nvcc() {
    local candidate
    for candidate in "$(command -v nvcc)" "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" /usr/local/cuda/bin/nvcc /usr/local/cuda-13.0/bin/nvcc; do
        if [[ -n $candidate && -x $candidate ]] && "$candidate" --version 2>/dev/null | grep -q 'release 13\.0'; then
            echo "$candidate"
            return
        fi
    done
}

existing_parent() {
    local path=$1
    while [[ ! -e $path ]]; do path=$(dirname "$path"); done
    echo "$path"
}

free_mb() { LC_ALL=C df -Pm "$(existing_parent "$1")" | awk 'NR == 2 {print $4}'; }
device_of() { LC_ALL=C df -P "$(existing_parent "$1")" | awk 'NR == 2 {print $6}'; }

# check_disk PATH MB [PATH MB]...: adds up what is needed on each file system and compares with what is free.
check_disk() {
    local -A needed=()
    local mount
    while (($# > 0)); do
        mount=$(device_of "$1")
        needed[$mount]=$((${needed[$mount]:-0} + $2))
        shift 2
    done
    for mount in "${!needed[@]}"; do
        if ((needed[$mount] > $(free_mb "$mount"))); then
            fail "Not enough disk on $mount: $(free_mb "$mount") MB are free, ${needed[$mount]} MB are needed. Free some space and start again."
        fi
    done
}
