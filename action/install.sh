#!/usr/bin/env bash
# Install ncutool: the version that NCUTOOL_VERSION names, else the action's own checkout.
set -euo pipefail

version="${NCUTOOL_VERSION:-}"
if [[ -z "$version" ]]; then
    python -m pip install --disable-pip-version-check --quiet "$GITHUB_ACTION_PATH"
elif [[ "$version" =~ ^[0-9][0-9A-Za-z.+!]*$ ]]; then
    python -m pip install --disable-pip-version-check --quiet "ncutool==$version"
else
    # Anything else could be an option of pip, or an address to install from.
    echo "ncutool: the input version is no version number" >&2
    exit 2
fi
