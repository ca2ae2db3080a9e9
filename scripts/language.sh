#!/usr/bin/env bash
# The Chinese catalogues in schema/: messages (zh.po, from the C sources) and the API's description (openapi.zh.po).
#
#   scripts/language.sh update     brings new and changed English texts into the catalogues, untranslated
#   scripts/language.sh missing    lists what has no translation yet
#   scripts/language.sh check      fails if a translation is missing, out of date, or does not fit its format
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."

catalogues=(zh openapi.zh)
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where English stands in C: functions with the number of the argument that is a format, and LG_TEXT elsewhere.
keywords=(lg_fail:3 lg_fault_add:4 say:5 api_query_refuse:4 lg_audit_find:4 X:4 LG_TEXT wrong_type:3
          malformed:2 invalid:3 guard_stop:2 malformed_line:3 refuse_cell:3
          client_fail:3 client_say:3 client_warn:2 client_text:2 phrase:2 docs_say:2 docs_heading:2 docs_table:2 client_word:2c,3)
tables=(server/client/menu*.c server/client/listing.c server/client/output.c server/client/summary.c)

extract() {
    xgettext --files-from=- --from-code=UTF-8 --language=C "$@" --no-wrap --add-location=file 2>/dev/null
}

sources() {
    find ledger server -name '*.[ch]' "$@" | LC_ALL=C sort
}

# What is to be translated, of today's sources.
templates() {
    local source
    sources | extract --keyword "${keywords[@]/#/--keyword=}" --output="$work/code.pot"
    for source in "${tables[@]}"; do
        ${CC:-gcc} -E -P -D_GNU_SOURCE -I. "$source"
    done | "$python" scripts/language_texts.py tables >"$work/tables.pot"
    msgcat --use-first "$work/code.pot" "$work/tables.pot" --output-file="$work/zh.pot"
    # xgettext's name for what PRId64 puts into a literal, on 64-bit machines.
    sed -i 's/%<PRId64>/%ld/g; s/%<PRIu64>/%lu/g' "$work/zh.pot"
    "$python" scripts/language_texts.py openapi schema/openapi.json >"$work/openapi.zh.pot"
}

# Literals that read like sentences but are known to nobody: neither arguments of a function above nor in LG_TEXT. What only
# operators read stays English: log lines and metrics.
unmarked() {
    sources | extract --keyword --keyword=log_event:4 --keyword=access_fault:2 --output="$work/log.pot"
    sources ! -name 'metrics*' ! -name 'stats*' ! -path 'server/base/*' | extract --extract-all --output="$work/all.pot"
    sed -i 's/%<PRId64>/%ld/g; s/%<PRIu64>/%lu/g' "$work/all.pot"
    comm -23 <(grep -E '^msgid "[A-Z][a-z].* .*[^.]\.(\\n)?"$' "$work/all.pot" | sort -u) \
         <(msgcat --use-first --no-wrap "$work/zh.pot" "$work/log.pot" | grep '^msgid' | sort -u)
}

# Lists the entries of today's sources that have no translation; fails if there are any.
missing() {
    local name found=0
    for name in "${catalogues[@]}"; do
        msgmerge --quiet --no-fuzzy-matching --no-wrap "schema/$name.po" "$work/$name.pot" |
            msgattrib --untranslated --no-obsolete --no-wrap >"$work/missing.po"
        if [[ -s $work/missing.po ]]; then
            found=1
            echo "schema/$name.po lacks:"
            sed '1,/^$/d' "$work/missing.po"
        fi
    done
    unmarked >"$work/unmarked"
    if [[ -s $work/unmarked ]]; then
        found=1
        echo 'sentences that are neither arguments of the functions above nor in LG_TEXT:'
        cat "$work/unmarked"
    fi
    return $found
}

case ${1-} in
update)
    templates
    for name in "${catalogues[@]}"; do
        msgmerge --quiet --no-fuzzy-matching --no-wrap --sort-output --output-file="$work/new.po" "schema/$name.po" "$work/$name.pot"
        msgattrib --no-obsolete --no-wrap --sort-output "$work/new.po" |
            sed -E '/^"(POT-Creation-Date|Report-Msgid-Bugs-To): /d' >"schema/$name.po"
    done
    ;;
missing)
    templates
    missing || exit 1
    ;;
check)
    templates
    missing >&2 || { echo "language: translations are missing: scripts/language.sh update, then write them" >&2; exit 1; }
    for name in "${catalogues[@]}"; do
        msgfmt --check --output-file=/dev/null "schema/$name.po"
    done
    echo "language: $(grep -c '^msgid' schema/zh.po) messages and $(grep -c '^msgid' schema/openapi.zh.po) descriptions have their Chinese"
    ;;
*)
    sed -n 's/^# \{0,1\}//p' "$0" | sed 1d | head -5
    exit 2
    ;;
esac
