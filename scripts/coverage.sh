#!/usr/bin/env bash
# Runs the tests with counters of what runs, and prints which lines and branches did, per folder and for the files of ledger/
# that miss most. All parts are run and all is printed whatever fails; then it fails if a test did, or if ledger/ is below what
# is asked of it. gcov counts every outcome of every condition, those inside && and || too, and those of macros; nothing of our
# own is left out, not even what ends the process for want of memory.
#
#   scripts/coverage.sh [PART…]      parts are make targets; without any: all that count
#   KEEP=1                           adds to the counters of an earlier run
set -uo pipefail
cd "$(dirname "$0")/.." || exit

LINES_MIN=95 BRANCHES_MIN=90 # of ledger/, in percent
objects=build/coverage
parts=("$@")
[[ ${#parts[@]} -gt 0 ]] || parts=(check-unit fuzz-replay fault check-api check-model)
failed=()

run() {
    local begun=$SECONDS
    "${MAKE:-make}" --no-print-directory MODE=coverage -j2 "$@" || failed+=("$*")
    echo "== $*: $(((SECONDS - begun) / 60)) min $(((SECONDS - begun) % 60)) s"
}

report() {
    gcovr --root . --object-directory $objects --filter "$1/" --exclude-unreachable-branches --print-summary \
        --json-summary $objects/"$1".json --txt $objects/"$1".txt "${@:2}"
}

# Of each file: outcomes of branches that never came, and lines that never ran.
worst() {
    "${PYTHON:-python3}" - "$1" <<'END'
import json, sys
files = json.load(open(sys.argv[1]))["files"]
files.sort(key=lambda f: f["branch_covered"] - f["branch_total"])
for f in files[:10]:
    print("%-40s lines %5.1f %%   branches %5.1f %% (%d of %d never)" % (
        f["filename"], f["line_percent"], f["branch_percent"], f["branch_total"] - f["branch_covered"], f["branch_total"]))
END
}

run all
[[ -n ${KEEP:-} ]] || find $objects -name '*.gcda' -delete
for part in "${parts[@]}"; do run "$part"; done
echo "== server/"
report server
echo "== ledger/"
report ledger --fail-under-line $LINES_MIN --fail-under-branch $BRANCHES_MIN || failed+=("ledger/ below $LINES_MIN % of lines, $BRANCHES_MIN % of branches")
worst $objects/ledger.json
[[ ${#failed[@]} -eq 0 ]] || {
    printf 'failed: %s\n' "${failed[@]}"
    exit 1
}
