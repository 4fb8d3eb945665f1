#!/usr/bin/env python3
"""Holds the ECG measurements against those that the recording device wrote into the file: a third witness.

    python3 tests/bench/device_witness.py [--program build/native/ecg_validation]

Reads the MUSE, Philips Sierra and DICOM samples of ../shared/data/formats with decoders of its own (it measures the
measurements, not the readers). Needs numpy and pydicom (3.0.1), and the program of ecg_validation.cc. A recording that lies there in several
files (aecg/Example.xml and scp/Example.scp are dicom/Example.dcm) is counted once; aecg/hl7aecg_example.xml is left out, because the
numbers in it are not those of its trace (57 beats a minute over a trace of 63).
"""
import argparse
import base64
import os
import re
import struct
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np

from ecg_validation import LEADS, REPOSITORY, SHARED, measure

FORMATS = os.path.join(SHARED, 'data', 'formats')
KEYS = ['heart_rate_bpm', 'pr_ms', 'qrs_ms', 'qt_ms', 'qtc_bazett_ms', 'p_axis_deg', 'qrs_axis_deg', 't_axis_deg']
FILES = ['muse/MUSE_20080710_165457_96000.xml', 'dicom/anonymous_ecg.dcm', 'dicom/Example.dcm', 
         'sierra/129DYPRG.XML', 'sierra/2020-5-18_15-48-11.xml', 'sierra/3191723_ZZDEMOPTONLY_1-04_orig.xml', 'sierra/Philips103Example01.xml',
         'sierra/ad4d3d80-d165_1-04_orig.xml', 'sierra/ecg_900657176_1.xml', 'sierra/ecg_97082525_1.xml']


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def tree_of(path):
    root = ElementTree.fromstring(open(path, 'rb').read())
    for node in root.iter():
        node.tag = node.tag.split('}')[-1]
    return root


def twelve(eight):
    """{lead: mV} with at least I and II -> float32 [12, n]."""
    v = dict(eight)
    i, ii = v['I'], v['II']
    v.setdefault('III', ii - i), v.setdefault('aVR', -(i + ii) / 2), v.setdefault('aVL', i - ii / 2), v.setdefault('aVF', ii - i / 2)
    n = min(len(x) for x in v.values())
    return np.array([v[lead][:n] if lead in v else np.full(n, np.nan) for lead in LEADS], np.float32)


# ---- Formats -----------------------------------------------------------------------------------------------------------------

def muse(path):
    root = tree_of(path)
    found = root.find('RestingECGMeasurements')
    names = ['VentricularRate', 'PRInterval', 'QRSDuration', 'QTInterval', 'QTCorrected', 'PAxis', 'RAxis', 'TAxis']
    block = [w for w in root.findall('Waveform') if w.findtext('WaveformType') == 'Rhythm'][0]
    rate = float(block.findtext('SampleBase')) * 10 ** float(block.findtext('SampleExponent') or 0)
    leads = {}
    for lead in block.findall('LeadData'):
        raw = np.frombuffer(base64.b64decode(lead.findtext('WaveFormData')), '<i2')
        leads[lead.findtext('LeadID')] = raw * float(lead.findtext('LeadAmplitudeUnitsPerBit')) / 1000
    return rate, twelve(leads), dict(zip(KEYS, (number(found.findtext(n)) for n in names)))


def lzw(data):
    """10-bit codes, most significant bit first, at most 1022."""
    table, out, previous = {k: bytes([k]) for k in range(256)}, bytearray(), b''
    code = 256
    bits = count = 0
    for byte in data:
        bits, count = bits << 8 | byte, count + 8
        while count >= 10:
            count -= 10
            value = bits >> count & 1023
            bits &= (1 << count) - 1
            if value >= 1023:
                return bytes(out)
            entry = table.get(value, previous + previous[:1])
            out += entry
            if previous and code <= 1022:
                table[code] = previous + entry[:1]
                code += 1
            previous = entry
    return bytes(out)


