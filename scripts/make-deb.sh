#!/usr/bin/env bash
# `make deb`: a Debian package of this tree, from a copy of it in build/deb, where scripts/debian stands as debian/. Ends with
# lintian's opinion and a look into what was built.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^#define TALLYSTICK_VERSION "\(.*\)"$/\1/p' server/version.h)
packaged=$(dpkg-parsechangelog -l scripts/debian/changelog -S Version)
if [[ $version != "$packaged" ]]; then
    echo "make-deb: the program is $version, scripts/debian/changelog says $packaged" >&2
    exit 1
fi

tree=build/deb/tallystick-$version
rm -rf build/deb
mkdir -p "$tree"
# What belongs to the project: what git tracks, or in a tree without git all but what was built.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z
else
    find . -path ./build -prune -o -type f -print0
fi | tar --null --files-from=- --create --file=- | tar -x -C "$tree"
mv "$tree/scripts/debian" "$tree/debian"

(cd "$tree" && dpkg-buildpackage --build=binary --no-sign) >build/deb/build.log 2>&1 || {
    tail -40 build/deb/build.log >&2
    exit 1
}
lintian --fail-on error --suppress-tags bad-distribution-in-changes-file build/deb/*.changes

deb=$(ls build/deb/tallystick_*.deb)
dpkg-deb -x "$deb" build/deb/root
[[ $(build/deb/root/usr/bin/tallystick version) == "tallystick $version" ]]
ls -1 build/deb/*.deb
