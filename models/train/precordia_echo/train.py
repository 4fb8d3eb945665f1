"""Trains one network:  python -m precordia_echo.train NAME --data FOLDER --out FOLDER [--epochs 60 --preset student]

Loss: cross-entropy and soft Dice over the classes, both twice as heavy at end-systole, and the squared error of the logarithm of the LV's
volume (sum over rows of its width squared), so that the sizes at end-diastole and end-systole, of which EF is made, are right and
not only the pixels. End-diastole and end-systole of one clip are always in one batch, and the error of the EF between them counts too.
Every tenth picture is made into one that is no apical view. Resumable: the last epoch's state lies in --out.
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F

from . import augment, data
from .network import SIDE, EchoUNet

PRESETS = {
    "student": dict(widths=(16, 32, 64, 96), blocks=(0, 1, 2, 2), up_blocks=(0, 0, 1)),
    "quarter": dict(widths=(32, 64, 96), blocks=(0, 1, 1), up_blocks=(0, 1), stride=4),
    "wide": dict(widths=(16, 48, 64, 96), blocks=(0, 1, 1, 1), up_blocks=(0, 1, 1)),
    "teacher": dict(widths=(32, 64, 128, 192), blocks=(1, 2, 2, 3), up_blocks=(1, 1, 1), dropout=0.3),
    "large": dict(widths=(64, 128, 192), blocks=(1, 2, 3), up_blocks=(1, 1), dropout=0.1, stride=4),
    "lite0": dict(name="lite0"), "lite2": dict(name="lite2"), "lite2-short": dict(name="lite2", short=True),
}


def build(preset, fetch=False):
    """A network whose `side` is the width of its pictures. fetch: with its encoder's weights from ImageNet."""
    if preset.startswith("lite"):
        from . import pretrained   # its packages are for teachers only
        net = pretrained.LiteUNet(**PRESETS[preset], fetch=fetch)
        net.side = pretrained.SIDE
    else:
        net = EchoUNet(**PRESETS[preset])
        net.side = SIDE
    return net.to(memory_format=torch.channels_last)


def resized(x, side):
    """(n, c, s, s) averaged down, as the engine does it."""
    return x if x.shape[-1] == side else F.interpolate(x, size=(side, side), mode="area")


def row_volume(lv):
    """lv: (n, s, s) share of LV. Sum over rows of width squared: a volume of discs, up to constants that drop out of EF."""
    return (lv.sum(2) ** 2).sum(1)


def loss_of(masks, target, systole, apical, soft=None, share=0.5):
    """systole: what an end-systolic picture weighs more than 1; 0 for end-diastole."""
    weight = (1 + systole) * apical.float()
    p = F.softmax(masks, 1)
    hot = F.one_hot(target, 4).permute(0, 3, 1, 2).float()
    wanted = hot if soft is None else (1 - share) * hot + share * soft
    pixel = -(wanted * F.log_softmax(masks, 1)).sum(1).mean((1, 2))
    overlap = (2 * (p * hot).sum((2, 3)) + 1) / (p.sum((2, 3)) + hot.sum((2, 3)) + 1)
    dice = 1 - overlap[:, 1:].mean(1)
    volume = (torch.log(row_volume(p[:, 1]) + 20) - torch.log(row_volume(hot[:, 1]) + 20)) ** 2
    return ((pixel + dice + 0.5 * volume.clamp(max=4)) * weight).sum() / weight.sum().clamp_min(1)


def ef_loss(masks, target, apical, wanted=None):
    """End-diastole and end-systole in turn: mean absolute error of the EF of row volumes, over clips of which both count. `wanted`: by how
    much each clip's EF is to be higher than its contours say, as a share (n / 2)."""
    drawn = row_volume(F.softmax(masks, 1)[:, 1]) + 20
    true = row_volume((target == 1).float()) + 20
    both = (apical[0::2] & apical[1::2]).float()
    error = (drawn[1::2] / drawn[0::2] - true[1::2] / true[0::2])
    error = (error if wanted is None else error + wanted).clamp(-1, 1)
    return ((error ** 2 + 1e-4).sqrt() * both).sum() / both.sum().clamp_min(1)


