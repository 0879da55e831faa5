"""The autoencoders of sentences in PyTorch: models/text_vae, a Gaussian or categorical latent between an encoder and a
decoder, which has it at every step; models/text_vqvae, whose decoder attends to codes; models/conditional_vae, given a
label."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import encoders
import layers
from categorical_vae import CategoricalModel
from gaussian_vae import GaussianModel
from image_networks import Conditional, weighted
from seq2seq import LuongAttention
from vqvae import Quantiser, quantised_width


def half(config, name):
    """The settings of the encoder or of the decoder."""
    prefix = name + '_'
    own = type(config)(config)
    own.update({key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)})
    return own


def pooled(y, last, lengths, kind):
    """y [time, batch, width], last [batch, width] or None -> [batch, width]."""
    if kind == 'last' and last is not None:
        return last
    row = torch.arange(len(y))[:, None]
    if kind == 'last':
        return (y * (row + 1 == lengths)[..., None]).sum(0)
    inside = (row < lengths)[..., None]
    if kind == 'mean':
        return (y * inside).sum(0) / lengths[:, None]
    return torch.where(inside, y, torch.finfo().min).amax(0)


class SentenceEncoder(nn.Module):
    """With the layers that make a latent's parameters of what it reads."""

    def __init__(self, config, embedding, heads):
        super().__init__()
        own = half(config, 'encoder')
        self.transformer, self.pooling = own['blocks'] == 'transformer', config['pooling']
        kind = encoders.TransformerEncoder if self.transformer else encoders.RecurrentEncoder
        inner = kind(own, config['vocabulary'], embedding)
        for name, module in inner.named_children():  # their names are the encoder's own
            self.add_module(name, module)
        self.read = [inner]
        for name, size in heads.items():
            self.add_module(name, layers.Linear(own['width'], size))
        if config['posterior'] == 'autoregressive':
            self.conditional = Conditional(config['latents'], config['categories'], config['categories'],
                                           layers.Linear(own['width'], config['width']), config['width'])

    def states(self, tokens, lengths):
        """tokens [time, batch] -> [time, batch, width] and, of recurrent layers, the last ones [batch, width]."""
        self.read[0].train(self.training)
        if self.transformer:
            return self.read[0](tokens.T, lengths)[0].transpose(0, 1), None
        y, last = self.read[0](tokens, lengths)
        return y, last[0][-1]

    def features(self, tokens, lengths):
        """[batch, width]."""
        return pooled(*self.states(tokens, lengths), lengths, self.pooling)


class Latent(nn.Module):
    """What a decoder makes of a latent: states to begin with, and a vector for every step unless it attends to codes."""

    def __init__(self, own, size, attends):
        super().__init__()
        if not attends:
            self.vector = layers.Linear(size, own['width'])
        if own['blocks'] != 'transformer':
            self.start = nn.ModuleList([layers.Linear(size, own['width']) for _ in range(own['layers'])])


class SentenceDecoder(nn.Module):
    def __init__(self, config, embedding, size, attends=False):
        super().__init__()
        own = half(config, 'decoder')
        self.kind, self.dropout = own['blocks'], own['dropout']
        self.embedding = embedding or layers.Embedding(config['vocabulary'], own['width'])
        self.latent = Latent(own, size, attends)
        if self.kind == 'transformer':
            self.position, self.block = layers.Embed(own), layers.blocks(own, own['layers'], cross=attends)
            self.norm, self.rotate = layers.LayerNorm(own['width']), layers.rotation(own)
        else:
            self.add_module(self.kind, layers.recurrent_layers(own, self.kind))
            if attends:
                self.attention = LuongAttention(own['width'])
        self.output = layers.output_layer(own, self.embedding, config['vocabulary'])

    def forward(self, z, tokens, sequence=None):
        """z [rows, size], tokens [time, rows], sequence [positions, rows, width] -> logits [time, rows, vocabulary]."""
        vector = self.latent.vector(z) if sequence is None else 0
        if self.kind == 'transformer':
            x = self.position(tokens.T, self.embedding) + (vector[:, None] if sequence is None else 0)
            encoded = None if sequence is None else sequence.transpose(0, 1)
            for block in self.block:
                x = block(x, {'is_causal': True}, self.rotate, encoded=encoded)
            return self.output(self.norm(x)).transpose(0, 1)
        c = torch.stack([layer(z) for layer in self.latent.start])
        x = F.dropout(self.embedding(tokens), self.dropout, self.training) + vector
        h, _ = getattr(self, self.kind)(x, (torch.tanh(c), c) if self.kind == 'lstm' else torch.tanh(c))
        h = F.dropout(h, self.dropout, self.training)
        if sequence is not None:
            h = F.dropout(self.attention(h, sequence, None), self.dropout, self.training)
        return self.output(h)


def nats(logits, targets):
    """logits [time, rows, vocabulary], targets [time, rows] -> [rows]."""
    each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction='none')
    return each.view(targets.shape).sum(0)


