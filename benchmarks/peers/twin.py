"""The models of Abax in PyTorch (2.5 or newer), to compare losses and speed on the same numbers.

  benchmarks/model --mode export --out FOLDER --steps 20 --model transformer_lm ...    (or --mode trace)
  python3 twin.py trace FOLDER         trains from FOLDER's weights on its batches, a JSON line a step:
                                       {"step": 1, "loss": ...}; then the loss of its validation batches;
                                       a step of a VQ-VAE has the codes of its batch too
  python3 twin.py speed FOLDER         the time of a training step on these batches: {"ms_per_step": ..., ...}
  python3 twin.py generate FOLDER      greedy, a token at a time, with a cache: {"ms_per_token": ..., ...}

FOLDER holds model.json (the model's name, its configuration, the optimiser), initial.safetensors, batches.safetensors
("<i>/<input>") and, for trace, valid.safetensors. A model is a module of this folder; its file says what it reads.
Losses are means over the targets that count (not -1) or over images, and so are gradients. Batches hold the noise that
their model draws ("<i>/noise").
"""
import argparse
import contextlib
import json
import resource
import statistics
import time

START = time.perf_counter()
import torch  # the start of the clock comes first: importing PyTorch is part of its start-up
import torch.nn as nn

import layers
import safetensors_file
from categorical_vae import CategoricalVae
from classifier import Classifier
from gaussian_vae import GaussianVae
from lstm_lm import LstmLm
from seq2seq import Seq2Seq
from text_vae import ConditionalTextVae, TextVqvae, text_vae
from transformer_lm import TransformerLm
from vqvae import TwoLevelVqvae, Vqvae

MODELS = {'lstm_lm': LstmLm, 'transformer_lm': TransformerLm, 'seq2seq': Seq2Seq, 'classifier': Classifier,
          'text_vae': text_vae, 'text_vqvae': TextVqvae, 'conditional_vae': ConditionalTextVae,
          'gaussian_vae': GaussianVae, 'categorical_vae': CategoricalVae,
          'vqvae': Vqvae, 'two_level_vqvae': TwoLevelVqvae, 'code_prior': TransformerLm}


class Config(dict):
    """A model's settings by the twins' names; what it does not read, as it was chosen, is 0."""

    def __missing__(self, name):
        return 0


def parsed(value):
    """A setting's value, which its file keeps as text."""
    if value in ('true', 'false'):
        return value == 'true'
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            pass
    return value


class Run:
    """What a folder says: a model with its weights, an optimiser, batches."""

    def __init__(self, folder):
        self.folder = folder
        with open(f'{folder}/model.json') as file:
            description = json.load(file)
        self.training = description['training']
        config = Config({name.removesuffix('-size').replace('-', '_'): parsed(value)
                         for name, value in description['config'].items()})
        config.update({name: self.training[name] for name in ('temperature', 'kl_weight') if name in self.training})
        if description['model'] == 'code_prior':  # reads labels too, and one of none
            config['source_vocabulary'] = config['vocabulary'] + 1 + config['classes']
        self.model = MODELS[description['model']](config)
        layers.load(self.model, safetensors_file.read(f'{folder}/initial.safetensors'))
        trained = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
        self.parameters = [p for _, p in trained]
        # A baseline learns something else: its gradient has a norm of its own.
        apart = {name.startswith('baseline.') for name, _ in trained}
        self.clipped = [[p for name, p in trained if name.startswith('baseline.') == which] for which in apart]

    def optimiser(self):
        """PyTorch's fastest form. Biases and norms, which have one axis, do not decay."""
        t = self.training
        groups = [{'params': [p for p in self.parameters if (p.dim() > 1) == decays],
                   'weight_decay': t['weight_decay'] if decays else 0} for decays in (True, False)]
        if t['optimiser'] == 'sgd':
            return torch.optim.SGD(groups, lr=t['lr'], momentum=t['momentum'], fused=True)
        kind = {'adam': torch.optim.Adam, 'adamw': torch.optim.AdamW}[t['optimiser']]
        return kind(groups, lr=t['lr'], betas=(t['beta1'], t['beta2']), eps=t['epsilon'], fused=True)

    def batches(self, name):
        """The batches of a file, a dictionary of inputs each; tokens as PyTorch wants indices."""
        batches = []
        for key, tensor in safetensors_file.read(f'{self.folder}/{name}.safetensors').items():
            i, name = key.split('/')
            while len(batches) <= int(i):
                batches.append({})
            batches[int(i)][name] = tensor.long() if tensor.dtype == torch.int32 else tensor
        return batches


