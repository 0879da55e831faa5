#!/bin/sh
# What the tools read, and from where: pipes, standard input, data that moved or changed; see common.sh.
set -eu
. "$(dirname "$0")/common.sh"

# Standard input, pipes and compressed ones in the place of a file.
for i in $(seq 300); do echo "the fox & crow no. $i saw a fox"; done >book.txt
gzip -k book.txt
expect 0 "$train" $tiny --data book.txt --steps 3 --out file
expect 0 "$train" $tiny --data - --steps 3 --out standard <book.txt
says "standard input: "
mkfifo pipe
cat book.txt.gz >pipe & expect 0 "$train" $tiny --data pipe --steps 3 --out piped
for run in standard piped; do cmp file/last/variables.safetensors $run/last/variables.safetensors; done
expect 2 "$train" --model seq2seq --data -,- --steps 2 <book.txt
says "once"
expect 0 "$evaluate" --checkpoint file --data book.txt; mv output said
expect 0 "$evaluate" --checkpoint file --data - <book.txt.gz; cmp said output
expect 0 "$train" --config - --steps 2 --out configured <file/config.toml
ABAX_MOST_MIB=1 expect 3 "$train" $tiny --data /dev/zero
says "ABAX_MOST_MIB"
expect 2 "$train" --config /dev/zero
says "more than 16 MiB"

# A text of bytes need not be UTF-8; what is told a character is told of texts alone.
printf 'a\377\376b%.0s' $(seq 200) >bytes.bin
expect 0 "$train" $tiny --data bytes.bin --tokens bytes --steps 2 --out bytes
expect 0 "$evaluate" --checkpoint bytes
if grep -q "bits per character" output; then echo "bits a character of no text"; exit 1; fi
for cut in "--tokens words --vocabulary 9" --lower-case; do
  rm -rf lossy
  expect 0 "$train" $tiny --data book.txt $cut --steps 2 --out lossy
  expect 0 "$evaluate" --checkpoint lossy --data book.txt
  if grep -q "bits per character" output; then echo "bits a character with $cut"; exit 1; fi
done
expect 0 "$evaluate" --checkpoint file
says "bits per character"

# Prompts a line each go on as each alone does, the first at the beginning of the random numbers.
printf 'the fox\n\nZebra the\n' >prompts.txt
expect 0 "$generate" --checkpoint file --prompt "the fox" --tokens 9; mv output alone
"$generate" --checkpoint file --prompts prompts.txt --tokens 9 >said 2>told
head -c "$(wc -c <alone)" said | cmp - alone
grep -q "^Zebra the" said
grep -q "reads as <unk>: Zebra" told
"$generate" --checkpoint file --prompts - --tokens 9 <prompts.txt 2>/dev/null | cmp - said
expect 2 "$generate" --checkpoint file --prompts prompts.txt --prompt the
says "give one of them"
expect 2 "$generate" --checkpoint file --prompt
says "--prompt takes a value: --prompt TEXT"

# A run finds its data from any folder, and where both have moved together.
mkdir -p work/data && cp book.txt work/data
(cd work && expect 0 "$train" $tiny --data data/book.txt --steps 3 --out runs/a)
expect 0 "$evaluate" --checkpoint work/runs/a; mv output said
mv work elsewhere
expect 0 "$evaluate" --checkpoint elsewhere/runs/a; cmp said output
expect 0 "$train" --resume elsewhere/runs/a --steps 4
expect 0 "$train" --resume elsewhere/runs/a --steps 5  # a place that was found is kept
mv elsewhere/data/book.txt moved.txt
expect 3 "$train" --resume elsewhere/runs/a --steps 6
says "name what holds the same by that option"
expect 3 "$evaluate" --checkpoint elsewhere/runs/a
says "takes the place of the run's test data"
# Equal data is taken wherever it lies; other data is not.
expect 0 "$train" --resume elsewhere/runs/a --steps 6 --data moved.txt
expect 3 "$train" --resume elsewhere/runs/a --steps 7 --data alone
says "is not what this run was trained on (train, valid, test)"
sed 's/no. 2 saw/no. 3 saw/' moved.txt >changed && mv changed moved.txt
expect 3 "$train" --resume elsewhere/runs/a --steps 7
says "(train)"
sed 's/no. 29/no. 92/' moved.txt >changed && mv changed moved.txt
expect 0 "$evaluate" --checkpoint elsewhere/runs/a
says "test data has changed"

