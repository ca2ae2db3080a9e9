"""Does a registry cost as much when it is large as when it is small? Makes one in DIR, measures it at each size, and prints what an
operation costs there beside what it costs at the smallest.

    make flat FLAT='DIR --sizes 10000,100000,1000000,10000000'

Of each size the report of bench is kept in DIR.flat.json; called again, what was measured is not measured again, and the generator
goes on where the registry is. --print only prints. Small sizes are measured on a copy, so that what the measuring adds does not count
for the next; from 1,000,000 entries on it is done in place. Runs generate and bench from BUILD (default build/release).
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", ROOT / "build/release"))
IN_PLACE_FROM = 1_000_000
SCENARIOS = "register,confirm,split,transfer,take,financing,pay,read,list,query,claim,proof,tile,bundle,mixed,start-up,audit"


def measure(folder, size, options):
    subprocess.run([BUILD / "generate", folder, "--to-entries", str(size), "--seed", str(options.seed)],
                   check=True, stdout=sys.stderr)
    command = [ROOT / "scripts/bench.sh", BUILD / "bench", "--registry", folder, "--json", "--scenario", options.scenario,
               "--connections", options.connections]
    if size < IN_PLACE_FROM:
        command.append("--copy")
    if options.operations:
        command += ["--operations", str(options.operations)]
    environment = dict(os.environ, TALLYSTICK=str(BUILD / "tallystick"), BENCH_DIR=str(folder.parent))
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)


def level(result):
    return f"{result['asked_per_second']}/s" if result["asked_per_second"] else str(result["connections"])


def show(label, values, digits=1):
    """Each value, and behind all but the first how many times the first it is."""
    first = next((value for value in values if value), None)
    cells = []
    for at, value in enumerate(values):
        text = "-" if value is None else f"{value:,.{digits}f}"
        times = f"{value / first:5.2f}x" if at and value and first else " " * 6
        cells.append(f"{text:>12} {times}")
    print(f"{label:<34}" + "".join(cells))


def verify_us(report):
    return (report["floor"]["before"]["verify_us"] + report["floor"]["after"]["verify_us"]) / 2


def page_us(report):
    return (report["floor"]["before"]["page_us"] + report["floor"]["after"]["page_us"]) / 2


def print_all(reports):
    print(f"{'entries before':<34}" + "".join(f"{report['entries_before']:>12,}       " for report in reports))
    show("Ed25519 verify, us", [verify_us(report) for report in reports])
    show("a page of the database read, us", [page_us(report) for report in reports])
    rows = {(r["scenario"], level(r)): None for report in reports for r in report["results"]}
    for title, key, digits in (("CPU per operation, us", "cpu_us", 1), ("CPU in verifies", "cpu_per_verify", 2), ("Pages read", "pages_read", 1),
                               ("p50, ms", "p50_ms", 3), ("p99, ms", "p99_ms", 3)):
        print(f"\n{title}")
        for scenario, at in rows:
            found = [next((r for r in report["results"] if (r["scenario"], level(r)) == (scenario, at)), None)
                     for report in reports]
            show(f"  {scenario} at {at}", [r and r[key] for r in found], digits)
    print("\nThe registry")
    show("  start-up, clean stop, ms", [r.get("start_up", {}).get("clean_ms") for r in reports], 0)
    show("  start-up, kill -9, ms", [r.get("start_up", {}).get("killed_ms") for r in reports], 0)
    audits = [r.get("audit") for r in reports]
    show("  full audit, entries a second", [a and a["entries"] / a["seconds"] for a in audits], 0)
    show("  its CPU per entry, us", [a and a["cpu_seconds"] * 1e6 / a["entries"] for a in audits])
    show("  its peak memory, MiB", [a and a["peak_memory_bytes"] / 2**20 for a in audits])
    show("  ledger.db, bytes per entry", [r["database_bytes"] / r["entries"] for r in reports], 0)
    show("  WAL at most, MiB", [r["wal_peak_bytes"] / 2**20 for r in reports])
    show("  server's peak memory, MiB", [r["peak_memory_bytes"] / 2**20 for r in reports])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--sizes", default="10000,100000,1000000,10000000", help="entries, separated by commas")
    parser.add_argument("--scenario", default=SCENARIOS)
    parser.add_argument("--connections", default="64", help="levels of bench")
    parser.add_argument("--operations", type=int, help="per scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--print", action="store_true", dest="only_print")
    options = parser.parse_args()
    folder = options.folder.absolute()
    kept = Path(f"{folder}.flat.json")
    reports = json.loads(kept.read_text()) if kept.exists() else {}
    for size in sorted(map(int, options.sizes.split(","))):
        if options.only_print or str(size) in reports:
            continue
        reports[str(size)] = measure(folder, size, options)
        kept.write_text(json.dumps(reports, indent=1))
    if not reports:
        sys.exit("flat: nothing was measured yet")
    print_all([reports[size] for size in sorted(reports, key=int)])


if __name__ == "__main__":
    main()
