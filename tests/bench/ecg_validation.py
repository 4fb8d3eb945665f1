#!/usr/bin/env python3
"""Holds the ECG measurements against cardiologists' marks (LUDB) and against PTB-XL's labels.

    python3 tests/bench/ecg_validation.py ludb  [--half tune|test|all] [--noise-db 0] [--rate 100] [--cross build/delineation]
    python3 tests/bench/ecg_validation.py ptbxl [--folds 1 2 ... 9]
    python3 tests/bench/ecg_validation.py speed

Needs numpy and the program built from ecg_validation.cc (CMake target `ecg_validation`; --program names it). The data lie in
../shared/data beside the repository; without them the script says so and stops. LUDB's records are numbered; those with
id % 4 == 0 were looked at while tuning ("tune"), the others were not ("test").
"""
import argparse
import csv
import json
import os
import struct
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.join(os.path.dirname(REPOSITORY), 'shared')
LEADS = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6']
P_ON, P_PEAK, P_OFF, QRS_ON, R_PEAK, QRS_OFF, T_ON, T_PEAK, T_OFF = range(9)
MATCH_MS = 150     # a mark and a measured instant of one wave belong together within this
R_MATCH_MS = 75


# ---- The program ---------------------------------------------------------------------------------------------------------

def measure(program, records, repeat=1, weights=None):
    """records: iterable of (rate, age or nan, sex 0/1/-1, float32 [12, n] in mV). Yields the program's answers."""
    command = [program, '--repeat', str(repeat)] + (['--weights', weights] if weights else [])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for rate, age, sex, mv in records:
        process.stdin.write(struct.pack('<fifi', rate, mv.shape[1], age, sex) + np.ascontiguousarray(mv, '<f4').tobytes())
        process.stdin.flush()
        yield json.loads(process.stdout.readline())
    process.stdin.close()
    process.wait()


# ---- LUDB ------------------------------------------------------------------------------------------------------------------

def read_annotations(path):
    """[(sample, code)] of a WFDB annotation file (PhysioNet's MIT format)."""
    words = np.fromfile(path, '<u2')
    at, out, k = 0, [], 0
    while k < len(words):
        code, value = int(words[k]) >> 10, int(words[k]) & 1023
        k += 1
        if code == 0 and value == 0:
            break
        if code == 59:    # SKIP: a 32-bit interval follows, high word first
            at += (int(words[k]) << 16) | int(words[k + 1])
            k += 2
        elif code == 63:  # AUX: text follows
            k += (value + 1) // 2
        elif code not in (60, 61, 62):
            at += value
            out.append((at, code))
    return out


def read_waves(path):
    """{'p' | 'qrs' | 't': [(on or -1, peak, off or -1)]}"""
    marks = read_annotations(path)
    waves = {'p': [], 'qrs': [], 't': []}
    for k, (at, code) in enumerate(marks):
        if code in (39, 40):  # '(' and ')'
            continue
        on = marks[k - 1][0] if k and marks[k - 1][1] == 39 else -1
        off = marks[k + 1][0] if k + 1 < len(marks) and marks[k + 1][1] == 40 else -1
        waves[{24: 'p', 27: 't'}.get(code, 'qrs')].append((on, at, off))
    return waves


def read_ludb(half):
    folder = os.path.join(SHARED, 'data', 'ludb')
    if not os.path.isdir(folder):
        sys.exit('LUDB is not here (../shared/data/ludb): nothing was measured.')
    people = {}
    with open(os.path.join(folder, 'ludb.csv'), newline='') as f:
        for row in csv.DictReader(f):
            age = row['Age'].strip()
            people[int(row['ID'])] = (float(age.strip('>')) if age.strip('>').isdigit() else float('nan'),
                                      {'M': 0, 'F': 1}.get(row['Sex'].strip(), -1), row)
    for name in sorted(int(f[:-4]) for f in os.listdir(folder) if f.endswith('.dat')):
        if half != 'all' and (name % 4 == 0) != (half == 'tune'):
            continue
        raw = np.fromfile(os.path.join(folder, f'{name}.dat'), '<i2').reshape(-1, 12)
        waves = [read_waves(os.path.join(folder, f'{name}.{lead.lower()}')) for lead in LEADS]
        age, sex, row = people.get(name, (float('nan'), -1, {}))
        yield name, age, sex, raw.T.astype(np.float32) / 1000, waves, row


