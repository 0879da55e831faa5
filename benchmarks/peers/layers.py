"""Layers under the names and layouts of Abax's checkpoints, in the form in which PyTorch is fastest.

A layer that holds weights has views(): pairs of a name's end and a view in our layout, [in, out], of what PyTorch keeps
as [out, in] or packs into one matrix. A module's path gives the name's beginning: decoder.block.0.attention is
decoder/block0/attention. So load() and save() are the same for all models.
"""
import re

import torch
import torch.nn as nn
import torch.nn.functional as F


def views(model):
    """{name in a checkpoint: writable view of the parameter}."""
    found = {}
    for path, module in model.named_modules():
        if hasattr(module, 'views'):
            prefix = re.sub(r'\.(\d+)', r'\1', path).replace('.', '/')
            found.update((prefix + name, view.detach()) for name, view in module.views())
    return found


def load(model, weights):
    """Copies a checkpoint's weights; every name must be on both sides."""
    own = views(model)
    if set(own) != set(weights):
        raise SystemExit(f'only in the model: {sorted(set(own) - set(weights))}; '
                         f'only in the file: {sorted(set(weights) - set(own))}')
    for name, view in own.items():
        if view.shape != weights[name].shape:
            raise SystemExit(f'{name}: the model has {list(view.shape)}, '
                             f'the file {list(weights[name].shape)}')
        view.copy_(weights[name])


def linear_views(name, linear):
    yield f'{name}/weight', linear.weight.T
    if linear.bias is not None:
        yield f'{name}/bias', linear.bias


class Linear(nn.Linear):
    def views(self):
        return linear_views('', self)


class Convolution(nn.Conv2d):
    """Of images [batch, height, width, channels], `stride` and zeros around so that the result has ceil(size / stride)
    rows and columns, an odd zero at the bottom and at the right."""

    def __init__(self, inputs, outputs, size, stride=1):
        super().__init__(inputs, outputs, size, stride)

    def views(self):
        yield from (('/weight', self.weight.permute(2, 3, 1, 0)), ('/bias', self.bias))

    def forward(self, x):
        size, stride = self.kernel_size[0], self.stride[0]
        below, above, right, left = (side for length in x.shape[1:3] for side in self.padded(length, size, stride))
        x = x.permute(0, 3, 1, 2)
        if below == above == left == right:
            y = F.conv2d(x, self.weight, self.bias, stride, left)
        else:
            y = F.conv2d(F.pad(x, (left, right, above, below)), self.weight, self.bias, stride)
        return y.permute(0, 2, 3, 1)

    @staticmethod
    def padded(length, size, stride):
        """Zeros behind and before."""
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        return total - total // 2, total // 2


class TransposedConvolution(nn.ConvTranspose2d):
    """What leads back from a Convolution's result to images of `shape` [height, width]."""

    def __init__(self, inputs, outputs, size, stride, shape):
        super().__init__(inputs, outputs, size, stride)
        self.shape = shape

    def views(self):
        yield from (('/weight', self.weight.permute(2, 3, 0, 1)), ('/bias', self.bias))

    def forward(self, x):
        size, stride, x = self.kernel_size[0], self.stride[0], x.permute(0, 3, 1, 2)
        sides = [Convolution.padded(length, size, stride) for length in self.shape]
        if len({side for pair in sides for side in pair}) == 1:
            y = F.conv_transpose2d(x, self.weight, self.bias, stride, sides[0][0])
        else:
            (_, above), (_, left) = sides
            y = F.conv_transpose2d(x, self.weight, self.bias, stride)
            y = y[:, :, above:above + self.shape[0], left:left + self.shape[1]]
        return y.permute(0, 2, 3, 1)


class Embedding(nn.Embedding):
    def views(self):
        yield '', self.weight


class LayerNorm(nn.LayerNorm):
    def views(self):
        yield from (('/scale', self.weight), ('/shift', self.bias))


class TiedOutput(nn.Module):
    """Logits by the embedding's matrix and a bias of their own."""

    def __init__(self, embedding):
        super().__init__()
        self.weight = embedding.weight
        self.bias = nn.Parameter(torch.zeros(self.weight.shape[0]))

    def views(self):
        yield '/bias', self.bias

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


def output_layer(config, embedding, classes):
    return TiedOutput(embedding) if config['tied'] else Linear(config['width'], classes)