@torch.no_grad()
def start_from(model, source, x):
    """Takes over a checkpoint's averaged weights, or an exported fp32 network whose normalisation is folded away: each BatchNorm then
    gets the statistics that its convolution has on `x`, and scale and offset that undo them."""
    if source.suffix != ".onnx":
        model.load_state_dict(torch.load(source, weights_only=False)["average"])
        return
    graph = onnx.load(source).graph
    values = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
    modules, norms = dict(model.named_modules()), []
    for node in graph.node:
        if node.op_type not in ("Conv", "Gemm"):
            continue
        path = []
        for part in node.name.strip("/").split("/")[:-1]:
            if path and part.startswith(path[-1] + "."):
                path[-1] = part
            else:
                path.append(part)
        name = ".".join(path)
        weight, bias = (values[i] for i in node.input[1:])
        module = modules[name]
        module.weight.copy_(weight)
        if module.bias is not None:
            module.bias.copy_(bias)
            continue
        norm = modules[name[:-1] + "1"]
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.copy_(bias)
        norms.append((module, norm))
    seen = {}
    hooks = [conv.register_forward_hook(lambda _, __, y, conv=conv: seen.update({conv: (y.mean((0, 2, 3)), y.var((0, 2, 3)))})) for conv, _ in norms]
    model.eval()
    model(x)
    for hook in hooks:
        hook.remove()
    for conv, norm in norms:
        mean, variance = seen[conv]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)


@torch.no_grad()
def inherit(model, other):
    """Takes over what a deeper network has at the same resolutions, counted from the coarsest level up: all tensors of the same name and shape."""
    levels = lambda net: len(net.down) if isinstance(net, EchoUNet) else 0
    theirs, shift = other.state_dict(), levels(other) - levels(model)
    taken = 0
    for name, tensor in model.state_dict().items():
        part, *rest = name.split(".")
        if part in ("down", "up"):
            name = ".".join([part, str(int(rest[0]) + shift), *rest[1:]])
        elif shift and part in ("stem", "head"):
            continue
        if name in theirs and theirs[name].shape == tensor.shape:
            tensor.copy_(theirs[name])
            taken += 1
    return taken


def network_of(path, x):
    """A checkpoint's averaged network, or an exported one, whose first convolution tells which it is."""
    if path.suffix == ".onnx":
        stem = next(t for t in onnx.load(path).graph.initializer if len(t.dims) == 4 and t.dims[1] == 1)
        preset = "quarter" if stem.dims[2] == 7 else "student"
    else:
        preset = torch.load(path, weights_only=False)["preset"]
    net = build(preset)
    start_from(net, path, x)
    return net.eval()


