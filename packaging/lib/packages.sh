# SPDX-License-Identifier: Apache-2.0
# Debian packages: which of packages.list are missing, and their installation.

# wanted_packages [WORD]: the names without a second word, and those with this one.
wanted_packages() {
    sed 's/#.*//' "$packaging/packages.list" | awk -v word="${1:-}" 'NF == 1 || (NF == 2 && $2 == word) {print $1}'
}

# missing_packages [WORD]
missing_packages() {
    comm -23 <(wanted_packages "${1:-}" | sort) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | awk '$1 == "installed" {print $2}' | sort -u)
}

# check_packages_can_be_installed: says in one sentence what stands in the way, before anything is changed.
check_packages_can_be_installed() {
    ((${#missing[@]} > 0)) || return 0
    is_debian_12 || fail "This is not Debian 12, and these packages are missing: ${missing[*]}. Install them by hand (names may differ) and start again."
    ((EUID == 0)) && return 0
    command -v sudo >/dev/null ||
        fail "Packages are missing and there is no sudo. As root: apt-get install --no-install-recommends ${missing[*]}"
}

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# ask_for_root: the password is asked for here, in the open, not behind a progress line.
ask_for_root() {
    ((EUID == 0)) || sudo -v || fail "Installing packages needs sudo. As root: apt-get install --no-install-recommends ${missing[*]}"
}

install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    as_root "${apt[@]}" update || because "the package lists could not be fetched; check the network and /etc/apt and start again." || return
    as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" || return
}
