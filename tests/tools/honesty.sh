#!/bin/sh
# What training must not be able to do, and what it must: honesty.sh TRAIN. A minute; the suite `long`.
# On equally likely symbols no model gets below ln 64 on text that it has not seen (a lower loss would be a leak of
# the targets); on a periodic text the loss goes to 0; on the built-in corpus it nears the source's exact entropy,
# and never falls below it.
set -eu
train=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# loss OPTIONS...: the validation loss at the end, in nats a token.
loss() {
  "$train" --quiet --out "run$$" "$@" | sed -n 's/^validation loss \([0-9.]*\) nats.*/\1/p' | tail -1
  rm -rf "run$$"
}
# between LOW VALUE HIGH WHAT
between() {
  echo "$4: $2, expected between $1 and $3"
  awk -v low="$1" -v value="$2" -v high="$3" 'BEGIN { exit !(value != "" && low <= value && value <= high) }'
}

awk 'BEGIN {
  srand(5); symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  for (i = 0; i < 2000000; ++i) printf "%s", substr(symbols, 1 + int(64 * rand()), 1)
}' >random.txt
between 4.149 "$(loss --data random.txt --tokens bytes --steps 1500 --lr 0.003)" 4.169 'ln 64 = 4.1589'

for _ in $(seq 2000); do echo 'the quick brown fox jumps'; done >periodic.txt
between 0 "$(loss --data periodic.txt --split 80,20,0 --batch 4 --steps 1000)" 0.01 'periodic text'

"$train" --quiet --out fables >output
value=$(sed -n 's/^validation loss \([0-9.]*\) nats.*/\1/p' output | tail -1)
source=$(sed -n 's/^validation .*the source itself has \([0-9.]*\),.*/\1/p' output)
between "$source" "$value" "$(awk "BEGIN { print $source + 0.05 }")" 'built-in fables'
