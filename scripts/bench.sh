#!/usr/bin/env bash
# Prepares a registry and lets the measuring program loose on it, which starts the server.
#
#   TALLYSTICK=build/release/tallystick scripts/bench.sh build/release/bench [OPTION…]
#
# Without --registry a new one in a temporary folder, removed afterwards. --registry DIR: that one, as the generator made it
# (tests/bench/README.md), in its place: it grows. With --copy a copy of it is used and removed. The other options are the measuring
# program's (--help lists them); BENCH_OPTIONS in the environment adds some, so that `make bench BENCH_OPTIONS=--quick` works.
# BENCH_DIR: where the temporary folder is made (default /tmp): its file system is what is measured. BENCH_SERVE adds options
# of `serve`. BENCH_PERF=FILE: the server is profiled with `perf record` into FILE. BENCH_COUNT_SYNCS= (empty): nothing is preloaded into
# the server, whose syncs are not counted then; needed for one built with a sanitizer.
set -euo pipefail

program=${1:?the measuring program}
shift
tallystick=${TALLYSTICK:?TALLYSTICK is the binary to measure}
read -ra more <<<"${BENCH_OPTIONS:-}"
set -- "$@" ${more[@]+"${more[@]}"}
options=()
registry='' copy=''
while (($#)); do
    case $1 in
    --help) exec "$program" --help ;;
    --registry) registry=${2:?--registry DIR} && shift ;;
    --registry=*) registry=${1#*=} ;;
    --copy) copy=yes ;;
    *) options+=("$1") ;;
    esac
    shift
done

# Not "$folder" alone: the program puts files of its own beside the registry.
folder=$(mktemp -d "${BENCH_DIR:-/tmp}/tallystick-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ -z $registry ]]; then
    "$tallystick" init "$folder/registry" --origin bench.tallystick.example/ledger >/dev/null
    registry=$folder/registry
elif [[ -n $copy ]]; then
    cp -R --reflink=auto "$registry" "$folder/registry"
    registry=$folder/registry
else
    trap 'rm -rf "$folder" "$registry".{syncs,said,bare,bare.said}' EXIT
fi

model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1)
machine="$(nproc) × ${model:-$(uname -m)}, Linux $(uname -r), $(stat -f -c %T "$registry")"
beside=$(dirname "$program")
"$program" --tallystick "$tallystick" --bare "$beside/bare" --dir "$registry" --machine "$machine" ${BENCH_COUNT_SYNCS-"--syncs=$(realpath "$beside/bench-syncs.so")"} \
    ${options[@]+"${options[@]}"}
