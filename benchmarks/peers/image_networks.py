"""Encoders, decoders and pixels of images, as models/layers/image_network and models/layers/pixels have them. Images are
[batch, height, width, channels]."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import layers


def hidden_sizes(config):
    """Units of the encoder's dense layers, a number or several with commas."""
    return [int(units) for units in str(config['hidden']).split(',')]


def pixel_count(config):
    return config['image_height'] * config['image_width'] * config['image_channels']


def dense_layers(sizes):
    return nn.ModuleList([layers.Linear(a, b) for a, b in zip(sizes, sizes[1:])])


class Encoder(nn.Module):
    """Dense layers with relu, then the heads: linear layers by name and size."""

    def __init__(self, config, heads):
        super().__init__()
        sizes = [pixel_count(config)] + hidden_sizes(config)
        self.dense = dense_layers(sizes)
        for name, size in heads.items():
            self.add_module(name, layers.Linear(sizes[-1], size))

    def features(self, images):
        h = images.flatten(1)
        for layer in self.dense:
            h = F.relu(layer(h))
        return h


class Conditional(nn.Module):
    """What each of `count` variables, of `size` numbers, takes from those before it. The long way: for each the hidden
    layer is made anew from all values before. `hidden` is a layer or a parameter."""

    def __init__(self, count, size, outputs, hidden, width):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Parameter(torch.zeros(count - 1, size, width))
        self.output = nn.Parameter(torch.zeros(count, width, outputs))

    def views(self):
        yield from (('/embedding', self.embedding), ('/output', self.output))
        if isinstance(self.hidden, nn.Parameter):
            yield '/hidden', self.hidden

    def logits(self, k, hidden, before):
        """What is added to variable k's, of the values before, [.., k, size]."""
        for j in range(k):
            hidden = hidden + before[..., j, :] @ self.embedding[j]
        return F.relu(hidden) @ self.output[k]


class Decoder(nn.Module):
    """From latents [.., size] to the parameters of the pixels [.., height, width, outputs * channels]."""

    def __init__(self, config, size):
        super().__init__()
        sizes = [size] + hidden_sizes(config)[::-1]
        outputs = 2 if config['likelihood'] == 'logistic' else 1
        self.shape = (config['image_height'], config['image_width'], outputs * config['image_channels'])
        self.dense, self.output = dense_layers(sizes), layers.Linear(sizes[-1], math.prod(self.shape))
        self.conditional = None
        if config['pixels'] == 'autoregressive':
            row = config['image_width'] * config['image_channels']
            self.conditional = Conditional(self.shape[0], row, outputs * row, layers.Linear(size, config['width']),
                                           config['width'])

    def forward(self, z, images=None):
        """Of autoregressive pixels a row is conditional on those above it in the images."""
        h = z
        for layer in self.dense:
            h = F.relu(layer(h))
        parameters = self.output(h).unflatten(-1, self.shape)
        if self.conditional is None:
            return parameters
        rows, hidden = (images - 0.5).flatten(-2), self.conditional.hidden(z)
        added = [self.conditional.logits(k, hidden, rows) for k in range(self.shape[0])]
        return parameters + torch.stack(added, -2).unflatten(-1, self.shape[1:])


def feature_sizes(config):
    """[height, width] of an image and after each downsampling."""
    sizes = [(config['image_height'], config['image_width'])]
    for _ in range(config['downsamplings']):
        sizes.append(tuple((size + 1) // 2 for size in sizes[-1]))
    return sizes


class Residual(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels, inside = config['channels'], config['residual_channels']
        self.inner, self.outer = layers.Convolution(channels, inside, 3), layers.Convolution(inside, channels, 1)

    def forward(self, x):
        return x + self.outer(F.relu(self.inner(F.relu(x))))


def add_middle(module, config, inputs):
    """The middle of a convolutional network."""
    module.conv = layers.Convolution(inputs, config['channels'], 3)
    module.residual = nn.ModuleList([Residual(config) for _ in range(config['residual_layers'])])


def middle(module, x):
    x = module.conv(x)
    for residual in module.residual:
        x = residual(x)
    return F.relu(x)


class ConvolutionalEncoder(nn.Module):
    """Images to features [batch, height, width, channels]."""

    def __init__(self, config):
        super().__init__()
        count, channels = config['downsamplings'], config['channels']
        sizes = [config['image_channels']] + [channels // 2] * (count - 1) + [channels]
        self.down = nn.ModuleList([layers.Convolution(a, b, 4, 2) for a, b in zip(sizes, sizes[1:])])
        add_middle(self, config, channels)

    def features(self, images):
        x = images - 0.5
        for layer in self.down:
            x = F.relu(layer(x))
        return middle(self, x)


class ConvolutionalDecoder(nn.Module):
    """From [batch, height, width, size] to the parameters of the pixels."""

    def __init__(self, config, size):
        super().__init__()
        count, channels = config['downsamplings'], config['channels']
        outputs = 2 if config['likelihood'] == 'logistic' else 1
        add_middle(self, config, size)
        sizes = [channels] + [channels // 2] * (count - 1) + [outputs * config['image_channels']]
        shapes = feature_sizes(config)[-2::-1]
        self.up = nn.ModuleList([layers.TransposedConvolution(a, b, 4, 2, shape)
                                 for a, b, shape in zip(sizes, sizes[1:], shapes)])

    def forward(self, x):
        x = middle(self, x)
        for layer in self.up[:-1]:
            x = F.relu(layer(x))
        return self.up[-1](x)


def log_likelihood(parameters, images, config):
    """Nats of each image, [..]."""
    if config['likelihood'] == 'bernoulli':
        each = images * parameters - F.softplus(parameters)
    elif config['likelihood'] == 'gaussian':
        each = torch.distributions.Normal(parameters + 0.5, config['pixel_variance'] ** 0.5).log_prob(images)
    else:
        each = discretised_logistic(*parameters.chunk(2, -1), 2 * images - 1)
    return each.sum((-3, -2, -1))


def discretised_logistic(mean, log_scale, x):
    """Of 256 levels in [-1, 1]; as in PixelCNN++ (Salimans et al. 2017), with the difference of the distribution
    function's values in double."""
    mean, x = mean.double(), x.double()
    inverse = torch.exp(-log_scale.clamp(min=-7)).double()
    above, below = (x + 1 / 255 - mean) * inverse, (x - 1 / 255 - mean) * inverse
    inside = torch.log((torch.sigmoid(above) - torch.sigmoid(below)).clamp(min=1e-300))
    result = torch.where(x < -0.999, F.logsigmoid(above), torch.where(x > 0.999, F.logsigmoid(-below), inside))
    return result.float()


def weighted(values, weights):
    """The sum over images [batch] and how many count."""
    return (values * weights).sum(), weights.sum()
