#!/usr/bin/env bash
# Runs cmocka test programs one after the other: a line for each, the whole output of those that fail, and the sum over single
# tests at the end. Fails if any program fails, crashes, or has no test. A test that misses its data is skipped, and counted so.
#
#   scripts/run-unit-tests.sh PROGRAM…      UNDER in the environment is a command put in front, such as valgrind
set -uo pipefail

passed=0
failed=0
skipped=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# cmocka's summary lines: "[  PASSED  ] 12 test(s)." and "[  FAILED  ] suite: 1 test(s), listed below:"
count() {
    sed -n "s/^\[  $1 *\] .*\b\([0-9][0-9]*\) test(s).*/\1/p" "$output" | awk '{sum += $1} END {print sum + 0}'
}

for program in "$@"; do
    ${UNDER:-} "$program" >"$output" 2>&1
    status=$?
    good=$(count PASSED)
    bad=$(count FAILED)
    left=$(count SKIPPED)
    # A program that ends badly without naming a failed test (a crash, a sanitizer) counts as one failure.
    if [[ $status -ne 0 && $bad -eq 0 ]] || [[ $((good + bad + left)) -eq 0 ]]; then
        bad=$((bad + 1))
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + left))
    note=
    [[ $left -eq 0 ]] || note=", $left skipped"
    if [[ $bad -eq 0 ]]; then
        printf '%-32s %3d passed%s\n' "$(basename "$program")" "$good" "$note"
    else
        printf '%-32s %3d passed, %d FAILED (exit status %d)\n' "$(basename "$program")" "$good" "$bad" "$status"
        cat "$output"
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 && $passed -gt 0 ]]
