# SPDX-License-Identifier: Apache-2.0
# The set-up that packaging/start and packaging/test share. The caller has set `program` and `packaging`.

set -u -o pipefail
: "${HOME:=$(getent passwd "$(id -u)" | cut -d : -f 6)}"
export HOME
clone=$(dirname "$packaging")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/headroom
preset=release
with_cuda=yes

for part in say machine packages environment build; do source "$packaging/lib/$part.sh"; done

# Measured with cold caches on 2 cores; MB as du counts them, minutes rounded up.
readonly kPackagesMb=1400 kPackagesMinutes=2
readonly kEnvironmentMb=1600 kEnvironmentMinutes=1
readonly kNvccMb=300 kGpuMb=4200 kGpuMinutes=4
readonly kBuildMb=800 kBuildCoreMinutes=34
readonly kTestCoreMinutes=18 kTestRunMinutes=7 # on top of the build

# look PACKAGE_WORD: finds out what is there and what is missing.
look() {
    check_architecture
    mapfile -t missing < <(missing_packages "$1")
    choose_locks "$with_cuda"
    env=$(environment_folder env "${locks[@]}" "$packaging/wheels-sample.lock" "$packaging/lib/make_sample.py")
    choose_configuration "$preset" "$with_cuda"
}

# packages_mb: what the missing ones take, as a share of all.
packages_mb() { echo $((kPackagesMb * ${#missing[@]} / $(sed 's/#.*//' "$packaging/packages.list" | grep -c .) + 100)); }

environment_mb() {
    local mb=$kEnvironmentMb
    [[ " ${locks[*]} " == *wheels-nvcc.lock* ]] && mb=$((mb + kNvccMb))
    [[ " ${locks[*]} " == *wheels-gpu.lock* ]] && mb=$((mb + kGpuMb))
    echo "$mb"
}

environment_minutes() {
    [[ " ${locks[*]} " == *wheels-gpu.lock* ]] && echo $((kEnvironmentMinutes + kGpuMinutes)) || echo "$kEnvironmentMinutes"
}

# announce PURPOSE [environment|tests]: what will be done, how long it takes and how much disk it fills. Counts the stages.
# With `environment` nothing is built, with `tests` those too.
announce() {
    local row='  %-16s %-44s %-18s %s\n' minutes=$(((kBuildCoreMinutes + $(build_jobs) - 1) / $(build_jobs)))
    local needed=()
    say "Headroom: $1"
    if ((${#missing[@]} > 0)); then
        printf "$row" "System packages" "${#missing[@]} to install$( ((EUID == 0)) || echo ', with sudo')" "about $kPackagesMinutes min" "$(packages_mb) MB"
        needed+=(/usr "$(packages_mb)")
        stage_count=$((stage_count + 1))
    fi
    if [[ ! -d $env ]]; then
        printf "$row" "Environment" "LibTorch, OpenVINO, sample: ${env/#"$HOME"/\~}" "about $(environment_minutes) min" "$(environment_mb) MB"
        needed+=("$cache" "$(environment_mb)")
        stage_count=$((stage_count + 1))
    fi
    if [[ ${2:-} != environment ]] && ! is_configured; then
        printf "$row" "Build" "build/$preset, $(build_jobs) jobs, CUDA ${with_cuda}" "at most $minutes min" "$kBuildMb MB"
        needed+=("$clone" "$kBuildMb")
        stage_count=$((stage_count + 1))
    fi
    if [[ ${2:-} == tests ]]; then
        printf "$row" "Tests" "what changed is built, all run" "at most $((kTestCoreMinutes / $(build_jobs) + kTestRunMinutes)) min" ""
    elif ((${#needed[@]} == 0)); then
        say "  Everything is in place."
    fi
    check_packages_can_be_installed
    check_disk "${needed[@]}"
}

set_up_environment() {
    if ((${#missing[@]} > 0)); then
        ask_for_root
        stage "System packages" install_packages
    fi
    [[ -d $env ]] || stage "Environment" alone "$cache/setup.lock" make_environment_once
}

# set_up: brings packages, environment and configuration to what `look` found wanting.
set_up() {
    set_up_environment
    is_configured || stage "Configure" alone "$build/.lock" configure
}

# choose_preset NAME
choose_preset() {
    case ${1:-} in
        release | dev) preset=$1 ;;
        *) fail "--preset takes release or dev, not '${1:-}'." ;;
    esac
}
