#!/usr/bin/env bash
# `make reproducible`: builds and installs this tree twice, in folders of different names and lengths, with different time zone, locale,
# umask and number of jobs, and compares every file that would be installed. Whoever distrusts a binary builds it and compares.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
one=$work/a two=$work/a-much-longer-name/of/another/folder
for tree in "$one" "$two"; do
    mkdir -p "$tree"
    find . -path ./build -prune -o -path ./.git -prune -o -type f -print0 | tar --null --files-from=- -cf - | tar -xf - -C "$tree"
done

(umask 022; cd "$one" && env -i PATH="$PATH" TZ=UTC LC_ALL=C make -j2 install DESTDIR="$work/installed-one" PREFIX=/usr) >"$work/log-one" 2>&1 ||
    { tail -20 "$work/log-one"; exit 1; }
(umask 077; cd "$two" && env -i PATH="$PATH" TZ=Asia/Shanghai LC_ALL=C.UTF-8 USER=other make -j1 install DESTDIR="$work/installed-two" PREFIX=/usr) \
    >"$work/log-two" 2>&1 || { tail -20 "$work/log-two"; exit 1; }

diff -r "$work/installed-one" "$work/installed-two" || { echo "check-reproducible: the two builds differ"; exit 1; }
echo "check-reproducible: $(find "$work/installed-one" -type f | wc -l) files are the same, bit for bit"
(cd "$work/installed-one" && find . -path '*/bin/*' -type f -o -name '*.so*' -type f | sort | xargs sha256sum)
