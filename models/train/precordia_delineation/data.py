"""LUDB as the delineation network sees it: features out of the engine's own code, targets out of the cardiologists' marks.

Every record enters as it is and in `copies` altered versions (stretched in time, other gains, muscle noise, wander, 100 or 250 Hz);
the engine's program `delineation_features` detects, averages and delineates each of them, so that training sees exactly what
the engine will see, its mistakes included.
"""
import os
import struct
import subprocess
import sys

import numpy as np

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
sys.path.insert(0, os.path.join(REPOSITORY, 'tests', 'bench'))
from ecg_validation import decimated, read_ludb  # noqa: E402

RATE = 500
MS = 1000 / RATE
JITTER_MS = 6
WAVES = ('p', 'qrs', 't')


def band_noise(rng, leads, n, low_hz, high_hz):
    f = np.fft.rfftfreq(n, 1 / RATE)
    spectrum = np.where((f >= low_hz) & (f <= high_hz), 1, 0) * (rng.normal(size=(leads, len(f))) + 1j * rng.normal(size=(leads, len(f))))
    v = np.fft.irfft(spectrum, n)
    return (v / v.std(1, keepdims=True)).astype(np.float32)


def altered(mv, rng):
    """(mV [12, n'], stretch, rate): marks move by `stretch`."""
    stretch = rng.uniform(0.92, 1.08)
    t = np.arange(0, mv.shape[1] - 1, 1 / stretch)
    i = np.clip(np.floor(t).astype(int), 0, mv.shape[1] - 2)
    x = mv[:, i] + (mv[:, i + 1] - mv[:, i]) * (t - i).astype(np.float32)
    x = x * np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.15, (12, 1))).astype(np.float32)
    n = x.shape[1]
    muscle, wander = np.exp(rng.normal(np.log(0.006), 0.8)), np.exp(rng.normal(np.log(0.05), 0.7))
    x = x + muscle * np.exp(rng.normal(0, 0.4, (12, 1))) * band_noise(rng, 12, n, 15, 150) + wander * band_noise(rng, 12, n, 0.1, 0.6)
    factor = int(rng.choice([1, 2, 5], p=[0.6, 0.18, 0.22]))
    if factor > 1:
        x = decimated(x[:, :n // factor * factor], factor)
    return np.ascontiguousarray(x, np.float32), stretch, RATE // factor


class Features:
    """The program, record after record."""

    def __init__(self, program, seed=None):
        command = [program] + ([] if seed is None else ['--jitter', str(JITTER_MS), str(seed)])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def floats(self, n):
        return np.frombuffer(self.process.stdout.read(4 * n), '<f4')

    def of(self, mv, rate):
        """([(fiducial, belongs)], {wave: (leads, anchors [2], rows [leads, features])})"""
        self.process.stdin.write(struct.pack('<fifi', rate, mv.shape[1], float('nan'), -1) + np.ascontiguousarray(mv, '<f4').tobytes())
        self.process.stdin.flush()
        beats = self.floats(2 * int(self.floats(1)[0])).reshape(-1, 2)
        views = {}
        for wave in WAVES:
            rows = int(self.floats(1)[0])
            if rows:
                columns, *anchors = self.floats(3)
                leads = self.floats(rows).astype(int)
                views[wave] = leads, np.array(anchors), self.floats(rows * int(columns)).reshape(rows, int(columns)).copy()
        return beats, views


def mark_of(marks, wave, fiducial, next_fiducial):
    """The mark of `wave` that belongs to a beat, or None; all in samples at 500 Hz."""
    if wave == 'qrs':
        near = [w for w in marks['qrs'] if abs(w[1] - fiducial) < 45]
    elif wave == 'p':
        near = [w for w in marks['p'] if -190 < w[1] - fiducial < -8][-1:]
    else:
        near = [w for w in marks['t'] if 20 < w[1] - fiducial < min(340, next_fiducial - fiducial - 20)]
    return near[0] if near else None


def targets(beats, leads, anchors, marks, wave):
    """Milliseconds from the anchors, [leads, 2], the median over the beats; nan where nothing is marked."""
    out = np.full((len(leads), 2), np.nan, np.float32)
    for row, lead in enumerate(leads):
        found = []
        for fiducial, belongs in beats:
            mine = [w for w in marks[lead]['qrs'] if abs(w[1] - fiducial) < 45]
            if not belongs or not mine:
                continue
            following = min((w[1] for w in marks[lead]['qrs'] if w[1] > fiducial + 50), default=fiducial + 1e9)
            w = mark_of(marks[lead], wave, fiducial, following)
            if w:
                found.append([w[k] - fiducial - anchors[i] if w[k] >= 0 else np.nan for i, k in enumerate((0, 2))])
        if found:
            with np.errstate(all='ignore'):
                out[row] = np.nanmedian(np.array(found), 0) * MS
    out[np.abs(out) > 150] = np.nan
    return out


def build(program, copies, seed=0):
    """{wave: (rows [n, features], targets [n, 2] in ms, record number [n])} over all records and their copies."""
    rng = np.random.default_rng(seed)
    plain, jittered = Features(program), Features(program, seed)
    parts = {wave: ([], [], []) for wave in WAVES}
    for name, _, _, mv, marks, _ in read_ludb('all'):
        for copy in range(copies + 1):
            x, stretch, rate = (mv, 1.0, RATE) if copy == 0 else altered(mv, rng)
            moved = [{w: [tuple(v * stretch if v >= 0 else -1 for v in m) for m in lead[w]] for w in WAVES} for lead in marks]
            beats, views = (plain if copy == 0 else jittered).of(x, rate)
            for wave, (leads, anchors, rows) in views.items():
                y = targets(beats, leads, anchors, moved, wave)
                keep = np.isfinite(y).any(1)
                parts[wave][0].append(rows[keep])
                parts[wave][1].append(y[keep])
                parts[wave][2].append(np.full(int(keep.sum()), name))
    return {wave: tuple(np.concatenate(p) for p in part) for wave, part in parts.items()}
