"""Trains the delineation network and its cross-validation.

    python3 -m precordia_delineation.train [--program P] [--copies 14] [--folds 10] [--members 3] [--out DIR] [--final FILE]

Writes DIR/foldK.bin (trained without the records of fold K), DIR/folds.json (record -> fold) and the final weights, trained on all
records. `python3 tests/bench/ecg_validation.py ludb --cross DIR` then measures every record with the weights that never saw it.
Seeds are fixed; two runs on one machine give the same file.
"""
import argparse
import json
import os
import struct
import time

import numpy as np
import torch
from torch import nn

from .data import REPOSITORY, WAVES, build

HIDDEN = (64, 32)


class Perceptron(nn.Module):
    def __init__(self, inputs, dropout):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, HIDDEN[0]), nn.SiLU(), nn.Dropout(dropout),
                                    nn.Linear(HIDDEN[0], HIDDEN[1]), nn.SiLU(), nn.Dropout(dropout), nn.Linear(HIDDEN[1], 2))

    def forward(self, x):
        return self.layers(x)


def fit(x, y, records, seed, epochs, rate=3e-3, dropout=0.25, noise=0.2, batch=768, huber_ms=25.0):
    """One member. Records count alike, however many of their leads are marked."""
    torch.manual_seed(seed)
    mean, scale = x.mean(0), x.std(0) + 1e-2
    inputs = torch.from_numpy((x - mean) / scale).float()
    known, wanted = torch.from_numpy(np.isfinite(y)).float(), torch.from_numpy(np.nan_to_num(y)).float()
    names, index, count = np.unique(records, return_inverse=True, return_counts=True)
    weight = torch.from_numpy((len(x) / len(names) / count[index])).float().sqrt()
    model = Perceptron(x.shape[1], dropout)
    steps = len(x) // batch
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps * epochs, pct_start=0.1)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for s in range(steps):
            i = order[s * batch:(s + 1) * batch]
            answer = model(inputs[i] + noise * torch.randn(len(i), inputs.shape[1]))
            loss = nn.functional.smooth_l1_loss(answer, wanted[i], beta=huber_ms, reduction='none') * known[i] * weight[i][:, None]
            loss = loss.sum() / (known[i] * weight[i][:, None]).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return mean, scale, model.eval()


def packed(members_of):
    """The weights file: 'PDN1', then per wave P, QRS, T: u16 members, inputs, first, second; per member float32 mean and scale of
    the inputs, then three layers, each float32 scale per row, int8 rows, float32 biases. Little-endian."""
    out = b'PDN1'
    for wave in WAVES:
        members = members_of[wave]
        out += struct.pack('<4H', len(members), len(members[0][0]), *HIDDEN)
        for mean, scale, model in members:
            out += mean.astype('<f4').tobytes() + scale.astype('<f4').tobytes()
            for layer in model.layers:
                if isinstance(layer, nn.Linear):
                    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
                    step = np.abs(w).max(1) / 127
                    out += step.astype('<f4').tobytes() + np.round(w / step[:, None]).astype('i1').tobytes() + b.astype('<f4').tobytes()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', default=os.path.join(REPOSITORY, 'build', 'native', 'delineation_features'))
    parser.add_argument('--copies', type=int, default=14)
    parser.add_argument('--folds', type=int, default=10)
    parser.add_argument('--members', type=int, default=3)
    parser.add_argument('--epochs', type=int, default=14)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--out', default=os.path.join(REPOSITORY, 'build', 'delineation'))
    parser.add_argument('--final', default=os.path.join(REPOSITORY, 'models', 'ecg-delineation-1', 'weights.bin'))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    os.makedirs(args.out, exist_ok=True)
    started = time.time()
    data = build(args.program, args.copies)
    names = np.unique(np.concatenate([part[2] for part in data.values()]))
    fold_of = dict(zip(names.tolist(), (np.random.default_rng(7).permutation(len(names)) % args.folds).tolist()))
    with open(os.path.join(args.out, 'folds.json'), 'w') as f:
        json.dump(fold_of, f)
    print({wave: part[0].shape for wave, part in data.items()}, f'{time.time() - started:.0f} s', flush=True)

    def members(left_out):
        trained = {}
        for wave, (x, y, records) in data.items():
            keep = np.array([fold_of[r] != left_out for r in records.tolist()])
            trained[wave] = [fit(x[keep], y[keep], records[keep], seed, args.epochs) for seed in range(args.members)]
        return trained

    for fold in list(range(args.folds)) + [None]:
        path = args.final if fold is None else os.path.join(args.out, f'fold{fold}.bin')
        with open(path, 'wb') as f:
            f.write(packed(members(fold)))
        print('wrote', path, f'{time.time() - started:.0f} s', flush=True)


if __name__ == '__main__':
    main()