def train_step(run, optimiser, batch, state):
    """One update; gives the mean loss and what the next batch goes on from."""
    optimiser.zero_grad(set_to_none=True)
    loss, count, state = run.model(batch, state)
    mean = loss / count.clamp(min=1)
    mean.backward()
    if run.training['clip'] > 0:
        for parameters in run.clipped:
            nn.utils.clip_grad_norm_(parameters, run.training['clip'])
    optimiser.step()
    return mean, state


def trace(run, options):
    if run.model.config['dropout'] > 0:
        raise SystemExit('a trace is without dropout: its random numbers could not be the same')
    optimiser, state = run.optimiser(), None
    for step, batch in enumerate(run.batches('batches')):
        loss, state = train_step(run, optimiser, batch, state)
        codes = {'codes': run.model.codes.flatten().tolist()} if hasattr(run.model, 'codes') else {}
        print(json.dumps({'step': step + 1, **codes, 'loss': loss.item()}), flush=True)
    run.model.eval()
    state, total, counted = None, 0.0, 0
    with torch.no_grad():
        for batch in run.batches('valid'):
            loss, count, state = run.model(batch, state)
            total, counted = total + loss.item(), counted + count.item()
    print(json.dumps({'loss': total / counted, 'tokens': counted}))


class Times:
    """How long each step took, by the clock, and what all took of the processors, in milliseconds."""

    def __init__(self):
        self.wall, self.cpu = [], 0

    @contextlib.contextmanager
    def measure(self, counts):
        """Counts a step unless it warms up."""
        begin, used = time.perf_counter(), time.process_time()
        yield
        if counts:
            self.wall.append((time.perf_counter() - begin) * 1e3)
            self.cpu += (time.process_time() - used) * 1e3

    def report(self, unit, **more):
        """On a busy machine cpu_ms still tells what one thread needs."""
        print(json.dumps({f'ms_per_{unit}': statistics.mean(self.wall),
                          'median_ms': statistics.median(self.wall),
                          'least_ms': min(self.wall),
                          'cpu_ms': self.cpu / len(self.wall),
                          'threads': torch.get_num_threads(),
                          'peak_mib': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                          'torch': torch.__version__, **more}))


def speed(run, options):
    """The first fifth of the steps warms up."""
    batches, optimiser, state, times = run.batches('batches'), run.optimiser(), None, Times()
    for i, batch in enumerate(batches):
        with times.measure(counts=i >= len(batches) // 5):
            loss, state = train_step(run, optimiser, batch, state)
            loss = loss.item()  # as a loop that reports does
        if i == 0:
            first = time.perf_counter() - START
    times.report('step', first_step_s=first, loss=loss)


@torch.inference_mode()
def generate(run, options):
    """The likeliest token each time, in four streams as long as the context; the first one warms up."""
    run.model.eval()
    times = Times()
    for stream in range(4):
        token, state = 0, run.model.begin()
        for _ in range(run.model.config['context']):
            with times.measure(counts=stream > 0):
                logits, state = run.model.step(torch.tensor([[token]]), state)
                token = logits.argmax().item()
    times.report('token', last=token, logit=logits.max().item())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = {'trace': trace, 'speed': speed, 'generate': generate}
    parser.add_argument('command', choices=commands)
    parser.add_argument('folder')
    parser.add_argument('--threads', type=int, default=0, help="0: PyTorch's choice")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    commands[options.command](Run(options.folder), options)


if __name__ == '__main__':
    main()
