#!/usr/bin/env bash
# Lints schema/openapi.json with Spectral, the common linter of OpenAPI descriptions, fetched by npm at a fixed version. A warning
# fails. Without npm, or without a registry to fetch from, there is nothing to lint with: that is said, and no failure.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly SPECTRAL=@stoplight/spectral-cli@6.16.3

if ! command -v npm >/dev/null; then
    echo "lint-openapi: skipped: npm is not installed"
    exit 0
fi
if ! npm exec --yes --package="$SPECTRAL" -- spectral --version >/dev/null 2>&1; then
    echo "lint-openapi: skipped: npm cannot fetch $SPECTRAL here"
    exit 0
fi
npm exec --yes --package="$SPECTRAL" -- spectral lint --fail-severity=hint --ruleset schema/spectral.yaml schema/openapi.json
