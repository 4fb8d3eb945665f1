"""What the teachers say of many altered pictures, once and for all:  python -m precordia_echo.lessons NAME --soft A.pt B.pt --data FOLDER --out FOLDER

A large teacher takes ten times as long as the student's whole step, so its answers are kept: every clip's end-diastole and end-systole under
`--draws` geometries, as the teachers see them (their own size, light as it is), reduced to the student's size. The light is changed anew for
every batch of the student's training.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from . import augment, data
from .network import SIDE
from .train import network_of, resized


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--simulated", type=Path)
    parser.add_argument("--soft", type=Path, nargs="+", required=True)
    parser.add_argument("--draws", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strength", type=float, default=0.7)
    o = parser.parse_args()
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(o.seed)
    rng = np.random.default_rng(o.seed)
    camus = data.load(o.data)
    if o.simulated:
        camus = data.join(camus, data.load_simulated(o.simulated))
    clips = np.flatnonzero(~camus.held_out & ~camus.systole)
    picture, mask = torch.from_numpy(camus.image)[:, None], torch.from_numpy(camus.mask)
    some = resized(picture[torch.from_numpy(clips[:200:2])].float() / 255, SIDE)
    teachers = [network_of(path, some) for path in o.soft]
    side, half = max(t.side for t in teachers), torch.cpu._is_avx512_bf16_supported()
    shape = (o.draws, len(clips), 2)
    new = lambda part, *rest: np.lib.format.open_memmap(o.out / f"{o.name}-{part}.npy", "w+", np.uint8, shape + rest)
    pictures, masks, soft = new("pictures", SIDE, SIDE), new("masks", SIDE, SIDE), new("soft", 4, SIDE, SIDE)
    np.save(o.out / f"{o.name}-clips.npy", clips)
    for draw in range(o.draws):
        started = time.time()
        for first in range(0, len(clips), 8):
            chosen = clips[first:first + 8]
            rows = torch.from_numpy(np.stack([chosen, chosen + 1], 1).ravel())
            k = o.strength * (0.15 + 0.85 * float(rng.random()))
            x, m = augment.geometry(picture[rows].float() / 255, mask[rows], side, g, together=2, k=k)
            x = x.contiguous(memory_format=torch.channels_last)
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
                p = torch.stack([resized(F.softmax(t(resized(x, t.side))[0].float(), 1), SIDE) for t in teachers]).mean(0)
            n = len(chosen)
            pictures[draw, first:first + n] = (resized(x, SIDE) * 255).round().byte().numpy().reshape(n, 2, SIDE, SIDE)
            masks[draw, first:first + n] = F.interpolate(m[:, None].float(), size=(SIDE, SIDE), mode="nearest-exact").byte().numpy().reshape(n, 2, SIDE, SIDE)
            soft[draw, first:first + n] = (p * 255).round().byte().numpy().reshape(n, 2, 4, SIDE, SIDE)
        print(json.dumps({"draw": draw + 1, "seconds": round(time.time() - started)}), flush=True)


if __name__ == "__main__":
    main()
