#!/usr/bin/env bash
# End the job as the exit code of `ncutool diff` and the input fail-on ask for.
set -euo pipefail

code="${NCUTOOL_EXIT_CODE:-}"
case "$code" in
    0 | 1 | 2 | 3 | 4) ;;
    *) code=1 ;; # The comparison did not end.
esac
case "${NCUTOOL_FAIL_ON:-regression}" in
    never) exit 0 ;;
    inconclusive) exit "$code" ;;
    regression) if [[ "$code" == 4 ]]; then exit 0; else exit "$code"; fi ;;
    *)
        echo "ncutool: fail-on is regression, inconclusive or never" >&2
        exit 2
        ;;
esac
