"""The encoders of models/layers/encoder in PyTorch: what seq2seq and classifier read with."""
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import layers


class TransformerEncoder(nn.Module):
    def __init__(self, config, vocabulary, embedding=None):
        super().__init__()
        self.embedding = embedding or layers.Embedding(vocabulary, config['width'])
        self.position = layers.Embed(config)
        self.block = layers.blocks(config, config['layers'])
        self.norm = layers.LayerNorm(config['width'])
        self.rotate = layers.rotation(config)

    def forward(self, tokens, lengths):
        """tokens [batch, length] -> [batch, length, width] and the mask of what is no padding."""
        mask = layers.padding_mask(lengths, tokens.shape[1])
        x = self.position(tokens, self.embedding)
        for block in self.block:
            x = block(x, {'attn_mask': mask}, self.rotate)
        return self.norm(x), mask


class RecurrentEncoder(nn.Module):
    def __init__(self, config, vocabulary, embedding=None):
        super().__init__()
        self.kind, self.dropout = config['blocks'], config['dropout']
        self.embedding = embedding or layers.Embedding(vocabulary, config['width'])
        self.add_module(self.kind, layers.recurrent_layers(config, self.kind,
                                                           bool(config['bidirectional'])))

    def forward(self, tokens, lengths):
        """tokens [length, batch] -> y [length, batch, width], and the states (h and c; of GRU h alone) [layers, batch,
        width] after the last (and, backwards, the first) token."""
        recurrent = getattr(self, self.kind)
        x = F.dropout(self.embedding(tokens), self.dropout, self.training)
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        y, last = recurrent(packed)
        y, _ = pad_packed_sequence(y, total_length=len(tokens))
        last = last if self.kind == 'lstm' else (last,)
        if recurrent.bidirectional:
            last = tuple(s.unflatten(0, (-1, 2)).transpose(1, 2).flatten(2) for s in last)
        return F.dropout(y, self.dropout, self.training), last
