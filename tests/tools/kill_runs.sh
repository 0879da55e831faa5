#!/bin/sh
# Kills default runs at random moments with SIGKILL, resumes them, and looks at what was lost:
#   kill_runs.sh TRAIN [KILLS [LONGEST]]     by default 8 kills, each within 6 seconds; the suite `long`
# After each kill the newest checkpoint must be whole and at most one interval of saving behind, no
# line of metrics.jsonl may be broken but the last one, and a run that comes to its end must have the
# weights of the unbroken one, and its metrics.
set -eu
train=$(realpath "$1"); kills=${2:-8}; longest=${3:-6}
inspect=$(dirname "$train")/inspect
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() { echo "failed: $*"; cat output; exit 1; }
now() { date +%s.%N; }
# step RUN: that of the newest checkpoint; a damaged one is an error.
step() { "$inspect" --checkpoint "$1" 2>output | awk '$1 == "step" { print $2 }'; }
# reached RUN: the last step that metrics.jsonl tells of.
reached() { grep -o '^{"step":[0-9]*,"loss"' "$1/metrics.jsonl" | tail -1 | tr -dc 0-9 | grep . || echo 0; }
# course RUN: its losses by step, without what depends on the clock. (One that is killed while it
# shows its results tells them again.)
course() { grep -o '^{"step":[0-9]*,"[a-z_]*loss":[^,]*,' "$1/metrics.jsonl" | awk '!seen[$0]++'; }

"$train" --quiet --out whole >output 2>&1 || fail "the unbroken run"
killed=0; finished=0; early=0; most_steps=0; most_seconds=0
while [ "$killed" -lt "$kills" ]; do
  rm -rf run
  ended=
  while [ -z "$ended" ]; do
    how="--resume run"; [ "$(step run)" ] || how="--out run"
    "$train" --quiet $how >output 2>&1 &
    process=$!
    if [ "$killed" -lt "$kills" ]; then
      sleep "$(awk "BEGIN { srand($killed * 7919 + $finished + $kills); print $longest * rand() }")"
      kill -KILL "$process" 2>/dev/null || true
    fi
    at=$(now)
    actual=0; wait "$process" 2>/dev/null || actual=$?
    case $actual in
      0) ended=1; continue ;;
      137) killed=$((killed + 1)) ;;
      *) fail "exit code $actual" ;;
    esac
    if [ -s run/metrics.jsonl ] && sed '$d' run/metrics.jsonl | grep -qv '^{.*}$'; then fail "a broken line"; fi
    saved=$(step run)
    if [ -z "$saved" ]; then
      if [ -e run/last ] || [ -e run/best ]; then fail "no whole checkpoint after kill $killed"; fi
      early=$((early + 1))
      continue
    fi
    lost=$(($(reached run) - saved))
    late=$(awk "BEGIN { print $at - $(stat -c %.Y run/last/checkpoint.json) }")
    [ "$lost" -le "$most_steps" ] || most_steps=$lost
    # A process that was killed before its first step has lost nothing.
    [ "$lost" -le 0 ] || most_seconds=$(awk "BEGIN { print ($late > $most_seconds ? $late : $most_seconds) }")
  done
  finished=$((finished + 1))
  cmp whole/last/variables.safetensors run/last/variables.safetensors || fail "other weights"
  cmp whole/best/variables.safetensors run/best/variables.safetensors || fail "another best one"
  course whole >expected; course run >actual
  cmp expected actual || fail "another course"
  [ -z "$(find run -name '*.tmp-*')" ] || fail "left-overs"
done
echo "$killed kills, $early before the first checkpoint; $finished runs came to the same end"
echo "lost at most $most_steps steps, $most_seconds seconds of a run; 0 failures"
