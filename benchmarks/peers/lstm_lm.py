"""The LSTM language model of models/lstm_lm in PyTorch (2.0 or newer), to compare losses and speed on the same numbers.

  python3 lstm_lm.py trace --weights initial.safetensors --batches batches.safetensors [--steps 20]
      trains from these weights on these batches, a JSON line a step: {"step": 1, "loss": ...}
  python3 lstm_lm.py evaluate --weights final.safetensors --batches valid.safetensors
      the mean loss in nats a token, without training: {"loss": ..., "tokens": ...}
  python3 lstm_lm.py speed --vocabulary 10000 --width 200 --layers 2 --batch 20 --length 35
      wall time of 250 less that of 50 training steps, a step, on random data: {"ms_per_step": ...}
  python3 lstm_lm.py make --weights W --batches B --vocabulary 50 --width 16 --layers 2 ...
      writes random weights and batches, to try the others

Weights (float32): embedding [vocabulary, width]; of each layer i lstm<i>/input_weight [in, 4 hidden],
lstm<i>/recurrent_weight [hidden, 4 hidden], lstm<i>/bias [4 hidden], gates in the order i, f, g, o; output/weight
[hidden, vocabulary] and output/bias [vocabulary]; without output/weight the output shares the embedding's matrix (tied).
Batches (int32): tokens and targets [steps, time, batch]; a target of -1 is not counted. The LSTM's state runs on from
batch to batch (truncated backpropagation), from zeros, unless --fresh-state.
"""
import argparse
import json
import resource
import sys
import time

START = time.perf_counter()
import torch  # the start of the clock comes first: importing PyTorch is part of its start-up
import torch.nn as nn
import torch.nn.functional as F

import safetensors_file


class LstmLm(nn.Module):
    """Embedding, LSTM layers, linear output. Dropout is 0: its random numbers could not be the same."""

    def __init__(self, vocabulary, width, hidden, layers, tied):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, hidden, layers)
        self.output = nn.Linear(hidden, vocabulary)
        if tied:
            self.output.weight = self.embedding.weight
        # One bias is trained, as in Abax; PyTorch's second stays 0.
        for layer in range(layers):
            bias = getattr(self.lstm, f'bias_hh_l{layer}')
            nn.init.zeros_(bias)
            bias.requires_grad_(False)

    def forward(self, tokens, targets, state):
        """tokens and targets are [time, batch]; gives the summed loss, the counted tokens and the new state."""
        hidden, state = self.lstm(self.embedding(tokens), state)  # [time, batch, hidden]
        logits = self.output(hidden).flatten(0, 1)                # [time * batch, vocabulary]
        loss = F.cross_entropy(logits, targets.flatten(), ignore_index=-1, reduction='sum')
        return loss, (targets >= 0).sum(), state

    @torch.no_grad()
    def load(self, weights):
        """Copies our layout, [in, out], into PyTorch's, [out, in]."""
        self.embedding.weight.copy_(weights['embedding'])
        for layer in range(self.lstm.num_layers):
            parts = {'weight_ih': weights[f'lstm{layer}/input_weight'].T,
                     'weight_hh': weights[f'lstm{layer}/recurrent_weight'].T,
                     'bias_ih': weights[f'lstm{layer}/bias']}
            for name, value in parts.items():
                getattr(self.lstm, f'{name}_l{layer}').copy_(value)
        if self.output.weight is not self.embedding.weight:
            self.output.weight.copy_(weights['output/weight'].T)
        self.output.bias.copy_(weights['output/bias'])

    def save(self):
        """The weights in our names and layout."""
        weights = {'embedding': self.embedding.weight}
        for layer in range(self.lstm.num_layers):
            weights[f'lstm{layer}/input_weight'] = getattr(self.lstm, f'weight_ih_l{layer}').T
            weights[f'lstm{layer}/recurrent_weight'] = getattr(self.lstm, f'weight_hh_l{layer}').T
            weights[f'lstm{layer}/bias'] = getattr(self.lstm, f'bias_ih_l{layer}')
        if self.output.weight is not self.embedding.weight:
            weights['output/weight'] = self.output.weight.T
        weights['output/bias'] = self.output.bias
        return weights


def model_from(path):
    """The model whose sizes and weights a file holds. Other tensors in it (optimiser state) are ignored."""
    weights = safetensors_file.read(path)
    vocabulary, width = weights['embedding'].shape
    layers = sum(name.startswith('lstm') and name.endswith('/input_weight') for name in weights)
    if layers == 0:
        sys.exit(f'{path}: no tensor lstm0/input_weight; it holds {", ".join(sorted(weights))}')
    hidden = weights['lstm0/recurrent_weight'].shape[0]
    model = LstmLm(vocabulary, width, hidden, layers, tied='output/weight' not in weights)
    model.load(weights)
    return model


def batches_from(path):
    """tokens and targets, [steps, time, batch], as PyTorch wants indices."""
    batches = safetensors_file.read(path)
    return batches['tokens'].long(), batches['targets'].long()


