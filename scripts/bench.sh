#!/usr/bin/env bash
# Starts a new registry in a temporary folder and lets the measuring program loose on it; removes both afterwards.
#
#   TALLYSTICK=build/release/tallystick scripts/bench.sh build/release/bench [OPTION…]
#
# Options are the measuring program's (--help lists them); BENCH_OPTIONS in the environment adds some, so that
# `make bench BENCH_OPTIONS=--quick` works. BENCH_DIR: where the temporary folder is made (default /tmp): its file system is
# what is measured. BENCH_SERVE adds options of `serve`. BENCH_PERF=FILE: the server is profiled with `perf record` into FILE meanwhile.
set -euo pipefail

program=${1:?the measuring program}
shift
read -ra more <<<"${BENCH_OPTIONS:-}"
if [[ " $* ${more[*]:-} " == *" --help "* ]]; then
    exec "$program" --help
fi
tallystick=${TALLYSTICK:?TALLYSTICK is the binary to measure}

folder=$(mktemp -d "${BENCH_DIR:-/tmp}/tallystick-bench.XXXXXX")
server= profiler=

# Ends exactly what was started here.
finish() {
    local status=$?
    trap - EXIT
    if [[ -n $profiler ]]; then
        kill -INT "$profiler" 2>/dev/null || true
        wait "$profiler" || true
    fi
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        if ! wait "$server"; then
            echo "bench: the server did not end well; it said:" >&2
            cat "$folder/said" >&2
            status=1
        fi
    fi
    rm -rf "$folder"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$tallystick" init "$folder/registry" --origin bench.tallystick.example/ledger >/dev/null
mkfifo "$folder/lines"
"$tallystick" serve "$folder/registry" --listen 127.0.0.1:0 --webhooks-private \
    --rate-reads-per-minute 0 --rate-commands-per-minute 0 ${BENCH_SERVE:-} \
    >"$folder/lines" 2>"$folder/said" &
server=$!
exec 3<"$folder/lines"
if ! read -r -t 30 line <&3 || [[ $line != "listening on http://127.0.0.1:"* ]]; then
    echo "bench: the server did not start; it said:" >&2
    cat "$folder/said" >&2
    exit 1
fi

if [[ -n ${BENCH_PERF:-} ]]; then
    perf record -q -F 2000 -g -o "$BENCH_PERF" -p "$server" &
    profiler=$!
fi

model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1)
machine="$(nproc) × ${model:-$(uname -m)}, Linux $(uname -r), $(stat -f -c %T "$folder")"
"$program" --port "${line##*:}" --pid "$server" --dir "$folder/registry" --machine "$machine" "$@" ${more[@]+"${more[@]}"}
