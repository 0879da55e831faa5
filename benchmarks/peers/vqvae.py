"""The VQ-VAEs of models/vqvae and models/two_level_vqvae in PyTorch, without restarts, quantiser dropout and k-means."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import layers
from image_networks import (ConvolutionalDecoder, ConvolutionalEncoder, Decoder, Encoder, add_middle, feature_sizes,
                            hidden_sizes, log_likelihood, middle, weighted)


class Codebook(nn.Module):
    """The nearest code of each vector [n, width], straight through, with a loss or moving averages (van den Oord et al.
    2017, eq. 3 and A.1; Laplace smoothing as in Sonnet). Gives the values, commitment and loss of each vector, [n]."""

    def __init__(self, config, width):
        super().__init__()
        self.decay, self.beta, self.cosine = config['codebook_decay'], config['commitment'], config['cosine']
        book = torch.zeros(config['codes'], width)
        self.book = nn.Parameter(book, requires_grad=self.decay == 0)
        self.counts = None  # until the first batch: 1 - decay for each code, and the code times that

    def views(self):
        yield '', self.book

    def forward(self, z, weights):
        book = self.book
        if self.cosine:
            z, book = F.normalize(z, dim=-1), F.normalize(book, dim=-1)
        with torch.no_grad():
            distances = (book * book).sum(1) - 2 * z @ book.T
            self.codes = distances.argmin(1)
        q = F.embedding(self.codes, book)
        commitment = ((z - q.detach()) ** 2).mean(1) * weights
        loss = self.beta * commitment
        if self.decay == 0:
            loss = loss + ((q - z.detach()) ** 2).mean(1) * weights
        elif self.training:
            self.move(z.detach(), weights)
        return z + (q - z).detach(), commitment, loss

    @torch.no_grad()
    def move(self, z, weights):
        if self.counts is None:
            first = 1 - self.decay
            self.counts, self.sums = torch.full((len(self.book),), first), first * self.book
        chosen = F.one_hot(self.codes, len(self.book)).to(z.dtype) * weights[:, None]  # [n, codes]
        self.counts.lerp_(chosen.sum(0), 1 - self.decay)
        self.sums.lerp_(chosen.T @ z, 1 - self.decay)
        if self.cosine:
            self.book.copy_(F.normalize(self.sums, dim=-1))
        else:
            total = self.counts.sum()
            smoothed = (self.counts + 1e-5) / (total + len(self.book) * 1e-5) * total
            self.book.copy_(self.sums / smoothed[:, None])


class Finite(nn.Module):
    """FSQ (Mentzer et al. 2024)."""

    def __init__(self, levels):
        super().__init__()
        levels = torch.tensor(levels, dtype=torch.float64)
        reach, offset = (levels - 1) * (1 - 1e-3) / 2, (levels % 2 == 0) * 0.5
        self.reach, self.offset, self.shift = reach.float(), offset.float(), torch.tan(offset / reach).float()
        self.half = (levels // 2).float()
        self.base = torch.cumprod(torch.cat((torch.ones(1), levels[:-1])), 0).long()

    def forward(self, z, weights):
        bounded = torch.tanh(z + self.shift) * self.reach - self.offset
        self.codes = ((torch.round(bounded) + self.half).long() * self.base).sum(1)
        y = (bounded + (torch.round(bounded) - bounded).detach()) / self.half
        return y, torch.zeros_like(weights), torch.zeros_like(weights)


class Quantiser(nn.Module):
    """z [batch, .., width], weights [batch]; commitment and loss are [batch], means over positions."""

    def __init__(self, config):
        super().__init__()
        residual = config['quantiser'] == 'nearest' and config['stages'] > 1
        self.kind = 'residual' if residual else config['quantiser']
        count = {'nearest': config['groups'], 'residual': config['stages'], 'finite': 0}[self.kind]
        width = config['code_width'] // (count if self.kind == 'nearest' else 1)
        if self.kind == 'finite':
            self.scalars = Finite([int(level) for level in str(config['levels']).split(',')])
        elif self.kind == 'nearest' and count == 1:
            self.codebook = Codebook(config, width)
        else:
            self.codebook = nn.ModuleList([Codebook(config, width) for _ in range(count)])

    def codes(self, batch):
        """Of the last forward pass, [batch, codes of an image]: those of a position one after another."""
        if self.kind == 'finite':
            books = [self.scalars]
        else:
            books = [self.codebook] if isinstance(self.codebook, Codebook) else self.codebook
        return torch.stack([book.codes for book in books], 1).reshape(batch, -1)

    def forward(self, z, weights):
        flat = z.reshape(-1, z.shape[-1])
        each = weights.repeat_interleave(len(flat) // len(weights))
        if self.kind == 'finite':
            values, commitment, loss = self.scalars(flat, each)
        elif isinstance(self.codebook, Codebook):
            values, commitment, loss = self.codebook(flat, each)
        elif self.kind == 'nearest':
            parts = flat.chunk(len(self.codebook), -1)
            values, commitment, loss = zip(*(book(part, each) for book, part in zip(self.codebook, parts)))
            values = torch.cat(values, -1)
            commitment, loss = (sum(terms) / len(terms) for terms in (commitment, loss))
        else:
            left, commitment, loss = flat, 0, 0
            for book in self.codebook:
                q, committed, lost = book(left, each)
                left = left - q.detach()
                commitment, loss = commitment + committed, loss + lost
            values = flat + (flat - left - flat).detach()
        commitment, loss = (terms.reshape(len(weights), -1).mean(1) for terms in (commitment, loss))
        return values.reshape(z.shape), commitment, loss


def quantised_width(config):
    return len(str(config['levels']).split(',')) if config['quantiser'] == 'finite' else config['code_width']


class CodeLayer(layers.Linear):
    """Features to what is quantised: at each position of [batch, height, width, channels], or `positions` vectors of
    [batch, units]."""

    def __init__(self, config, inputs, positions):
        width = quantised_width(config)
        self.positions = positions
        super().__init__(inputs, width * positions if positions else width)

    def forward(self, features):
        y = super().forward(features)
        return y.unflatten(-1, (self.positions, -1)) if self.positions else y


def dense_positions(config):
    """Codes of the encoder's last layer."""
    return max(1, hidden_sizes(config)[-1] // config['code_width'])


def reconstruction(parameters, images, config):
    """Of each image: Sonnet's loss, or nats a pixel and channel."""
    if config['likelihood'] == 'gaussian':
        return ((images - parameters - 0.5) ** 2).flatten(1).mean(1) / config['pixel_variance']
    return -log_likelihood(parameters, images, config) / images[0].numel()


def vq_metrics(pixels, images, error, commitment, config):
    """Of each image."""
    means = torch.sigmoid(pixels) if config['likelihood'] == 'bernoulli' else pixels + 0.5
    return {'reconstruction': error.detach(), 'commitment': commitment.detach(),
            'mse': ((means.detach() - images) ** 2).flatten(1).mean(1)}


class Vqvae(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, width = config, quantised_width(config)
        if config['network'] == 'dense':
            positions = dense_positions(config)
            self.encoder, self.decoder = Encoder(config, {}), Decoder(config, positions * width)
            self.encoder.code = CodeLayer(config, hidden_sizes(config)[-1], positions)
        else:
            self.encoder, self.decoder = ConvolutionalEncoder(config), ConvolutionalDecoder(config, width)
            self.encoder.code = CodeLayer(config, config['channels'], 0)
        quantiser = Quantiser(config)
        if config['quantiser'] != 'finite':
            self.codebook = quantiser.codebook  # in no scope
        self.quantiser = quantiser

    def forward(self, batch, state):
        """images [batch, height, width, channels], weights [batch]; gives the summed loss, how many images, no state."""
        images, weights = batch['images'], batch['weights']
        z = self.encoder.code(self.encoder.features(images))
        values, commitment, loss = self.quantiser(z, weights)
        pixels = self.decoder(values.flatten(1) if values.dim() == 3 else values)
        error = reconstruction(pixels, images, self.config)
        self.metrics = vq_metrics(pixels, images, error, commitment, self.config)
        self.codes = self.quantiser.codes(len(images))
        return *weighted(error + loss, weights), state


class TwoLevelVqvae(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, width, channels = config, quantised_width(config), config['channels']
        self.top, self.bottom = Quantiser(config), Quantiser(config)
        self.dense = config['network'] == 'dense'
        if self.dense:
            bottom, units = dense_positions(config), hidden_sizes(config)[-1]
            top = max(1, bottom // 2)
            self.encoder, self.decoder = Encoder(config, {}), Decoder(config, (top + bottom) * width)
            self.encoder.top, self.decoder.top = nn.Module(), nn.Module()
            self.encoder.top.dense = layers.Linear(units, top * config['code_width'])
            self.encoder.top.code = CodeLayer(config, top * config['code_width'], top)
            self.encoder.code = CodeLayer(config, 2 * units, bottom)
            self.decoder.top.dense = layers.Linear(top * width, units)
        else:
            shape = feature_sizes(config)[-1]
            self.encoder, self.decoder = ConvolutionalEncoder(config), ConvolutionalDecoder(config, 2 * width)
            self.encoder.top, self.decoder.top = nn.Module(), nn.Module()
            self.encoder.top.down = layers.Convolution(channels, channels, 4, 2)
            add_middle(self.encoder.top, config, channels)
            self.encoder.top.code = CodeLayer(config, channels, 0)
            add_middle(self.decoder.top, config, width)
            self.decoder.top.up = layers.TransposedConvolution(channels, channels, 4, 2, shape)
            self.decoder.top.upsample = layers.TransposedConvolution(width, width, 4, 2, shape)
            self.encoder.code = CodeLayer(config, 2 * channels, 0)

    def shrunk(self, h):
        if self.dense:
            return F.relu(self.encoder.top.dense(h))
        return middle(self.encoder.top, F.relu(self.encoder.top.down(h)))

    def grown(self, top):
        if self.dense:
            return F.relu(self.decoder.top.dense(top.flatten(1)))
        return F.relu(self.decoder.top.up(middle(self.decoder.top, top)))

    def both(self, top, bottom):
        """What the decoder reads."""
        if self.dense:
            return torch.cat((top.flatten(1), bottom.flatten(1)), 1)
        return torch.cat((self.decoder.top.upsample(top), bottom), -1)

    def forward(self, batch, state):
        images, weights = batch['images'], batch['weights']
        h = self.encoder.features(images)
        top, top_commitment, top_loss = self.top(self.encoder.top.code(self.shrunk(h)), weights)
        z = self.encoder.code(torch.cat((h, self.grown(top)), -1))
        bottom, bottom_commitment, bottom_loss = self.bottom(z, weights)
        pixels = self.decoder(self.both(top, bottom))
        error = reconstruction(pixels, images, self.config)
        self.metrics = vq_metrics(pixels, images, error, top_commitment + bottom_commitment, self.config)
        self.codes = torch.cat((self.top.codes(len(images)), self.bottom.codes(len(images))), 1)
        return *weighted(error + top_loss + bottom_loss, weights), state
