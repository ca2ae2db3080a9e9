#!/usr/bin/env bash
# Layout (clang-format), layers, and what clang-tidy and cppcheck find. Tools that are not installed are named and left out;
# scripts/install-deps.sh --dev installs them.
set -uo pipefail
cd "$(dirname "$0")/.."

status=0
mapfile -t files < <(find ledger server tests -name '*.[ch]' | sort)
mapfile -t units < <(printf '%s\n' "${files[@]}" | grep '\.c$' | grep -v '^tests/')

have() {
    command -v "$1" >/dev/null || { echo "lint: $1 is not installed, left out"; return 1; }
}

echo "lint: layers"
scripts/check-layers.sh || status=1

if have clang-format; then
    echo "lint: layout of ${#files[@]} files"
    for file in "${files[@]}"; do
        clang-format --dry-run -Werror "$file" 2>/dev/null || { echo "$file: not laid out by clang-format (make format)"; status=1; }
    done
fi

# Shell scripts that do not parse.
for script in scripts/*.sh scripts/demo/*.sh examples/clients/*/*.sh .ci/run; do
    [[ ! -f $script ]] || bash -n "$script" || status=1
done

if have cppcheck; then
    echo "lint: cppcheck"
    # Left out: missing system headers are no finding; NULL behind "…" is a pointer wherever we run; and what needs to see that a
    # function does not return, or fills what it is pointed to, is left to the compiler, clang-tidy and the sanitizers.
    # jansson's loops are macros that cppcheck must be told of, since it does not read the system's headers.
    cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -I. -j 2 --enable=warning,portability \
        --suppress=missingIncludeSystem --suppress=varFuncNullUB --suppress=nullPointerRedundantCheck --suppress=uninitvar \
        --suppress=legacyUninitvar --suppress=uninitStructMember --suppress=comparePointers --suppress=arrayIndexThenCheck \
        -D'json_array_foreach(array,index,value)=while(index=json_array_size(array),(value=json_array_get(array,index)))' \
        -D'json_object_foreach(object,key,value)=while((key=json_object_iter_key(object))&&(value=json_object_get(object,key)))' \
        "${units[@]}" || status=1
fi

if have clang-tidy; then
    echo "lint: clang-tidy"
    checks='-*,bugprone-*,clang-analyzer-*,misc-redundant-expression,performance-*'
    # Left out: matters of taste, warnings about functions that the C library offers no replacement for, and checks that do not
    # see that bytes are no strings, that products of small constants are small, or what a function in another file does.
    checks+=',-bugprone-easily-swappable-parameters,-bugprone-assignment-in-if-condition,-bugprone-reserved-identifier'
    checks+=',-bugprone-not-null-terminated-result,-bugprone-implicit-widening-of-multiplication-result'
    checks+=',-bugprone-macro-parentheses,-bugprone-sizeof-expression,-bugprone-branch-clone'
    checks+=',-clang-analyzer-core.CallAndMessage,-clang-analyzer-core.NullDereference,-clang-analyzer-core.NonNullParamChecker'
    checks+=',-clang-analyzer-core.UndefinedBinaryOperatorResult'
    checks+=',-bugprone-misplaced-widening-cast,-performance-no-int-to-ptr'
    checks+=',-bugprone-narrowing-conversions,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling'
    read -ra flags <<<"$(pkg-config --cflags libmicrohttpd sqlite3 libsodium jansson libcurl libxml-2.0 libcrypto)"
    printf '%s\0' "${units[@]}" |
        xargs -0 -P 2 -I '{}' clang-tidy --quiet --warnings-as-errors='*' --checks="$checks" '{}' -- -std=gnu17 -D_GNU_SOURCE -I. \
            "${flags[@]}" 2> >(grep -vE 'warnings? generated|^Suppressed|Use -header-filter' >&2) || status=1
fi

[[ $status -eq 0 ]] && echo "lint: clean"
exit "$status"
