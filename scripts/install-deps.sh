#!/usr/bin/env bash
# Installs the Debian packages that Tallystick is built and tested with. Does nothing, and asks nothing of the network, if all
# are there. Needs root or sudo only when something is missing.
#
#   scripts/install-deps.sh          what building, testing and the demo need
#   scripts/install-deps.sh --dev    also the tools of `make lint`, `make coverage` and `make fuzz`
#   scripts/install-deps.sh --deb    also what `make deb` needs
set -euo pipefail

packages=(gcc make pkg-config gettext libmicrohttpd-dev libgnutls28-dev libsystemd-dev libseccomp-dev libsqlite3-dev libsodium-dev libjansson-dev libcurl4-openssl-dev libxml2-dev libarchive-dev libzstd-dev libcsv-dev
          libunistring-dev libssl-dev libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-cryptography python3-jsonschema python3-prometheus-client python3-jwcrypto curl openssl jq
          ca-certificates nginx-light strace xfsprogs)
case ${1-} in
--dev) packages+=(clang clang-format clang-tidy cppcheck gcovr libclang-rt-14-dev valgrind) ;;
--deb) packages+=(debhelper dpkg-dev lintian) ;;
'') ;;
*) echo "usage: $0 [--dev|--deb]" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "install-deps: this is not a Debian system; please install the equivalents of: ${packages[*]}" >&2
    exit 1
fi

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: these packages are missing: ${missing[*]}" >&2
        echo "install-deps: run this script as root, or install sudo." >&2
        exit 1
    fi
    as_root=(sudo)
fi

# What is installed for the tests (nginx) shall not start as a service here.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
echo "install-deps: installing ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
echo "install-deps: done"
