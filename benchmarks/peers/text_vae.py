"""The autoencoder of sentences of models/text_vae in PyTorch: a Gaussian or categorical latent between an encoder and a
decoder, which has it at every step."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import encoders
import layers
from categorical_vae import CategoricalModel
from gaussian_vae import GaussianModel
from image_networks import Conditional


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

    def features(self, tokens, lengths):
        """tokens [time, batch] -> [batch, width]."""
        self.read[0].train(self.training)
        if self.transformer:
            y, _ = self.read[0](tokens.T, lengths)
            return pooled(y.transpose(0, 1), None, lengths, self.pooling)
        y, last = self.read[0](tokens, lengths)
        return pooled(y, last[0][-1], lengths, self.pooling)


class Latent(nn.Module):
    """What a decoder makes of a latent."""

    def __init__(self, own, size):
        super().__init__()
        self.vector = layers.Linear(size, own['width'])
        if own['blocks'] != 'transformer':
            self.start = nn.ModuleList([layers.Linear(size, own['width']) for _ in range(own['layers'])])


class SentenceDecoder(nn.Module):
    def __init__(self, config, embedding, size):
        super().__init__()
        own = half(config, 'decoder')
        self.kind, self.dropout = own['blocks'], own['dropout']
        self.embedding = embedding or layers.Embedding(config['vocabulary'], own['width'])
        self.latent = Latent(own, size)
        if self.kind == 'transformer':
            self.position, self.block = layers.Embed(own), layers.blocks(own, own['layers'])
            self.norm, self.rotate = layers.LayerNorm(own['width']), layers.rotation(own)
        else:
            self.add_module(self.kind, layers.recurrent_layers(own, self.kind))
        self.output = layers.output_layer(own, self.embedding, config['vocabulary'])

    def forward(self, z, tokens):
        """z [rows, size], tokens [time, rows] -> logits [time, rows, vocabulary]."""
        vector = self.latent.vector(z)
        if self.kind == 'transformer':
            x = self.position(tokens.T, self.embedding) + vector[:, None]
            for block in self.block:
                x = block(x, {'is_causal': True}, self.rotate)
            return self.output(self.norm(x)).transpose(0, 1)
        c = torch.stack([layer(z) for layer in self.latent.start])
        x = F.dropout(self.embedding(tokens), self.dropout, self.training) + vector
        h, _ = getattr(self, self.kind)(x, (torch.tanh(c), c) if self.kind == 'lstm' else torch.tanh(c))
        return self.output(F.dropout(h, self.dropout, self.training))


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
        logits = self.decoder(rows, tokens)
        nats = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction='none')
        return -nats.view(targets.shape).sum(0).view(lead)


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