def evaluate(model, x, target, batch=50):
    """Mean Dice of each class over pictures, at the network's own size."""
    model.eval()
    scores = []
    with torch.no_grad():
        for i in range(0, len(x), batch):
            got = model(x[i:i + batch].contiguous(memory_format=torch.channels_last))[0].argmax(1)
            for c in (1, 2, 3):
                a, b = got == c, target[i:i + batch] == c
                scores.append((c, ((2 * (a & b).sum((1, 2)) + 1e-6) / (a.sum((1, 2)) + b.sum((1, 2)) + 1e-6))))
    return [float(torch.cat([s for c, s in scores if c == k]).mean()) for k in (1, 2, 3)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="student")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--until", type=int, help="end after this epoch, earlier than the schedule of --epochs does")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--simulated", type=Path, help="folder of build/native/echo_cine: one clip in five is one of its loops")
    parser.add_argument("--between", type=int, default=0, help="pairs of each simulated beat with frames between end-diastole and end-systole")
    parser.add_argument("--strength", type=float, default=1.0, help="most of the augmentation, drawn anew for every batch; half of it in the last three tenths")
    parser.add_argument("--mildness", type=float, default=1, help="1: every strength as often; 2: mild augmentation more often")
    parser.add_argument("--start", type=Path, help="checkpoint or exported fp32.onnx to start from; of a deeper network, what fits")
    parser.add_argument("--two-chamber", type=float, default=0, help="how much more of its weight end-systole gets in the 2-chamber view")
    parser.add_argument("--ef-more", type=float, nargs=2, default=(0, 0), help="points by which the EF is to lie above the contours', 4-chamber and 2-chamber: "
                        "what the network falls short by on patients that it has not seen")
    parser.add_argument("--ef-weight", type=float, default=1.5, help="of the error of the EF in the loss")
    parser.add_argument("--soft-share", type=float, default=0.5, help="of the pixel loss that is the teachers'")
    parser.add_argument("--soft", type=Path, nargs="*", default=[], help="checkpoints or exported networks of teachers, averaged")
    parser.add_argument("--lessons", nargs="*", default=[], help="names of what precordia_echo.lessons wrote to --out: geometries and teachers' answers that are kept")
    o = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(o.seed)
    g = torch.Generator().manual_seed(o.seed)
    rng = np.random.default_rng(o.seed)
    camus = data.load(o.data)
    real = len(camus.patient)
    if o.simulated:
        camus = data.join(camus, data.load_simulated(o.simulated, o.between))
    picture = torch.from_numpy(camus.image)[:, None]
    mask, view = torch.from_numpy(camus.mask), torch.from_numpy(camus.view)
    quality, systole = torch.from_numpy(camus.quality), torch.from_numpy(camus.systole)
    more = torch.tensor(o.ef_more)[view.clamp(max=1)] / 100
    more[real:] = 0  # simulated loops are drawn as they are
    late = systole.float() * (1 + o.two_chamber * (view == 1).float())
    # Rows lie as end-diastole, end-systole of each clip.
    clips = np.flatnonzero(~camus.held_out & ~camus.systole)
    assert camus.systole[clips + 1].all() and (camus.patient[clips] == camus.patient[clips + 1]).all()
    simulated, clips = clips[clips >= real], clips[clips < real]
    held = torch.from_numpy(np.flatnonzero(camus.held_out))
    model, average = build(o.preset, fetch=True), build(o.preset)
    side = model.side
    held_x = resized(picture[held].float() / 255, side)
    held_mask = F.interpolate(mask[held][:, None].float(), size=(side, side), mode="nearest-exact")[:, 0].long()
    some = resized(picture[torch.from_numpy(clips[::7])].float() / 255, SIDE)
    if o.start:
        print("taken over", inherit(model, network_of(o.start, some)), "tensors; start", [round(d, 4) for d in evaluate(model, held_x, held_mask)], flush=True)
    average.load_state_dict(model.state_dict())
    teachers = [network_of(path, some) for path in o.soft]
    draws = []   # (pictures, masks, soft) of every geometry that is kept, each by clip
    for name in o.lessons:
        kept = [np.load(o.out / f"{name}-{part}.npy", mmap_mode="r") for part in ("pictures", "masks", "soft")]
        draws += zip(*kept)
        place = {int(clip): i for i, clip in enumerate(np.load(o.out / f"{name}-clips.npy"))}
    drawn_at = max([side, *(t.side for t in teachers)])
    known = [p for name, p in model.named_parameters() if side != SIDE and name.startswith(("stem", "norm", "blocks"))]   # by ImageNet
    new = [p for p in model.parameters() if not any(p is k for k in known)]
    optimiser = torch.optim.AdamW([{"params": new}, {"params": known, "lr": o.rate / 3}], lr=o.rate, weight_decay=1e-2, fused=True)
    half = torch.cpu._is_avx512_bf16_supported()   # where it is emulated it is slower than float32
    added = min(len(simulated), len(clips) // 4)
    steps = 2 * (len(clips) + added) // o.batch
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda i: min(1, (i + 1) / steps) *
                                                 (0.5 + 0.5 * math.cos(math.pi * min(1, i / (steps * o.epochs)))) + 1e-3)
    o.out.mkdir(parents=True, exist_ok=True)
    saved_at, first = o.out / f"{o.name}.pt", 0
    if saved_at.exists():
        saved = torch.load(saved_at, weights_only=False)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        g.set_state(saved["generator"])
        rng.bit_generator.state = saved["rng"]
        first = saved["epoch"]
    seen = first * steps
    for epoch in range(first, min(o.epochs, o.until or o.epochs)):
        model.train()
        started, total = time.time(), 0.0
        order = rng.permutation(np.concatenate([clips, rng.permutation(simulated)[:added]]))
        for step in range(steps):
            first_of = order[step * o.batch // 2:(step + 1) * o.batch // 2]
            rows = torch.from_numpy(np.stack([first_of, first_of + 1], 1).ravel())
            # From nearly untouched to full strength within every epoch, so that neither this hospital's pictures nor another's are strange;
            # more often mildly, and towards the end nearer to what they are.
            k = o.strength * (0.15 + 0.85 * float(rng.random()) ** o.mildness) * (1 if epoch < 0.7 * o.epochs else 0.5)
            soft = None
            if draws:
                of = [(draws[rng.integers(len(draws))], place[int(clip)]) for clip in first_of]
                x, m, soft = (torch.from_numpy(np.concatenate([draw[part][i] for draw, i in of])) for part in range(3))
                x, m, soft = x[:, None].float() / 255, m.long(), soft.float() / 255
            else:
                x, m = augment.geometry(picture[rows].float() / 255, mask[rows], drawn_at, g, together=2, k=k)
            x = augment.narrowed(augment.light(x, g, k), g, k)
            m = torch.where((x[:, 0] > 0) | (m > 0), m, torch.zeros_like(m))
            apical = torch.rand(len(rows), generator=g) >= 0.1
            if not apical.all():
                x[~apical] = augment.not_apical(x[~apical], g)
            x = x.contiguous(memory_format=torch.channels_last)
            if teachers:
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
                    soft = torch.stack([resized(F.softmax(t(resized(x, t.side))[0].float(), 1), side) for t in teachers]).mean(0)
            if drawn_at != side:
                x = resized(x, side).contiguous(memory_format=torch.channels_last)
                m = F.interpolate(m[:, None].float(), size=(side, side), mode="nearest-exact")[:, 0].long()
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                masks, views, qualities = (y.float() for y in model(x))
            rated = torch.where(apical, quality[rows], -1)
            loss = loss_of(masks, m, late[rows], apical, soft, o.soft_share) + o.ef_weight * ef_loss(masks, m, apical, more[rows[::2]])
            loss = loss + 0.1 * F.cross_entropy(views, torch.where(apical, view[rows], 2)) + 0.05 * F.cross_entropy(
                qualities, rated, ignore_index=-1, reduction="sum") / len(rows)
            if not apical.all():  # nothing is to be found there
                loss = loss + 0.1 * -F.log_softmax(masks[~apical], 1)[:, 0].mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5)
            optimiser.step()
            schedule.step()
            seen += 1
            keep = min(0.998, seen / (seen + 20))
            with torch.no_grad():
                for a, b in zip(average.state_dict().values(), model.state_dict().values()):
                    if a.dtype.is_floating_point:
                        a.mul_(keep).add_(b, alpha=1 - keep)
                    else:
                        a.copy_(b)
            total += loss.item()
        dice = evaluate(average, held_x, held_mask) if epoch % 3 == 2 or epoch + 1 == o.epochs else []
        print(json.dumps({"epoch": epoch + 1, "loss": round(total / steps, 4), "dice": [round(d, 4) for d in dice],
                          "seconds": round(time.time() - started)}), flush=True)
        torch.save({"preset": o.preset, "model": model.state_dict(), "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(), "epoch": epoch + 1,
                    "generator": g.get_state(), "rng": rng.bit_generator.state}, saved_at)


if __name__ == "__main__":
    main()