def noisy(mv, rate, snr_db, seed):
    """Muscle (20-100 Hz), baseline (0.1-0.5 Hz) and mains (50 Hz) noise of equal power, together at `snr_db` below each lead's ECG."""
    rng = np.random.default_rng(seed)
    n = mv.shape[1]
    f = np.fft.rfftfreq(n, 1 / rate)
    out = mv.copy()
    for lead in range(len(mv)):
        def band(low, high):
            s = np.where((f >= low) & (f <= high), 1, 0) * (rng.normal(size=len(f)) + 1j * rng.normal(size=len(f)))
            v = np.fft.irfft(s, n)
            return v / v.std()
        noise = band(20, 100) + band(0.1, 0.5) + np.sqrt(2) * np.sin(2 * np.pi * 50 * np.arange(n) / rate + rng.uniform(0, 6.28))
        ecg = mv[lead] - np.median(mv[lead])
        out[lead] += (noise / noise.std() * ecg.std() * 10 ** (-snr_db / 20)).astype(np.float32)
    return out


def pair(truth, found, tolerance):
    """Greedy one-to-one matching of two sorted lists of instants; returns [(i, j)]."""
    pairs, used = [], set()
    for i, t in enumerate(truth):
        best = None
        for j, v in enumerate(found):
            if j not in used and abs(v - t) <= tolerance and (best is None or abs(v - t) < abs(found[best] - t)):
                best = j
        if best is not None:
            used.add(best)
            pairs.append((i, best))
    return pairs