class Sentences:
    """What both kinds of latents have."""

    def build(self, config, heads, size):
        if config['shared_embeddings']:
            self.embedding = layers.Embedding(config['vocabulary'], config['encoder_width'])
        shared = getattr(self, 'embedding', None)
        self.encoder = SentenceEncoder(config, shared, heads)
        self.decoder = SentenceDecoder(config, shared, size)

    def features(self, batch):
        # A row that only fills the batch has no sentence, and weighs nothing: any length will do.
        return self.encoder.features(batch['tokens'], batch['lengths'].clamp(min=1))

    def items(self, batch):
        return self.features(batch).detach()

    def likelihood(self, z, batch):
        """z [.., batch, size] -> [.., batch]."""
        rows, lead = z.flatten(0, -2), z.shape[:-1]
        tokens, targets = (batch[name].repeat(1, len(rows) // batch[name].shape[1]) for name in ('tokens', 'targets'))
        return -nats(self.decoder(rows, tokens), targets).view(lead)


class GaussianTextVae(Sentences, GaussianModel):
    def __init__(self, config):
        super().__init__(config)
        self.build(config, {'mean': config['latents'], 'log_variance': config['latents']}, config['latents'])


class CategoricalTextVae(Sentences, CategoricalModel):
    def __init__(self, config):
        super().__init__(config, config['encoder_width'])
        size = config['latents'] * config['categories']
        self.build(config, {'logits': size}, size)


def text_vae(config):
    return {'gaussian': GaussianTextVae, 'categorical': CategoricalTextVae}[config['latent']](config)


class ConditionalTextVae(Sentences, GaussianModel):
    """Given a label; the latent in the measure of its prior."""

    def __init__(self, config):
        super().__init__(config)
        width, latents, hidden = config['encoder_width'], config['latents'], config['width']
        self.condition, self.prior = nn.Module(), nn.Module()
        self.condition.embedding = layers.Embedding(config['classes'] + 1, width)
        self.build(config, {}, latents + width)
        self.encoder.hidden, self.prior.hidden = layers.Linear(2 * width, hidden), layers.Linear(width, hidden)
        for half_of in (self.encoder, self.prior):
            half_of.mean, half_of.log_variance = layers.Linear(hidden, latents), layers.Linear(hidden, latents)

    def vector(self, batch):
        labels = batch['labels']
        return self.condition.embedding(torch.where(labels < 0, self.config['classes'], labels))

    def features(self, batch):
        return torch.tanh(self.encoder.hidden(torch.cat((super().features(batch), self.vector(batch)), -1)))

    def likelihood(self, z, batch):
        vector = self.vector(batch)
        h = torch.tanh(self.prior.hidden(vector))
        z = self.prior.mean(h) + torch.exp(0.5 * self.prior.log_variance(h)) * z
        return super().likelihood(torch.cat((z, vector), -1), batch)


class Queries(nn.Module):
    """What learned queries find in states [time, batch, width]: [batch, positions, width]."""

    def __init__(self, config, width):
        super().__init__()
        self.heads = config['query_heads']
        self.query = nn.Parameter(torch.zeros(config['latents'], 1, width))
        self.key, self.value = layers.Linear(width, width, bias=False), layers.Linear(width, width, bias=False)

    def views(self):
        yield '/query', self.query

    def forward(self, states, mask):
        x = states.transpose(0, 1)
        query = self.query.transpose(0, 1).expand(len(x), -1, -1)
        q, k, v = (layers.split_heads(part, self.heads) for part in (query, self.key(x), self.value(x)))
        return layers.merge_heads(F.scaled_dot_product_attention(q, k, v, attn_mask=mask))


class Codes(layers.Linear):
    """Code vectors for the decoder, each with its place."""

    def __init__(self, positions, inputs, width):
        super().__init__(inputs, width)
        self.position = nn.Parameter(torch.zeros(positions, 1, width))

    def views(self):
        yield from super().views()
        yield '/position', self.position

    def forward(self, vectors):
        return super().forward(vectors).transpose(0, 1) + self.position


class Frequencies(nn.Module):
    """How often codes came: nothing that is trained."""

    def __init__(self, shape):
        super().__init__()
        self.counts = nn.Parameter(torch.zeros(shape), requires_grad=False)

    def views(self):
        yield '/counts', self.counts


class TextVqvae(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, self.positions, width = config, config['latents'], config['encoder_width']
        inside = quantised_width(config)
        self.encoder = SentenceEncoder(config, None, {})
        self.encoder.code_norm, self.encoder.code = layers.LayerNorm(width), layers.Linear(width, inside)
        if config['resampler'] == 'queries':
            self.encoder.queries = Queries(config, width)
        self.decoder = SentenceDecoder(config, None, self.positions * inside, attends=True)
        self.decoder.codes = Codes(self.positions, inside, config['decoder_width'])
        quantiser = Quantiser(config)
        if config['quantiser'] != 'finite':
            self.codebook = quantiser.codebook  # in no scope
        self.quantiser = quantiser
        self.prior = Frequencies(self.kinds(config))

    def kinds(self, config):
        kinds = config['codes'] if config['quantiser'] == 'nearest' else math.prod(
            int(level) for level in str(config['levels']).split(','))
        return [self.positions * (config['stages'] or 1) * (config['groups'] or 1), kinds]

    def resampled(self, states, lengths):
        if self.config['resampler'] == 'queries':
            return self.encoder.queries(states, layers.padding_mask(lengths, len(states)))
        n, row = self.positions, torch.arange(len(states))[:, None]
        parts = []
        for i in range(n):
            inside = (((row + 1) * n > i * lengths) & (row * n < (i + 1) * lengths))[..., None]
            if self.config['pooling'] == 'mean':
                parts.append((states * inside).sum(0) / inside.sum(0).clamp(min=1))
            else:
                parts.append(torch.where(inside, states, torch.finfo().min).amax(0))
        return torch.stack(parts, 1)

    def forward(self, batch, state):
        tokens, weights, lengths = batch['tokens'], batch['weights'], batch['lengths'].clamp(min=1)
        states, _ = self.encoder.states(tokens, lengths)
        z = self.encoder.code(self.encoder.code_norm(self.resampled(states, lengths)))
        values, _, loss = self.quantiser(z, weights)
        logits = self.decoder(values.flatten(1), tokens, self.decoder.codes(values))
        self.codes = self.quantiser.codes(tokens.shape[1])
        return *weighted(nats(logits, batch['targets']) + self.positions * loss, weights), state
