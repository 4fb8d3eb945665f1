"""Simpson's method of discs on a mask: the same rule as src/echo/ventricle.cc, which tests/models hold against each other.

The long axis runs from the middle of the mitral plane to the LV point farthest from it. The mitral plane is where LV pixels touch
the left atrium; without an atrium, the lowest twentieth of the LV along the picture. The axis is cut into 20 slabs; a slab's width
is its LV area over its height, so that partial pixels count (American Society of Echocardiography 2015, doi
10.1016/j.echo.2014.10.003, section on 2-D volumes).
"""
import numpy as np

DISCS = 20


def axis_of(lv: np.ndarray, la: np.ndarray, height_over_width: float):
    """lv, la: bool (rows, columns). Returns (mitral middle, apex) as (x, y) in units of the picture's width, or None."""
    rows, columns = lv.shape
    ys, xs = np.nonzero(lv)
    if len(xs) < 30:
        return None
    scale = np.array([1 / columns, height_over_width / rows])
    points = np.stack([xs + 0.5, ys + 0.5], 1) * scale
    near = np.zeros_like(la)
    reach = max(1, round(rows / 64))
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            near |= np.roll(np.roll(la, dy, 0), dx, 1)
    touching = near[ys, xs]
    if touching.sum() < columns / 32:
        order = np.argsort(points[:, 1])
        touching = np.zeros(len(xs), bool)
        touching[order[-max(5, len(xs) // 20):]] = True
    plane = points[touching]
    # The middle of the plane's extent, not of its pixels: a thick end must not pull it.
    direction = np.linalg.svd(plane - plane.mean(0), full_matrices=False)[2][0]
    along = (plane - plane.mean(0)) @ direction
    middle = plane.mean(0) + direction * (np.percentile(along, 2) + np.percentile(along, 98)) / 2
    distance = np.linalg.norm(points - middle, axis=1)
    far = distance >= np.percentile(distance, 99.5)
    apex = points[far].mean(0)
    return middle, apex


def disc_widths(weight: np.ndarray, middle, apex, height_over_width: float):
    """weight: (rows, columns), share of each pixel that is LV. Returns (widths (20), length) in picture widths."""
    rows, columns = weight.shape
    ys, xs = np.nonzero(weight > 0)
    points = np.stack([(xs + 0.5) / columns, (ys + 0.5) * height_over_width / rows], 1)
    axis = apex - middle
    unit = axis / np.linalg.norm(axis)
    along = (points - middle) @ unit
    w = weight[ys, xs]
    reach = 0.5 * (abs(unit[0]) / columns + abs(unit[1]) * height_over_width / rows)
    low, high = along[w > 0.5].min() - reach, along[w > 0.5].max() + reach
    length = high - low
    slab = length / DISCS
    begin = np.clip((along - reach - low) / slab, 0, DISCS - 1e-9)
    end = np.clip((along + reach - low) / slab, begin + 1e-12, DISCS)
    area = np.zeros(DISCS)
    for disc in range(DISCS):  # a pixel is spread over the slabs that it reaches into
        area[disc] = np.sum(w * np.clip(np.minimum(end, disc + 1) - np.maximum(begin, disc), 0, None) / (end - begin))
    return area * (1 / columns) * (height_over_width / rows) / slab, length


def single_plane(widths, length):
    return np.pi / 4 * np.sum(widths ** 2) * length / DISCS


def biplane(widths_a, length_a, widths_b, length_b):
    length = max(length_a, length_b)
    return np.pi / 4 * np.sum(widths_a * widths_b) * length / DISCS


def ventricle(mask: np.ndarray, height_over_width: float, weight=None):
    """mask: classes (rows, columns). Returns (widths, length) or None."""
    found = axis_of(mask == 1, mask == 3, height_over_width)
    return None if found is None else disc_widths((mask == 1).astype(float) if weight is None else weight, *found, height_over_width)
