# shellcheck shell=bash
# Runs Maven's tests and the scripts' own, and counts both. Needs console.sh.
# shellcheck disable=SC2154

passed=0 failed=0 skipped=0

# A hanging test must end, and say so, before whatever started us gives up without a word.
test_limit_minutes=80

reports() { find "$1" -path '*/target/surefire-reports/TEST-*.xml' -o -path '*/target/failsafe-reports/TEST-*.xml'; }

# Reports of an earlier run would be counted as this one's.
forget_reports() { reports "$1" | while IFS= read -r file; do rm -f "$file"; done; }

# run_maven ROOT LOG ARGUMENT...: shows a line per module and per test class as they come; everything goes to LOG.
run_maven() {
  local root=$1 log=$2
  shift 2
  # --fail-at-end: a failing module does not keep the others' tests from running.
  timeout --foreground -k 30 "${test_limit_minutes}m" mvn -B -ntp -Dstyle.color=never -f "$root/pom.xml" \
    --fail-at-end "$@" verify </dev/null 2>&1 |
    tee "$log" |
    sed -u -n -E -e '/Reactor Summary/,$d' -e 's/^\[INFO\] (Building [^ ]+ [0-9][^ ]*) .*/  \1/p' \
      -e 's/^(\[INFO\] )?(native-image: .*)/      \2/p' \
      -e 's/^\[(INFO|WARNING|ERROR)\] (Tests run: .*)/      \2/p' -e '/BUILD FAILURE|COMPILATION ERROR/p'
}

# count_reports ROOT: adds what Surefire wrote.
count_reports() {
  local tests errors failures skips
  read -r tests errors failures skips < <(
    reports "$1" | while IFS= read -r file; do grep -m 1 '<testsuite ' "$file"; done | awk '
      function value(name) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : 0 }
      { tests += value("tests"); errors += value("errors"); failures += value("failures"); skips += value("skipped") }
      END { print tests + 0, errors + 0, failures + 0, skips + 0 }'
  )
  passed=$((passed + tests - errors - failures - skips))
  failed=$((failed + errors + failures))
  skipped=$((skipped + skips))
}

# show_failures LOG: what Maven calls errors, without its advice at the end; of many the first ones, as what fails first makes
# others fail. Where it calls nothing so, it has not understood its options, or was ended in the middle.
show_failures() {
  local -a told
  title "What failed"
  # A whole line of a test that compares thousands of things is too much.
  mapfile -t told < <(sed -n -E -e '/^\[ERROR\] *($|To see the full stack|Re-run Maven|For more information|\[Help)/d' \
    -e 's/ -> \[Help [0-9]+\]$//' -e '/^\[ERROR\]/p' "$1" | cut -c 1-500)
  ((${#told[@]} > 0)) || mapfile -t told < <(grep -m 1 '^Unable to parse command line' "$1" || tail -n 10 "$1")
  show_file /dev/stdin < <(printf '%s\n' "${told[@]:0:40}")
  ((${#told[@]} <= 40)) || note "and $((${#told[@]} - 40)) lines more"
}

# run_script WHAT LOG COMMAND...: one of the scripts' own tests.
run_script() {
  local what=$1 log=$2
  shift 2
  if with_progress "$what" "$log" "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '  %sFAILED%s  %s\n' "$red" "$plain" "$what"
    show_file "$log" '      '
  fi
}
