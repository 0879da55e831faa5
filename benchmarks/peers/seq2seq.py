"""The encoder-decoder of models/seq2seq in PyTorch: of Transformer blocks, or of recurrent layers with attention."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import encoders
import layers


class TransformerDecoder(nn.Module):
    def __init__(self, config, embedding):
        super().__init__()
        self.embedding = embedding or layers.Embedding(config['vocabulary'], config['width'])
        self.position = layers.Embed(config)
        self.block = layers.blocks(config, config['decoder_layers'] or config['layers'], cross=True)
        self.norm = layers.LayerNorm(config['width'])
        self.output = layers.output_layer(config, self.embedding, config['vocabulary'])
        self.rotate = layers.rotation(config)

    def forward(self, tokens, encoded, mask):
        """tokens [batch, time], encoded [batch, length, width] -> logits [batch, time, vocabulary]."""
        x = self.position(tokens, self.embedding)
        for block in self.block:
            x = block(x, {'is_causal': True}, self.rotate, encoded=encoded, mask=mask)
        return self.output(self.norm(x))


class LuongAttention(nn.Module):
    """Luong et al. 2015, eq. 5 and 8: scores h W e ("general"), then tanh([c; h] W)."""

    def __init__(self, width):
        super().__init__()
        self.query = layers.Linear(width, width, bias=False)
        self.output = layers.Linear(2 * width, width, bias=False)

    def forward(self, h, encoded, mask):
        """h [time, batch, width], encoded [length, batch, width] -> [time, batch, width]."""
        q, e = (x.transpose(0, 1)[:, None] for x in (self.query(h), encoded))  # one head
        found = F.scaled_dot_product_attention(q, e, e, attn_mask=mask, scale=1)
        return torch.tanh(self.output(torch.cat((found[:, 0].transpose(0, 1), h), -1)))


class RecurrentDecoder(nn.Module):
    def __init__(self, config, embedding):
        super().__init__()
        width, self.kind, self.dropout = config['width'], config['blocks'], config['dropout']
        self.embedding = embedding or layers.Embedding(config['vocabulary'], width)
        self.add_module(self.kind, layers.recurrent_layers(config, self.kind))
        self.attention = LuongAttention(width)
        self.output = layers.output_layer(config, self.embedding, config['vocabulary'])

    def forward(self, tokens, encoded, start, mask):
        """tokens [time, batch], encoded [length, batch, width] -> logits [time, batch, vocabulary]."""
        start = start if self.kind == 'lstm' else start[0]
        h, _ = getattr(self, self.kind)(self.drop(self.embedding(tokens)), start)
        return self.output(self.drop(self.attention(self.drop(h), encoded, mask)))

    def drop(self, x):
        return F.dropout(x, self.dropout, self.training)


class Seq2Seq(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.transformer = config['blocks'] == 'transformer'
        if config['shared_embeddings']:
            self.embedding = layers.Embedding(config['vocabulary'], config['width'])
        shared = getattr(self, 'embedding', None)
        kinds = ((encoders.TransformerEncoder, TransformerDecoder) if self.transformer else
                 (encoders.RecurrentEncoder, RecurrentDecoder))
        self.encoder = kinds[0](config, config['source_vocabulary'], shared)
        self.decoder = kinds[1](config, shared)

    def forward(self, batch, state):
        """source [length, batch], tokens and targets [time, batch]; gives the summed loss, the counted targets and no
        state."""
        source, tokens, targets = batch['source'], batch['tokens'], batch['targets']
        # A row that is all padding has no source. None of its targets counts: any length will do.
        lengths = batch['source_lengths'].clamp(min=1)
        if self.transformer:
            targets = targets.T
            logits = self.decoder(tokens.T, *self.encoder(source.T, lengths))
        else:
            encoded, last = self.encoder(source, lengths)
            logits = self.decoder(tokens, encoded, last, layers.padding_mask(lengths, len(source)))
        return *layers.summed_loss(self, logits, targets), state