def optimiser_for(model, options):
    # Adam as Kingma and Ba 2015 write it; fused is PyTorch's fastest form.
    parameters = [p for p in model.parameters() if p.requires_grad]
    arguments = {'lr': options.lr, 'betas': (options.beta1, options.beta2), 'eps': options.epsilon}
    try:
        return torch.optim.Adam(parameters, fused=options.fused, **arguments)
    except (RuntimeError, TypeError):  # before 2.4 there is no fused Adam on the CPU
        return torch.optim.Adam(parameters, **arguments)


def train_step(model, optimiser, tokens, targets, state, clip):
    """One update; gives the mean loss in nats a token and the state, cut off from this step's graph."""
    optimiser.zero_grad(set_to_none=True)
    loss, count, state = model(tokens, targets, state)
    mean = loss / count
    mean.backward()
    if clip > 0:
        nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], clip)
    optimiser.step()
    return mean, tuple(part.detach() for part in state)


def trace(options):
    model = model_from(options.weights)
    tokens, targets = batches_from(options.batches)
    optimiser = optimiser_for(model, options)
    state = None
    for step in range(min(options.steps or len(tokens), len(tokens))):
        if options.fresh_state:
            state = None
        loss, state = train_step(model, optimiser, tokens[step], targets[step], state, options.clip)
        print(json.dumps({'step': step + 1, 'loss': loss.item()}), flush=True)
    if options.out:
        safetensors_file.write(options.out, model.save())


@torch.no_grad()
def evaluate(options):
    model = model_from(options.weights)
    tokens, targets = batches_from(options.batches)
    state, total, count = None, 0.0, 0
    for step in range(len(tokens)):
        if options.fresh_state:
            state = None
        loss, counted, state = model(tokens[step], targets[step], state)
        total += loss.item()
        count += counted.item()
    print(json.dumps({'loss': total / count, 'tokens': count}))


def speed(options):
    model = LstmLm(options.vocabulary, options.width, options.hidden or options.width, options.layers,
                   options.tied)
    optimiser = optimiser_for(model, options)
    shape = (options.length, options.batch)
    tokens = torch.randint(options.vocabulary, (8,) + shape)
    targets = torch.randint(options.vocabulary, (8,) + shape)
    state, reached, first = None, {}, 0.0
    begin = time.perf_counter()
    for step in range(1, 251):
        loss, state = train_step(model, optimiser, tokens[step % 8], targets[step % 8], state,
                                 options.clip)
        loss.item()  # as a loop that reports does
        if step == 1:
            first = time.perf_counter() - START
        if step in (50, 250):
            reached[step] = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'ms_per_step': (reached[250] - reached[50]) / 200 * 1e3,
                      'threads': torch.get_num_threads(), 'first_step_s': first,
                      'peak_mib': peak, 'torch': torch.__version__}))


def make(options):
    hidden = options.hidden or options.width
    model = LstmLm(options.vocabulary, options.width, hidden, options.layers, options.tied)
    safetensors_file.write(options.weights, model.save())
    stream = torch.randint(options.vocabulary,
                           (options.steps or 20, options.length, options.batch), dtype=torch.int32)
    safetensors_file.write(options.batches, {'tokens': stream, 'targets': stream.roll(-1, 1)})


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('mode', choices=['trace', 'evaluate', 'speed', 'make'])
    parser.add_argument('--weights', help='safetensors file of the weights')
    parser.add_argument('--batches', help='safetensors file of tokens and targets')
    parser.add_argument('--out', help='trace: where the trained weights go')
    parser.add_argument('--steps', type=int, default=0, help='0: as many as there are batches')
    parser.add_argument('--fresh-state', action='store_true', help='each batch starts from zeros')
    parser.add_argument('--lr', type=float, default=0.002)
    parser.add_argument('--beta1', type=float, default=0.9)
    parser.add_argument('--beta2', type=float, default=0.999)
    parser.add_argument('--epsilon', type=float, default=1e-8)
    parser.add_argument('--clip', type=float, default=0, help='global norm of the gradient; 0: none')
    parser.add_argument('--no-fused', dest='fused', action='store_false')
    parser.add_argument('--threads', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--vocabulary', type=int, default=10000)
    parser.add_argument('--width', type=int, default=200)
    parser.add_argument('--hidden', type=int, default=0, help='0: the width')
    parser.add_argument('--layers', type=int, default=2)
    parser.add_argument('--batch', type=int, default=20)
    parser.add_argument('--length', type=int, default=35)
    parser.add_argument('--tied', action='store_true')
    options = parser.parse_args()
    if options.mode != 'speed' and not (options.weights and options.batches):
        parser.error(f'{options.mode} needs --weights and --batches')
    torch.manual_seed(options.seed)
    if options.threads:
        torch.set_num_threads(options.threads)
    {'trace': trace, 'evaluate': evaluate, 'speed': speed, 'make': make}[options.mode](options)


if __name__ == '__main__':
    main()