def decimated(mv, factor):
    """Band-limited (FFT) reduction of the rate by an integer factor; sample 0 stays at time 0."""
    n = mv.shape[1]
    spectrum = np.fft.rfft(np.concatenate([mv, mv[:, ::-1]], 1), axis=1)[:, :n // factor + 1]
    return (np.fft.irfft(spectrum, 2 * (n // factor), axis=1)[:, :n // factor] / factor).astype(np.float32)


def interval95(values, statistic, groups, rounds=400):
    """Bootstrap over records (groups): 95 % interval of statistic(values)."""
    rng = np.random.default_rng(0)
    values, groups = np.asarray(values), np.asarray(groups)
    by = [values[groups == g] for g in np.unique(groups)]
    got = [statistic(np.concatenate([by[k] for k in rng.integers(0, len(by), len(by))])) for _ in range(rounds)]
    return np.percentile(got, [2.5, 97.5])


def ludb(args):
    records = list(read_ludb(args.half))
    rate = 500
    factor = rate // args.rate
    inputs = [(rate, age, sex, noisy(mv, rate, args.noise_db, name + 1000 * args.noise_seed) if args.noise_db is not None else mv)
              for name, age, sex, mv, _, _ in records]
    if factor > 1:
        inputs = [(args.rate, age, sex, decimated(mv, factor)) for _, age, sex, mv in inputs]
    if args.cross:
        with open(os.path.join(args.cross, 'folds.json')) as f:
            fold_of = {int(name): fold for name, fold in json.load(f).items()}
        answers = [None] * len(records)
        for fold in sorted(set(fold_of.values())):
            mine = [k for k, r in enumerate(records) if fold_of[r[0]] == fold]
            weights = os.path.join(args.cross, f'fold{fold}.bin')
            for k, answer in zip(mine, measure(args.program, [inputs[k] for k in mine], weights=weights)):
                answers[k] = answer
    else:
        answers = list(measure(args.program, inputs))
    for answer in answers if factor > 1 else ():
        for beat in answer['beats']:
            for fiducials in [beat['global']] + beat['leads']:
                fiducials[:] = [v if v is None else v * factor for v in fiducials]
    ms = 1000 / rate
    columns = {'p': (P_ON, P_PEAK, P_OFF), 'qrs': (QRS_ON, R_PEAK, QRS_OFF), 't': (T_ON, T_PEAK, T_OFF)}
    hits = {w: [0, 0, 0] for w in columns}           # found, missed, invented
    errors = {(w, k): [] for w in columns for k in (0, 1, 2)}
    owner = {(w, k): [] for w in columns for k in (0, 1, 2)}
    r_hits = [0, 0, 0]
    record_rows = []
    global_errors = {'qrs': [], 'qt': [], 'qrs_on': [], 'qrs_off': [], 't_off': [], 'p_on': [], 'p_off': [], 'pr': []}
    for (name, age, sex, mv, waves, row), answer in zip(records, answers):
        line = {'name': name}
        # R peaks: all leads' common beats = marked in at least half of the leads; judged inside the annotated stretch.
        marks = sorted((w[1], lead) for lead in range(12) for w in waves[lead]['qrs'])
        beats, k = [], 0
        while k < len(marks):
            group = [m for m in marks[k:k + 30] if m[0] - marks[k][0] < 75]
            if len({m[1] for m in group}) >= 6:
                beats.append(float(np.median([m[0] for m in group])))
            k += len(group)
        found = [b['global'][R_PEAK] for b in answer['beats']]
        inside = [v for v in found if beats and beats[0] - 100 <= v <= beats[-1] + 100]
        pairs = pair(beats, inside, R_MATCH_MS / ms)
        for k, n in enumerate((len(pairs), len(beats) - len(pairs), len(inside) - len(pairs))):
            r_hits[k] += n
        line['r'] = (len(beats) - len(pairs), len(inside) - len(pairs))
        for lead in range(12):
            qrs = [w[1] for w in waves[lead]['qrs']]
            if not qrs:
                continue
            for wave, (on, peak, off) in columns.items():
                truth = waves[lead][wave]
                # Only what lies inside this lead's annotated stretch is judged: the first and last beats of a strip are unmarked.
                low, high = min(qrs) - 200, max(qrs) + 250
                if truth:
                    low, high = min(low, truth[0][1] - 40), max(high, truth[-1][1] + 40)
                    if wave == 't':
                        high = truth[-1][1] + 60 if truth[-1][1] > max(qrs) else max(qrs) + 20
                    if wave == 'p':
                        low = truth[0][1] - 60 if truth[0][1] < min(qrs) else min(qrs) - 20
                        high = max(qrs)
                    if wave == 'qrs':
                        low, high = min(qrs) - 50, max(qrs) + 50
                elif wave != 'qrs':
                    low, high = min(qrs), max(qrs)
                mine = [b['leads'][lead] for b in answer['beats'] if b['leads'][lead][peak] is not None]
                mine = [m for m in mine if low <= m[peak] <= high]
                pairs = pair([w[1] for w in truth], [m[peak] for m in mine], MATCH_MS / ms)
                hits[wave][0] += len(pairs)
                hits[wave][1] += len(truth) - len(pairs)
                hits[wave][2] += len(mine) - len(pairs)
                line[wave] = np.add(line.get(wave, (0, 0)), (len(truth) - len(pairs), len(mine) - len(pairs)))
                for i, j in pairs:
                    for k, column in enumerate((on, peak, off)):
                        if truth[i][k] >= 0 and mine[j][column] is not None:
                            errors[wave, k].append((mine[j][column] - truth[i][k]) * ms)
                            owner[wave, k].append(name)
                            line.setdefault((wave, k), []).append((mine[j][column] - truth[i][k]) * ms)
        # Global instants of each beat against the median over leads of the marks.
        for b in answer['beats']:
            g = b['global']
            if g[QRS_ON] is None:
                continue
            near = {'qrs': [], 't': [], 'p': []}
            for lead in range(12):
                for w in waves[lead]['qrs']:
                    if abs(w[1] - g[R_PEAK]) < 50 and w[0] >= 0 and w[2] >= 0:
                        near['qrs'].append(w)
                        next_qrs = min([v[1] for v in waves[lead]['qrs'] if v[1] > w[1]], default=w[1] + 400)
                        near['t'] += [v for v in waves[lead]['t'] if w[1] < v[1] < next_qrs - 20 and v[2] >= 0]
                        near['p'] += [v for v in waves[lead]['p'] if 0 < w[1] - v[1] < 180 and v[0] >= 0 and v[2] >= 0]
                        break
            if len(near['qrs']) >= 6:
                on, off = np.median([w[0] for w in near['qrs']]), np.median([w[2] for w in near['qrs']])
                line.setdefault('qrs_truth', []).append((off - on) * ms)
                for key, value in (('qrs', (g[QRS_OFF] - g[QRS_ON]) - (off - on)), ('qrs_on', g[QRS_ON] - on), ('qrs_off', g[QRS_OFF] - off)):
                    line.setdefault('g' + key, []).append(value * ms)
                if len(near['t']) >= 6 and g[T_OFF] is not None:
                    t_off = np.median([w[2] for w in near['t']])
                    line.setdefault('gqt', []).append(((g[T_OFF] - g[QRS_ON]) - (t_off - on)) * ms)
                    line.setdefault('gt_off', []).append((g[T_OFF] - t_off) * ms)
                if len(near['p']) >= 6 and g[P_ON] is not None:
                    p_on, p_off = np.median([w[0] for w in near['p']]), np.median([w[2] for w in near['p']])
                    line.setdefault('gp_on', []).append((g[P_ON] - p_on) * ms)
                    line.setdefault('gp_off', []).append((g[P_OFF] - p_off) * ms)
                    line.setdefault('gpr', []).append(((g[QRS_ON] - g[P_ON]) - (on - p_on)) * ms)
        for key in global_errors:
            if line.get('g' + key):
                global_errors[key].append(float(np.median(line['g' + key])))
        record_rows.append(line)

    print(f'LUDB, {args.half}: {len(records)} records' + (f', noise at {args.noise_db:g} dB' if args.noise_db is not None else ''))
    rate_of = lambda a, b: 100 * a / max(1, a + b)
    print(f'R peaks (common beats, {R_MATCH_MS} ms)   Se {rate_of(r_hits[0], r_hits[1]):.2f} %  PPV {rate_of(r_hits[0], r_hits[2]):.2f} %  '
          f'of {r_hits[0] + r_hits[1]} beats, missed {r_hits[1]}, invented {r_hits[2]}')
    print(f'per lead, {MATCH_MS} ms          Se %     PPV %   onset mean +- SD [SD 95 %]     peak mean +- SD   offset mean +- SD [SD 95 %]')
    for wave in columns:
        text = f'{wave.upper():4} ({sum(hits[wave][:2]):5d} marks)       {rate_of(hits[wave][0], hits[wave][1]):6.2f}  {rate_of(hits[wave][0], hits[wave][2]):6.2f}  '
        for k in (0, 1, 2):
            e = np.array(errors[wave, k])
            if len(e) == 0:
                continue
            text += f'{e.mean():7.1f} +- {e.std():4.1f}'
            if k != 1:
                low, high = interval95(e, np.std, owner[wave, k])
                text += f' [{low:.1f}-{high:.1f}]   '
        print(text)
    print('global, per record (median over beats) against the median over leads of the marks')
    for key, values in global_errors.items():
        v = np.array(values)
        if len(v):
            low, high = interval95(np.abs(v), np.mean, np.arange(len(v)))
            print(f'  {key:8} n {len(v):3d}  mean {v.mean():6.1f}  SD {v.std():5.1f}  MAE {np.abs(v).mean():5.1f} [{low:.1f}-{high:.1f}] ms')
    if args.worst:
        for wave, k in ((w, k) for w in columns for k in (0, 2)):
            rows = sorted(((float(np.mean(np.abs(r[wave, k]))), r['name'], float(np.mean(r[wave, k]))) for r in record_rows if (wave, k) in r), reverse=True)[:args.worst]
            print('worst', wave, ('on', '', 'off')[k], [(n, round(m, 1), round(s, 1)) for m, n, s in rows])
        for wave in columns:
            print('misses/inventions', wave, [(r['name'], *map(int, r[wave])) for r in record_rows if wave in r and sum(r[wave]) > 3])
        print('R', [(r['name'], *r['r']) for r in record_rows if sum(r['r'])])
        for key in ('gqrs', 'gqt'):
            print('worst', key, sorted(((round(float(np.median(r[key])), 1), r['name']) for r in record_rows if key in r), key=lambda x: -abs(x[0]))[:args.worst])
        print('rhythms', [(r['name'], a['rhythm'], row.get('Rhythms', '').strip()) for r, a, (_, _, _, _, _, row) in zip(record_rows, answers, records)
                          if (a['rhythm'] == 'sinus') != ('inus' in row.get('Rhythms', '')) or a['rhythm'] == 'paced'])


# ---- PTB-XL ------------------------------------------------------------------------------------------------------------------

def auc(score, label):
    values, place, count = np.unique(np.asarray(score), return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]   # ties share their mean rank
    y = np.asarray(label) == 1
    positives = int(y.sum())
    return (rank[y].sum() - positives * (positives + 1) / 2) / (positives * (len(y) - positives))


def auc_interval(score, label, rounds=200):
    rng = np.random.default_rng(0)
    got = []
    for _ in range(rounds):
        k = rng.integers(0, len(label), len(label))
        if 0 < label[k].sum() < len(k):
            got.append(auc(score[k], label[k]))
    return np.percentile(got, [2.5, 97.5])


def ptbxl_scores(args):
    """Measures the folds: scores, answers and labels by name, and the fold of every record. --save keeps them, --load takes them from there."""
    if args.load:
        z = np.load(args.load)
        keep = np.isin(z['fold'], args.folds)
        part = lambda letter: {k[2:]: z[k][keep] for k in z.files if k.startswith(letter + '_')}
        return part('s'), part('m'), part('l')
    sys.path.insert(0, os.path.join(SHARED, 'tools'))
    import ptbxl as data
    scores, labels, met, folds = {}, {}, {}, []
    for fold in args.folds:
        d = data.load(folds=[fold])
        label = {}
        for head in ('superclass5', 'subclass23', 'form19', 'rhythm12'):
            for k, name in enumerate(d.get(head + '_names', np.array([])).tolist()):
                label[f'{head}/{name}'] = d[head][:, k]
        for k, code in enumerate(d['cinc24_snomed'].tolist()):
            label['snomed/' + str(code)] = d['cinc24'][:, k]
        label['scp/LPFB'] = np.array([("'LPFB'" in text) if text else -1 for text in d['scp_codes'].astype(str)], int)
        def records():
            for k in range(len(d['x'])):
                yield 100, float(d['age'][k]), {'Male': 0, 'Female': 1}.get(str(d['sex'][k]), -1), d['x'][k].T
        answers = list(measure(args.program, records()))
        folds += [fold] * len(answers)
        scores.setdefault('ms', []).extend(a['ms'] for a in answers)
        for key in answers[0]['criteria']:
            if key != '_':
                scores.setdefault(key, []).extend(a['criteria'][key][0] if a['criteria'][key][0] is not None else np.nan for a in answers)
                met.setdefault(key, []).extend(-1 if a['criteria'][key][1] is None else int(a['criteria'][key][1]) for a in answers)
        for key in answers[0]['measurements']:
            scores.setdefault(key, []).extend(a['measurements'][key] if a['measurements'][key] is not None else np.nan for a in answers)
        scores.setdefault('rhythm', []).extend(a['rhythm'] for a in answers)
        scores.setdefault('blocked', []).extend(a['blocked'] for a in answers)
        for key, value in label.items():
            labels.setdefault(key, []).append(value)
    labels = {k: np.concatenate(v) for k, v in labels.items()}
    scores = {k: np.array(v) for k, v in scores.items()}
    met = {k: np.array(v) for k, v in met.items()}
    if args.save:
        np.savez_compressed(args.save, fold=np.array(folds), **{'s_' + k: v for k, v in scores.items()}, **{'m_' + k: v for k, v in met.items()},
                            **{'l_' + k: v for k, v in labels.items()})
    return scores, met, labels


def ptbxl(args):
    if not os.path.isdir(os.path.join(SHARED, 'tools')):
        sys.exit('PTB-XL is not here (../shared/data/ptbxl): nothing was measured.')
    scores, met, labels = ptbxl_scores(args)
    print(f'PTB-XL 100 Hz, folds {args.folds}: {len(scores["ms"])} records, median {np.median(scores["ms"]):.2f} ms each')
    rhythm = scores['rhythm']
    print('rhythms', {str(k): int((rhythm == k).sum()) for k in np.unique(rhythm)}, 'blocked', int((scores['blocked'] > 0).sum()))
    def row(title, score, target, flag=None):
        name = next((t for t in target if t in labels), None)
        if name is None:
            print(f'  {title:42} no label')
            return
        y = labels[name]
        keep = (y >= 0)
        s = np.where(np.isnan(score.astype(float)), np.nanmin(score.astype(float)), score.astype(float))[keep]
        t = (y[keep] == 1).astype(int)
        low, high = auc_interval(s, t)
        text = f'  {title:42} {name:18} n+ {int(t.sum()):5d}  AUC {auc(s, t):.3f} [{low:.3f}-{high:.3f}]'
        if flag is not None:
            f = flag[keep]
            text += f'  rule Se {100 * (f[t == 1] == 1).mean():5.1f} %  Sp {100 * (f[t == 0] != 1).mean():5.1f} %'
        print(text)

    row('LBBB (AHA), QRS less missing features', scores['lbbb'], ['subclass23/CLBBB'], met['lbbb'])
    row('LBBB by QRS duration alone', scores['qrs_ms'], ['subclass23/CLBBB'], met['wide_qrs'])
    row('LBBB (Strauss)', scores['lbbb_strauss'], ['subclass23/CLBBB'], met['lbbb_strauss'])
    row('RBBB', scores['rbbb'], ['subclass23/CRBBB'], met['rbbb'])
    row('LAFB', -scores['lafb'], ['snomed/445118002'], met['lafb'])
    row('LPFB', scores['lpfb'], ['scp/LPFB'], met['lpfb'])
    row('IVCD', scores['ivcd'], ['subclass23/IVCD'], met['ivcd'])
    for key in ('sokolow_lyon', 'cornell_voltage', 'cornell_product', 'peguero_lo_presti', 'romhilt_estes'):
        row('LVH by ' + key, scores[key], ['subclass23/LVH'], met[key])
    row('low voltage, limb leads', -scores['low_voltage_limb'], ['form19/LVOLT'], met['low_voltage_limb'])
    row('low voltage, limb or chest', -np.fmin(scores['low_voltage_limb'] / 0.5, scores['low_voltage_precordial'] / 1.0), ['form19/LVOLT'],
        np.maximum(met['low_voltage_limb'], met['low_voltage_precordial']))
    row('AF by rhythm rule', scores['af_pattern'], ['rhythm12/AFIB'], met['af_pattern'])
    row('long QTc, QT or tangent, JT if wide', scores['qtc_prolonged'], ['form19/LNGQT'], met['qtc_prolonged'])
    for formula in ('fridericia', 'bazett', 'framingham', 'hodges'):
        row(f'long QTc, QT alone, {formula}', scores[f'qtc_{formula}_ms'], ['form19/LNGQT'])
    row('ST depression', -scores['st_depression'], ['form19/STD'], met['st_depression'])
    row('T inversion', -scores['t_inversion'], ['form19/INVT'], met['t_inversion'])
    row('strain', -scores['lv_strain'], ['subclass23/LVH'], met['lv_strain'])
    row('pathological Q', scores['pathological_q'], ['form19/QWAVE'], met['pathological_q'])
    row('pathological Q', scores['pathological_q'], ['superclass5/MI'], met['pathological_q'])
    row('right atrial enlargement', scores['right_atrial_enlargement'], ['subclass23/RAO/RAE'], met['right_atrial_enlargement'])
    row('left atrial, P terminal force', -scores['p_terminal_force_v1'], ['subclass23/LAO/LAE'], met['p_terminal_force_v1'])
    row('left atrial, P duration', scores['p_duration'], ['subclass23/LAO/LAE'], met['p_duration'])
    row('first-degree AV block by PR', scores['pr_ms'], ['snomed/270492004'])
    healthy = (labels['superclass5/NORM'] == 1)
    for key in ('electrical_risk', 'qrs_t_angle', 'delayed_r_peak', 'poor_r_progression', 'st_elevation', 'left_axis_deviation'):
        judged = met[key] >= 0
        print(f'  {key:28} met in {100 * (met[key][judged & healthy] == 1).mean():5.1f} % of NORM, '
              f'{100 * (met[key][judged & ~healthy] == 1).mean():5.1f} % of the others; not judged in {100 * (~judged).mean():.1f} %')
    af = labels['rhythm12/AFIB']
    fibrillating = af == 1
    print(f'  a P wave is reported in {100 * np.isfinite(scores["p_ms"][fibrillating].astype(float)).mean():.1f} % of {int(fibrillating.sum())} AFIB records, '
          f'in {100 * np.isfinite(scores["p_ms"][labels["rhythm12/SR"] == 1].astype(float)).mean():.1f} % of SR')
    for name in np.unique(rhythm):
        k = rhythm == name
        print(f'  rhythm {name:22} {k.sum():5d} records, of them AFIB {int((af[k] == 1).sum())}')


# ---- Speed -----------------------------------------------------------------------------------------------------------------------

def speed(args):
    rng = np.random.default_rng(1)
    t = np.arange(5000) / 500
    beat = lambda c, w: np.exp(-((t[:, None] - np.arange(0.5, 10, 0.85) - c) / w) ** 2).sum(1)
    one = 0.12 * beat(-0.16, 0.025) + 1.1 * beat(0, 0.012) - 0.3 * beat(0.03, 0.012) + 0.3 * beat(0.28, 0.05)
    mv = np.array([a * one + 0.01 * rng.normal(size=5000) for a in (.6, 1, .4, -.8, .3, .7, -.6, -.9, .5, 1.2, 1.1, .9)], np.float32)
    answer = next(measure(args.program, [(500, 60, 0, mv)], repeat=50))
    print(f'10 s, 12 leads, 500 Hz, native: fastest of 50 {answer["ms"]:.2f} ms, {len(answer["beats"])} beats')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=('ludb', 'ptbxl', 'speed'))
    parser.add_argument('--program', default=os.path.join(REPOSITORY, 'build', 'native', 'ecg_validation'))
    parser.add_argument('--half', default='all', choices=('tune', 'test', 'all'))
    parser.add_argument('--noise-db', type=float)
    parser.add_argument('--cross', metavar='DIR', help='ludb: measure every record with the delineation weights of DIR that never saw it')
    parser.add_argument('--noise-seed', type=int, default=0)
    parser.add_argument('--rate', type=int, default=500, choices=(100, 125, 250, 500), help='ludb: reduce the records to this rate first')
    parser.add_argument('--worst', type=int, default=0, help='also list the worst records')
    parser.add_argument('--folds', type=int, nargs='*', default=list(range(1, 10)))
    parser.add_argument('--save', help='ptbxl: write scores and labels to this .npz')
    parser.add_argument('--load', help='ptbxl: take them from there instead of measuring')
    arguments = parser.parse_args()
    {'ludb': ludb, 'ptbxl': ptbxl, 'speed': speed}[arguments.what](arguments)
