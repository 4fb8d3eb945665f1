#!/usr/bin/env python3
"""Scores ./precordia echo on simulated cine loops whose truth is known by construction (build/native/echo_cine, each loop handed over as an
uncompressed AVI):  tests/bench/echo_cine_score.py [COUNT] [--seed N]

Prints EF and GLS error, and how far end-diastole and end-systole lie from the truth, in all and by heart rate and noise. The truth lists whole
beats only: what was found more than four tenths of a beat from all of them belongs to a beat that the loop cuts off, and is counted apart.
"""
import argparse
import json
import struct
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def avi(frames: bytes, side: int, fps: float) -> bytes:
    """8-bit grey, bottom row first."""
    size = side * side
    count = len(frames) // size
    palette = b"".join(bytes((v, v, v, 0)) for v in range(256))
    format_ = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 0, size, 0, 0, 256, 0) + palette
    main = struct.pack("<14I", round(1e6 / fps), 0, 0, 0, count, 0, 1, size, side, side, 0, 0, 0, 0)
    stream = b"vidsDIB " + struct.pack("<IHHIIIIIIII4H", 0, 0, 0, 0, 10000, round(10000 * fps), 0, count, size, 0, 0, 0, 0, side, side)
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", format_)))
    rows = [frames[i * size:(i + 1) * size] for i in range(count)]
    flipped = [b"".join(row[y * side:(y + 1) * side] for y in reversed(range(side))) for row in rows]
    return chunk(b"RIFF", b"AVI " + header + chunk(b"LIST", b"movi" + b"".join(chunk(b"00db", f) for f in flipped)))


def summary(rows):
    ef = [r["ef"] for r in rows if r["ef"] is not None]
    gls = [r["gls"] for r in rows if r["gls"] is not None]
    ed, es = [d for r in rows for d in r["ed"]], [d for r in rows for d in r["es"]]
    mean = lambda v: sum(v) / len(v) if v else float("nan")
    within = lambda v: 100 * mean([abs(d) <= 2 for d in v])
    apart = sum(r["cut"] for r in rows)
    return (f"{len(rows):4d} loops, {len(ef):4d} with an EF: EF MAE {mean([abs(e) for e in ef]):5.2f} bias {mean(ef):+5.2f}   GLS MAE "
            f"{mean([abs(g) for g in gls]):5.2f} bias {mean(gls):+5.2f}   within 2 frames ED {within(ed):5.1f} % ES {within(es):5.1f} % of {len(ed) + len(es)}, {apart} of cut beats")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=60)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--loops", action="store_true", help="a line for each loop")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        subprocess.run([REPOSITORY / "build/native/echo_cine", folder, str(o.count), "--side", "224", "--seed", str(o.seed)], check=True, stdout=subprocess.DEVNULL)
        truths = [json.loads((folder / f"{n}.json").read_text()) for n in range(o.count)]
        for n, truth in enumerate(truths):
            (folder / f"{n}.avi").write_bytes(avi((folder / f"{n}.frames").read_bytes(), truth["side"], truth["fps"]))
        names = "\n".join(str(folder / f"{n}.avi") for n in range(o.count))
        run = subprocess.run([REPOSITORY / "precordia", "echo", "-", "--json"], input=names, capture_output=True, text=True)
        rows = []
        for n, (line, truth) in enumerate(zip(run.stdout.splitlines(), truths)):
            got = json.loads(line)
            row = {"rate": truth["heart_rate_bpm"], "noise": truth["noise"], "ef": None, "gls": None, "ed": [], "es": [], "cut": 0}
            if "error" not in got:
                for beat in got["beats"]:
                    for key, at in (("ed", 0), ("es", 1)):
                        off = min((beat[f"{key}_frame"] - b[at] for b in truth["beats"]), key=abs, default=99)
                        if abs(off) > 0.4 * 60 / truth["heart_rate_bpm"] * truth["fps"]:
                            row["cut"] += 1
                        else:
                            row[key].append(off)
                if got["ef_percent"] is not None:
                    row["ef"] = got["ef_percent"] - truth["ef_percent"]
                if got["gls_percent"] is not None:
                    row["gls"] = got["gls_percent"] - truth["gls_percent"]
            rows.append(row)
            if o.loops:
                print(n, truth["view"], {k: round(truth[k], 1) for k in ("ef_percent", "heart_rate_bpm", "fps", "noise", "gain_db")}, "got",
                      got.get("error") or (got["view"], got["ef_percent"], got["cannot_tell_because"]), row["ed"], row["es"])
    print("all        ", summary(rows))
    for title, low, high in (("under 70/min", 0, 70), ("70 to 100/min", 70, 100), ("over 100/min", 100, 999)):
        print(f"{title:14s}", summary([r for r in rows if low <= r["rate"] < high]))
    for low, high in ((0, 0.25), (0.25, 0.5), (0.5, 1.01)):
        print(f"noise {low}-{high:.2f}", summary([r for r in rows if low <= r["noise"] < high]))


if __name__ == "__main__":
    main()