def recurrent_views(module, parts):
    """Of nn.LSTM or nn.GRU: `parts` gives a direction's names from the end of PyTorch's names."""
    for layer in range(module.num_layers):
        directions = {'': f'{layer}'}
        if module.bidirectional:
            directions = {'': f'{layer}/forward', '_reverse': f'{layer}/backward'}
        for suffix, prefix in directions.items():
            for name, view in parts(f'_l{layer}{suffix}').items():
                yield f'{prefix}/{name}', view


class Lstm(nn.LSTM):
    """Layers of LSTM over [time, batch, width], gates in the order i, f, g, o. One bias is trained, as in Abax."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for name, bias in self.named_parameters():
            if name.startswith('bias_hh'):
                nn.init.zeros_(bias)
                bias.requires_grad_(False)

    def views(self):
        return recurrent_views(self, lambda end: {
            'input_weight': getattr(self, 'weight_ih' + end).T,
            'recurrent_weight': getattr(self, 'weight_hh' + end).T,
            'bias': getattr(self, 'bias_ih' + end)})


class Gru(nn.GRU):
    """Layers of GRU, gates in the order r, z, n. As in Abax the recurrent bias is trained for n alone: r and z have one
    bias."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for name, bias in self.named_parameters():
            if name.startswith('bias_hh'):
                nn.init.zeros_(bias)
                trained = torch.arange(len(bias)) >= 2 * self.hidden_size
                bias.register_hook(lambda gradient, trained=trained: gradient * trained)

    def views(self):
        return recurrent_views(self, lambda end: {
            'input_weight': getattr(self, 'weight_ih' + end).T,
            'recurrent_weight': getattr(self, 'weight_hh' + end).T,
            'bias': getattr(self, 'bias_ih' + end),
            'recurrent_bias': getattr(self, 'bias_hh' + end)[2 * self.hidden_size:]})


def recurrent_layers(config, kind, bidirectional=False):
    """As in Abax there is dropout after each layer; that after the last one is the caller's."""
    width, count = config['width'], config['layers']
    return {'lstm': Lstm, 'gru': Gru}[kind](
        width, width // 2 if bidirectional else width, count,
        dropout=config['dropout'] if count > 1 else 0, bidirectional=bidirectional)


def angles(positions, width):
    """[positions, width / 2]: position * 10000^(-2i / width), in double (Vaswani et al. 2017, section 3.5)."""
    rates = 10000. ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.arange(positions, dtype=torch.float64)[:, None] * rates


class Rotation:
    """Rotary positions (Su et al. 2021): the pair (i, i + size / 2) of a head turns by its position's angle."""

    def __init__(self, positions, size):
        angle = angles(positions, size)
        self.cos, self.sin = angle.cos().float(), angle.sin().float()

    def __call__(self, x, first=0):
        """x is [batch, heads, time, size]."""
        rows = slice(first, first + x.shape[2])
        cos, sin = self.cos[rows], self.sin[rows]
        a, b = x.chunk(2, -1)
        return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def unchanged(x, first=0):
    """The rotation of a model whose positions are not rotary."""
    return x


