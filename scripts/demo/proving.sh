chapter "The ledger, verified from outside with the public key alone"
run 0 verify "$TALLYSTICK_URL" --vkey "$vkey" --state "$work/witness.state"
is ok true
seen=$(get size)
say "$(get entries_checked) entries, their chain, $(get tiles_fetched) tiles and bundles, the signed root: all agree, $(get elapsed_ms) ms"
as=operator
run 0 participant rating "${id[core_enterprise]}" AA+ --agency 东方评级
as=nobody
run 0 verify "$TALLYSTICK_URL" --vkey "$vkey" --state "$work/witness.state"
is previous_size "$seen"
size=$(get size)
say "one entry later: the ledger of $size entries continues the $seen seen before"
start_helper liar "$TALLYSTICK_URL"
liar_pid=$helper_pid
run 4 verify "$helper_url" --vkey "$vkey" --state "$work/other.state"
is ok false
say "through a server that flips one bit of one entry: $(get finding)"
stop_process "$liar_pid"
liar_pid=

if [[ $serve == no ]]; then
    chapter "The audit, from inside"
    stop_server
    run 0 audit "$work/registry"
    is ok true
    is entries "$size"
    is findings# 0
    [[ $(get invariants) -gt 0 ]] || wrong "no invariant was checked"
    say "$(get entries) entries and $(get commands) signed commands replayed, every table rebuilt and compared: no finding, $run_ms ms"
    say "the $(get invariants) rules that hold between the tables (one holder each, nothing financed twice, no limit overdrawn, sums) hold"
    cp -a "$work/registry" "$work/tampered"
    "$python" -I - "$work/tampered/ledger.db" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
changed = database.execute("UPDATE claims SET outstanding_minor = outstanding_minor - 100 WHERE outstanding_minor = 130000000").rowcount
database.commit()
assert changed == 1, changed
PYTHON
    run 4 audit "$work/tampered"
    is ok false
    say "a copy in which someone lowered a claim by CNY 1.00 behind the registry's back: found,"
    say "table $(get "findings[0].table"): $(get "findings[0].detail")"
fi
