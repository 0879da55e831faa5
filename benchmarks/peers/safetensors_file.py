"""Reads safetensors files as dictionaries of torch tensors; the format is small enough to need no package."""
import json
import struct

import torch

DTYPES = {'F32': torch.float32, 'I32': torch.int32, 'I64': torch.int64, 'U8': torch.uint8}


def read(path):
    """{name: tensor}; what is not a tensor (__metadata__) is left out."""
    with open(path, 'rb') as file:
        (length,) = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == '__metadata__':
            continue
        begin, end = entry['data_offsets']
        dtype = DTYPES[entry['dtype']]
        flat = torch.frombuffer(data, dtype=dtype, count=(end - begin) // dtype.itemsize,
                                offset=begin) if end > begin else torch.empty(0, dtype=dtype)
        tensors[name] = flat.reshape(entry['shape']).clone()
    return tensors