def sierra(path):
    root = tree_of(path)
    names = ['meanventrate', 'meanprint', 'meanqrsdur', 'meanqtint', 'meanqtc', 'pfrontaxis', 'qrsfrontaxis', 'tfrontaxis']
    rate = float(root.find('.//signalcharacteristics/samplingrate').text)
    node = root.find('.//parsedwaveforms')
    data = base64.b64decode(node.text)
    at, leads = 0, []
    while at + 8 <= len(data) and len(leads) < 12:
        size, _, start = struct.unpack_from('<ihh', data, at)
        raw = lzw(data[at + 8:at + 8 + size])
        half = len(raw) // 2
        deltas = [(h << 8 | l) - (65536 if h > 127 else 0) for h, l in zip(raw[:half], raw[half:2 * half])]
        y, x, last, z = deltas[1] if half > 1 else 0, deltas[0], start, list(deltas)
        for k in range(2, half):
            value = 2 * y - x - last
            last = deltas[k] - 64
            z[k], x, y = value, y, value
        leads.append(np.array(z, float))
        at += 8 + size
    i, ii, s3, sr, sl, sf = leads[:6]
    iii = ii - i - s3
    full = [i, ii, iii, -sr - np.floor((i + ii) / 2), np.floor((i - iii) / 2) - sl, np.floor((ii + iii) / 2) - sf] + leads[6:]
    n = int(10 * rate)   # the eleventh second holds a calibration pulse
    return rate, np.array([lead[:n] for lead in full], np.float32) * 0.005, {
        key: number(root.findtext('.//' + name)) for key, name in zip(KEYS, names)}


def dicom(path):
    import pydicom
    d = pydicom.dcmread(path)
    group = d.WaveformSequence[0]
    raw = np.frombuffer(group.WaveformData, '<i2').reshape(-1, group.NumberOfWaveformChannels)
    leads = {}
    for k, channel in enumerate(group.ChannelDefinitionSequence):
        name = re.sub(r'(?i)^lead\s+', '', channel.ChannelSourceSequence[0].CodeMeaning).split(' ')[0]
        name = {lead.lower(): lead for lead in LEADS}.get(name.lower())
        unit = channel.ChannelSensitivityUnitsSequence[0].CodeValue
        if name:
            leads[name] = raw[:, k] * float(channel.ChannelSensitivity) * float(channel.get('ChannelSensitivityCorrectionFactor', 1)) * {'uV': 1e-3, 'mV': 1}[unit]
    wanted = {'PR Interval': 'pr_ms', 'QRS Duration': 'qrs_ms', 'QT Interval': 'qt_ms', 'QTc Interval': 'qtc_bazett_ms', 'P Axis': 'p_axis_deg',
              'QRS Axis': 'qrs_axis_deg', 'T Axis': 't_axis_deg'}
    values = {}
    for note in d.WaveformAnnotationSequence:
        name = note.ConceptNameCodeSequence[0].CodeMeaning if 'ConceptNameCodeSequence' in note else ''
        if name in wanted:
            values[wanted[name]] = float(note.NumericValue)
        elif name == 'RR Interval' and float(note.NumericValue) > 0:
            values['heart_rate_bpm'] = 60000 / float(note.NumericValue)
    return float(group.SamplingFrequency), twelve(leads), values


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', default=os.path.join(REPOSITORY, 'build', 'native', 'ecg_validation'))
    args = parser.parse_args()
    if not os.path.isdir(FORMATS):
        sys.exit('The samples are not here (../shared/data/formats): nothing was measured.')
    rows = []
    for file in FILES:
        decode = {'muse': muse, 'sierra': sierra, 'dicom': dicom}[file.split('/')[0]]
        rate, mv, device = decode(os.path.join(FORMATS, file))
        rows.append((file, rate, mv, device))
    answers = measure(args.program, [(rate, float('nan'), -1, mv) for _, rate, mv, _ in rows])
    differences = {key: [] for key in KEYS}
    print('ours / device\n' + f'{"file":44}' + ''.join(f'{k.rsplit("_", 1)[0]:>13}' for k in KEYS))
    for (file, rate, mv, device), answer in zip(rows, answers):
        line = f'{file:44}'
        for key in KEYS:
            ours, theirs = answer['measurements'].get(key), device.get(key)
            show = lambda v: '-' if v is None else f'{v:.0f}'
            line += f'{show(ours) + " / " + show(theirs):>13}'
            if ours is not None and theirs is not None:
                d = ours - theirs
                differences[key].append((d + 180) % 360 - 180 if key.endswith('deg') else d)
        print(line + f'  {answer["rhythm"]}')
    print(f'{"mean difference / mean absolute / n":44}' + ''.join(
        f'{f"{np.mean(v):.1f}/{np.mean(np.abs(v)):.1f}/{len(v)}" if v else "-":>13}' for v in differences.values()))


if __name__ == '__main__':
    main()
