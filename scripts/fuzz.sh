#!/usr/bin/env bash
# The fuzz targets of tests/fuzz.
#
#   scripts/fuzz.sh replay TARGET…        runs each over its corpus, once; UNDER: a command put in front, such as valgrind
#   scripts/fuzz.sh search RUNS TARGET…   searches with libFuzzer from the corpus on, FUZZ_JOBS targets at a time (1)
#   scripts/fuzz.sh keep TARGET…          takes into the corpus what a search found that covers more, and nothing twice
#
# A target is its binary. Searches work in build/fuzz: work/NAME holds what they found, found/ what failed.
set -euo pipefail
cd "$(dirname "$0")/.."
verb=${1:?replay, search or keep}
shift

name_of() { local name=${1##*/}; echo "${name#fuzz_}"; }
corpus=tests/fuzz/corpus

search() {
    local target=$1 runs=$2 name more=() status=0
    name=$(name_of "$target")
    mkdir -p "build/fuzz/work/$name" build/fuzz/found
    [[ $name != ubl && $name != cii ]] || more=(-dict=tests/fuzz/xml.dict)
    # libxml2 and jansson keep what they learn: leaks are looked for by the sanitizer at the end, not each time.
    "$target" -runs="$runs" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -detect_leaks=0 "${more[@]}" \
        -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/work/$name" "$corpus/$name" >"build/fuzz/$name.log" 2>&1 || status=$?
    awk -v name="$name" -v status="$status" '
        /stat::number_of_executed_units/ { runs = $2 }
        /stat::average_exec_per_sec/ { rate = $2 }
        / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1); else if ($i == "ft:") features = $(i + 1) }
        END { printf "%-10s %12d runs %8d/s %6d edges %7d features  %s\n", name, runs, rate, cov, features, status == 0 ? "nothing found" : "FAILED: see build/fuzz/" name ".log" }' \
        "build/fuzz/$name.log"
    return "$status"
}

case $verb in
replay)
    passed=0 failed=0
    for target; do
        name=$(name_of "$target")
        if ${UNDER:-} "$target" "$corpus/$name"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$name: FAILED"; fi
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    ;;
search)
    runs=$1 failed=0
    shift
    for target; do
        while [ "$(jobs -rp | wc -l)" -ge "${FUZZ_JOBS:-1}" ]; do wait -n || failed=$((failed + 1)); done
        search "$target" "$runs" &
    done
    while [ -n "$(jobs -p)" ]; do
        wait -n || { status=$?; [ $status -eq 127 ] && break; failed=$((failed + 1)); }
    done
    [ "$failed" -eq 0 ]
    ;;
keep)
    for target; do
        name=$(name_of "$target")
        mkdir -p "$corpus/$name" "build/fuzz/work/$name" "build/fuzz/kept/$name"
        rm -f "build/fuzz/kept/$name"/*
        "$target" -merge=1 -max_len=4096 -detect_leaks=0 "build/fuzz/kept/$name" "$corpus/$name" "build/fuzz/work/$name" 2>&1 | tail -1
        rm -f "$corpus/$name"/*
        cp "build/fuzz/kept/$name"/* "$corpus/$name/"
    done
    ;;
*)
    echo "fuzz.sh: $verb?" >&2
    exit 2
    ;;
esac