def rotation(config):
    if config['positions'] != 'rotary':
        return unchanged
    return Rotation(config['context'] + config['memory'], config['width'] // config['heads'])


class Embed(nn.Module):
    """Tokens [batch, time] with their positions, [batch, time, width]. The table belongs to the caller."""

    def __init__(self, config):
        super().__init__()
        self.kind, self.dropout, width = config['positions'], config['dropout'], config['width']
        if self.kind == 'learned':
            self.rows = nn.Parameter(torch.randn(config['context'], width) * 0.02)
        elif self.kind == 'sinusoidal':
            angle = angles(config['context'], width)
            self.register_buffer('rows', torch.cat((angle.sin(), angle.cos()), 1).float())
            self.scale = width ** 0.5

    def views(self):
        if self.kind == 'learned':
            yield '', self.rows

    def forward(self, tokens, table, first=0):
        x = F.embedding(tokens, table.weight)
        if self.kind == 'sinusoidal':
            x = x * self.scale
        if self.kind != 'rotary':
            x = x + self.rows[first:first + tokens.shape[1]]
        return F.dropout(x, self.dropout, self.training)


def split_heads(x, heads):
    """[batch, time, width] -> [batch, heads, time, size]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x):
    return x.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Queries, keys and values are one product."""

    def __init__(self, config):
        super().__init__()
        width, self.heads = config['width'], config['heads']
        self.inputs, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def views(self):
        weights, biases = self.inputs.weight.chunk(3), self.inputs.bias.chunk(3)
        for name, weight, bias in zip(('query', 'key', 'value'), weights, biases):
            yield from ((f'/{name}/weight', weight.T), (f'/{name}/bias', bias))
        yield from linear_views('/output', self.output)

    def forward(self, h, seen, rotate, before=None):
        """h [batch, time, width]; `before` [batch, size, width] are further rows to look at, which stand before h.
        `seen`: what scaled_dot_product_attention is told of masks."""
        q, k, v = self.inputs(h).chunk(3, -1)
        size = 0
        if before is not None:
            width, size = h.shape[-1], before.shape[1]
            old = F.linear(before, self.inputs.weight[width:], self.inputs.bias[width:])
            k, v = (torch.cat(pair, 1) for pair in zip(old.chunk(2, -1), (k, v)))
        q, k, v = (split_heads(part, self.heads) for part in (q, k, v))
        y = F.scaled_dot_product_attention(rotate(q, size), rotate(k), v, **seen)
        return self.output(merge_heads(y))

    def step(self, h, cache, position, rotate):
        """h [1, 1, width]; cache: keys and values [1, heads, context, size]."""
        q, k, v = self.inputs(h).view(3, 1, self.heads, 1, -1).unbind(0)
        keys, values = cache
        keys[:, :, position:position + 1] = rotate(k, position)
        values[:, :, position:position + 1] = v
        y = F.scaled_dot_product_attention(rotate(q, position), keys[:, :, :position + 1],
                                           values[:, :, :position + 1])
        return self.output(y.reshape(1, 1, -1))


class CrossAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, self.heads = config['width'], config['heads']
        self.query, self.inputs = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def views(self):
        yield from linear_views('/query', self.query)
        weights, biases = self.inputs.weight.chunk(2), self.inputs.bias.chunk(2)
        for name, weight, bias in zip(('key', 'value'), weights, biases):
            yield from ((f'/{name}/weight', weight.T), (f'/{name}/bias', bias))
        yield from linear_views('/output', self.output)

    def forward(self, h, encoded, mask):
        q = split_heads(self.query(h), self.heads)
        k, v = (split_heads(part, self.heads) for part in self.inputs(encoded).chunk(2, -1))
        return self.output(merge_heads(F.scaled_dot_product_attention(q, k, v, attn_mask=mask)))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, inside = config['width'], config['feed_forward'] or 4 * config['width']
        self.first, self.second = nn.Linear(width, inside), nn.Linear(inside, width)

    def views(self):
        yield from linear_views('/in', self.first)
        yield from linear_views('/out', self.second)

    def forward(self, h):
        return self.second(F.gelu(self.first(h)))


class Block(nn.Module):
    """x + self-attention, + cross-attention, + feed-forward, each of the normalised sum so far."""

    def __init__(self, config, cross=False):
        super().__init__()
        width, self.dropout = config['width'], config['dropout']
        self.attention_norm, self.attention = LayerNorm(width), SelfAttention(config)
        if cross:
            self.cross_norm, self.cross = LayerNorm(width), CrossAttention(config)
        self.feed_forward_norm, self.feed_forward = LayerNorm(width), FeedForward(config)

    def forward(self, x, seen, rotate, before=None, encoded=None, mask=None):
        if before is not None:
            before = self.attention_norm(before)
        x = x + self.drop(self.attention(self.attention_norm(x), seen, rotate, before))
        if encoded is not None:
            x = x + self.drop(self.cross(self.cross_norm(x), encoded, mask))
        return x + self.drop(self.feed_forward(self.feed_forward_norm(x)))

    def step(self, x, cache, position, rotate):
        x = x + self.attention.step(self.attention_norm(x), cache, position, rotate)
        return x + self.feed_forward(self.feed_forward_norm(x))

    def drop(self, x):
        return F.dropout(x, self.dropout, self.training)


def blocks(config, layers, cross=False):
    return nn.ModuleList([Block(config, cross) for _ in range(layers)])


def padding_mask(lengths, length):
    """What of [length] each row of a batch may see, [batch, 1, 1, length]; None where there is no padding."""
    if bool((lengths == length).all()):
        return None
    return (torch.arange(length) < lengths[:, None])[:, None, None]


def summed_loss(model, logits, targets):
    """Nats over the targets that are not -1, and how many they are. Labels are smoothed in training alone."""
    smoothing = model.config['label_smoothing'] if model.training else 0
    loss = F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=-1,
                           reduction='sum', label_smoothing=smoothing)
    return loss, (targets >= 0).sum()
