# What the tests of the command line share. Each is called as
# SCRIPT TRAIN GENERATE EVALUATE INSPECT ENCODE DECODE PREDICT and runs in a folder of its own.
train=$(realpath "$1"); generate=$(realpath "$2"); evaluate=$(realpath "$3")
inspect=$(realpath "$4"); encode=$(realpath "$5"); decode=$(realpath "$6")
predict=$(realpath "$7")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

tiny="--width 8 --batch 2 --length 8 --threads 2"  # a language model

# expect CODE COMMAND...: the command must exit with that code. Its output is left in ./output.
expect() {
  code=$1; shift
  actual=0
  "$@" >output 2>&1 || actual=$?
  if [ "$actual" != "$code" ]; then
    echo "exit code $actual instead of $code: $*"; cat output; exit 1
  fi
}
# says WORDS: the last output holds them.
says() { grep -qF -- "$1" output || { echo "the output lacks '$1':"; cat output; exit 1; }; }