# Messages name the option that was given.
: >empty.txt
expect 2 "$evaluate" --checkpoint file --data empty.txt
says "--data holds too little"
expect 2 "$evaluate" --checkpoint file --data book.txt,book.txt
says "--data: a language model reads one text, not 2"

# Names: a comma behind a backslash; such as are no UTF-8, where a run does not keep them.
cp book.txt 'a,b.txt'
expect 0 "$train" $tiny --data 'a\,b.txt' --steps 2 --out comma
expect 0 "$train" --resume comma --steps 3
odd=$(printf 'odd\377.txt')
cp book.txt "$odd"
expect 2 "$train" $tiny --data "$odd" --steps 2
says "--data: expected UTF-8"
expect 0 "$evaluate" --checkpoint file --data "$odd"

# Classes are known by their names: files in another order are refused.
printf 'good\nfine\n%.0s' $(seq 20) >pos.txt; printf 'bad\ndull\n%.0s' $(seq 20) >neg.txt
expect 0 "$train" --model classifier --width 8 --threads 2 --data neg.txt,pos.txt --steps 2 --out classes
expect 0 "$evaluate" --checkpoint classes --data neg.txt,pos.txt
expect 2 "$evaluate" --checkpoint classes --data pos.txt,neg.txt
says "the classes are neg,pos, in this order"
cp pos.txt x.txt; cp neg.txt y.txt
expect 0 "$evaluate" --checkpoint classes --data y.txt,x.txt
expect 0 "$predict" --checkpoint classes --source - <pos.txt
test "$(wc -l <output)" = 40

# What a run goes on with that a person may not expect.
expect 0 "$train" --resume file --steps 2
says "nothing is left to train: step 3 of 2 is done"
expect 0 "$train" $tiny --steps 4 --schedule cosine --out cosine
says "--steps 8   # the learning rate rises again"
expect 0 "$train" --resume cosine --steps 8
says "the learning rate rises from 0 to 0.00"
expect 0 "$train" $tiny --steps 4 --schedule constant --out constant
if grep -q "rises" output; then echo "a constant rate rises"; exit 1; fi

# Codes come through pipes; pictures are PNG; samples of uniform codes are explained.
vq="--model vqvae --hidden 8 --codes 4 --batch 100 --threads 2 --steps 2"
mkdir models
(cd models && expect 0 "$train" $vq --out vq && says "uniformly drawn codes")
expect 0 "$encode" --checkpoint models/vq --out codes.npy
expect 0 "$decode" --checkpoint models/vq --codes - --out piped.npy <codes.npy
expect 0 "$decode" --checkpoint models/vq --codes codes.npy --out file.npy
cmp piped.npy file.npy
expect 2 "$generate" --checkpoint models/vq --out samples.jpg
says "name it samples.png"
expect 0 "$generate" --checkpoint models/vq --out samples.png
says "look like noise"
# A prior finds its autoencoder, and images take the place of its data.
prior="--model code_prior --width 8 --heads 2 --batch 100 --threads 2 --steps 2"
(cd models && expect 0 "$train" $prior --codes-of vq --out prior)
expect 0 "$evaluate" --checkpoint models/prior; mv output said
mv models priors
expect 0 "$evaluate" --checkpoint priors/prior; cmp said output
expect 0 "$train" --resume priors/prior --steps 3
expect 0 "$encode" --checkpoint priors/vq --out codes.npy --images images.idx
expect 0 "$evaluate" --checkpoint priors/prior --data images.idx
