#!/bin/sh
# Build with sanitizers and run the tests.
#
#   ./test.sh [SUITE]…         SUITE: unit call sounds tools cli doctor
#                              freeswitch e2e audio torture deploy
#                              (default: all of these), fuzz
#
# fuzz runs each fuzzer for FUZZ_SECONDS (60); where that is set, all suites
# are these and fuzz.
# ENGINE=embedded|freeswitch chooses the engine of the end-to-end tests. The
# last line printed is "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")" || exit 1

suites="unit call sounds tools cli doctor freeswitch e2e audio torture deploy"
[ -z "${FUZZ_SECONDS:-}" ] || suites="$suites fuzz"
for suite; do
    case " $suites fuzz " in
    *" $suite "*) ;;
    *)
        echo "test.sh: no suite '$suite': $suites fuzz" >&2
        exit 2
        ;;
    esac
done
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $suites

give_up() {
    echo "test.sh: $1" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}

python=/usr/bin/python3
build=$PWD/build-asan
results=$build/results
export JIGATE_BUILD="$build"

scripts/install-deps build run test || give_up "packages are missing"
if ! [ -f "$build/build.ninja" ]; then
    meson setup "$build" -Dwerror=true -Db_sanitize=address,undefined ||
        give_up "the build could not be set up"
fi
case " $* " in
*" deploy "*)
    # Without them the tests of images and packages are skipped, aloud.
    scripts/install-deps deploy ||
        echo "test.sh: Docker, systemd and debhelper are not all here" >&2
    ;;
esac
case " $* " in
*" fuzz "*) scripts/install-deps fuzz || give_up "packages are missing" ;;
esac
meson compile -C "$build" || give_up "the build failed"
mkdir -p "$results"

# What clang's and gcc's sanitizers should do: tell, and fail.
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

summary=
for suite; do
    echo
    echo "== $suite"
    file=$results/$suite.xml
    rm -f "$file"
    case $suite in
    unit | call)
        meson test -C "$build" --no-rebuild --suite "$suite" \
            --logbase "$suite" --print-errorlogs
        status=$?
        mv "$build/meson-logs/$suite.junit.xml" "$file" 2>/dev/null
        ;;
    e2e)
        "$python" -B tests/e2e/run "$file"
        status=$?
        ;;
    fuzz)
        FUZZ_JUNIT=$file tests/fuzz/run "${FUZZ_SECONDS:-60}"
        status=$?
        ;;
    *)
        # -rs: what was skipped, and why.
        "$python" -B -m pytest -q -rs -p no:cacheprovider --durations=5 \
            --junitxml="$file" "tests/$suite"
        status=$?
        ;;
    esac
    summary="$summary $suite=$status"
done

echo
echo "== summary"
set --
for entry in $summary; do
    set -- "$@" "$entry=$results/${entry%%=*}.xml"
done
"$python" -B tests/summary "$@"
