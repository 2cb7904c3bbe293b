"""What Pillow makes of a picture, for tests.

    pillow.py serve              answer requests on standard input until it ends
    pillow.py golden SUBJECT     print golden values, a line of JSON each, of resize, convert or augment

Made with Pillow 13.0.0 and NumPy 2.4.6 (pip install pillow==13.0.0 numpy==2.4.6). A request is a line of JSON and the
bytes of a picture; the answer is a line of JSON and the bytes of another one. Golden values name their pictures by the
seed of a generator, and hold the CRC-32 of the answer's bytes.
"""

import base64
import io
import itertools
import json
import math
import sys
import zlib

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
PALETTE = 4 * 256  # bytes of red, green, blue and alpha, behind the pixels of mode P


def resize(image, size, filter, box):
    return image.resize(tuple(size), FILTERS[filter], tuple(box))


def convert(image, mode, ground):
    """The picture on a ground of one colour, in another mode."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        on = Image.new("RGB", image.size, tuple(ground))
        on.paste(image, mask=image.getchannel("A"))
        image = on
    return image.convert(mode)


def jpeg(image, **options):
    """A JPEG of the picture, as a row of grey pixels."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", **options)
    return Image.frombytes("L", (out.tell(), 1), out.getvalue())


def hue(image, part):
    """torchvision's adjust_hue."""
    if image.mode == "L":
        return image
    h, s, v = image.convert("HSV").split()
    turned = np.asarray(h) + np.array(int(part * 255) % 256, np.uint8)
    return Image.merge("HSV", (Image.fromarray(turned), s, v)).convert("RGB")


def affine_matrix(center, angle, translate, scale, shear):
    """torchvision's: the inverse of translation, centre, and rotation with shear and scale."""
    turn, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    a = math.cos(turn - sy) / math.cos(sy)
    b = -math.cos(turn - sy) * math.tan(sx) / math.cos(sy) - math.sin(turn)
    c = math.sin(turn - sy) / math.cos(sy)
    d = -math.sin(turn - sy) * math.tan(sx) / math.cos(sy) + math.cos(turn)
    m = [v / scale for v in (d, -b, 0.0, -c, a, 0.0)]
    x, y = -center[0] - translate[0], -center[1] - translate[1]
    m[2] = m[0] * x + m[1] * y + center[0]
    m[5] = m[3] * x + m[4] * y + center[1]
    return m


def filling(image, fill):
    return tuple(fill) if image.mode == "RGB" else fill[0]


def affine(image, filter, fill, **how):
    matrix = affine_matrix(**how)
    return image.transform(image.size, Image.Transform.AFFINE, matrix, FILTERS[filter], fillcolor=filling(image, fill))


def rotate(image, angle, filter, fill):
    return image.rotate(angle, FILTERS[filter], fillcolor=filling(image, fill))


OPERATIONS = {
    "resize": resize,
    "convert": convert,
    "jpeg": jpeg,
    "hflip": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "vflip": lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "brightness": lambda image, factor: ImageEnhance.Brightness(image).enhance(factor),
    "contrast": lambda image, factor: ImageEnhance.Contrast(image).enhance(factor),
    "saturation": lambda image, factor: ImageEnhance.Color(image).enhance(factor),
    "sharpness": lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor),
    "hue": hue,
    "posterize": ImageOps.posterize,
    "solarize": ImageOps.solarize,
    "invert": ImageOps.invert,
    "autocontrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "affine": affine,
    "rotate": rotate,
}


def noise(seed, n):
    """Bytes 24 to 31 of the states of a linear congruential generator (Numerical Recipes' ranqd1)."""
    out, state = bytearray(n), seed
    for i in range(n):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = state >> 24
    return bytes(out)


def picture(mode, size, content):
    """The picture of pixels in a mode, or of a file."""
    if mode == "":
        return Image.open(io.BytesIO(content))
    if mode != "P":
        return Image.frombytes(mode, tuple(size), content)
    image = Image.frombytes(mode, tuple(size), content[:-PALETTE])
    image.putpalette(content[-PALETTE:], "RGBA")
    return image


def answer(request, content):
    image = picture(request["mode"], request.get("size"), content)
    return OPERATIONS[request["op"]](image, **request["args"])


def serve():
    for line in sys.stdin.buffer:
        request = json.loads(line)
        image = answer(request, sys.stdin.buffer.read(request["bytes"]))
        content = image.tobytes()
        head = {"mode": image.mode, "size": image.size, "bytes": len(content)}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)
        sys.stdout.buffer.flush()


def resize_cases():
    sizes = [
        ((40, 30), (28, 28)), ((28, 28), (28, 28)), ((9, 5), (28, 28)), ((61, 83), (7, 11)), ((1, 1), (5, 4)),
        ((300, 7), (28, 3)), ((7, 11), (61, 83)), ((33, 17), (33, 40)), ((33, 17), (90, 17)), ((13, 100), (1, 1)),
        ((50, 1), (20, 1)), ((1, 50), (1, 20)),
    ]  # fmt: skip
    parts = [(0, 0, 1, 1), (0.1, 0.2, 0.7, 0.9), (0.333, 0, 0.334, 1)]
    for (old, new), mode, filter in itertools.product(sizes, ["L", "LA", "RGB", "RGBA"], FILTERS):
        for part in parts:
            box = [float(np.float32(p * side)) for p, side in zip(part, old + old)]
            yield mode, old, {"size": new, "filter": filter, "box": box}
    for (old, new), mode in itertools.product([((1500, 900), (40, 60)), ((700, 2300), (50, 40))], ["L", "RGBA"]):
        yield mode, old, {"size": new, "filter": "bicubic", "box": [0.5, 0, old[0], old[1] - 0.5]}


def convert_cases():
    grounds = [(255, 255, 255), (0, 90, 200)]
    for mode, to, ground in itertools.product(["L", "RGBA", "P", "CMYK"], ["RGB", "L"], grounds):
        yield mode, (31, 17), {"mode": to, "ground": ground}


def tiles(seed, size, **options):
    """A JPEG of tiles of one colour, each a block of every component: its pixels do not depend on the decoder's inverse
    cosine transform."""
    grid = [(n + 15) // 16 for n in size]
    colours = np.frombuffer(noise(seed, 3 * grid[0] * grid[1]), np.uint8).reshape(grid[1], grid[0], 3)
    pixels = colours.repeat(16, axis=0).repeat(16, axis=1)[: size[1], : size[0]]
    image = Image.fromarray(pixels)
    if options.pop("cmyk", False):
        image = Image.merge("CMYK", [*image.split(), image.getchannel(0).rotate(180)])
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def turned(file):
    """A JPEG whose chroma has half of the columns as one that has half of the rows, of the same data."""
    at = file.index(b"\xff\xc0")
    head = bytearray(file[at : at + 19])
    head[5:7], head[7:9] = head[7:9], head[5:7]
    assert head[11] == 0x21
    head[11] = 0x12
    return file[:at] + bytes(head) + file[at + 19 :]


def jpeg_cases():
    sizes = [(48, 32), (61, 35), (5, 20), (4, 20), (1, 1), (70, 1)]
    for seed, size in enumerate(sizes):
        for subsampling in ["4:4:4", "4:2:2", "4:2:0", "4:1:1"]:
            yield tiles(seed, size, subsampling=subsampling)
        yield turned(tiles(seed, size, subsampling="4:2:2"))
    yield tiles(7, (48, 32), cmyk=True)
    yield tiles(8, (40, 40), progressive=True)


def ycck():
    """A JPEG of ink that says of its data that they are YCCK."""
    file = tiles(7, (48, 32), cmyk=True)
    at = file.index(b"Adobe") + 11
    return file[:at] + b"\2" + file[at + 1 :]


def augment_cases():
    calls = [("hflip", {}), ("vflip", {}), ("invert", {}), ("autocontrast", {}), ("equalize", {})]
    for name in ["brightness", "contrast", "saturation", "sharpness"]:
        calls += [(name, {"factor": factor}) for factor in (0, 0.1, 0.7, 1, 1.3, 1.9, 5)]
    calls += [("hue", {"part": part}) for part in (-0.5, -0.1, 0, 0.003, 0.25, 0.5)]
    calls += [("posterize", {"bits": bits}) for bits in (1, 4, 7, 8)]
    calls += [("solarize", {"threshold": threshold}) for threshold in (0, 128, 200.5, 256)]
    for filter, fill in itertools.product(["nearest", "bilinear"], [(0, 0, 0), (200, 100, 50)]):
        drawn = {"filter": filter, "fill": fill}
        calls += [("rotate", {"angle": angle} | drawn) for angle in (0, 0.5, 30, 90, -90, 180, 213.7, 360)]
        for angle, translate, scale, shear in [
            (0, (0, 0), 1, (0, 0)), (0, (3, -7), 1, (0, 0)), (0, (0.5, 0.25), 0.7, (0, 0)), (15, (0, 0), 1.2, (10, 0)),
            (-170, (4, 4), 0.5, (0, -30)), (77, (-2, 9), 2, (20, 45)),
        ]:  # fmt: skip
            how = {"center": (8.5, 4), "angle": angle, "translate": translate, "scale": scale, "shear": shear}
            calls.append(("affine", how | drawn))
    for (op, args), mode, size in itertools.product(calls, ["L", "RGB"], [(31, 22), (20, 20), (1, 3)]):
        yield op, mode, size, args


CASES = {
    "resize": lambda: (("resize", *case) for case in resize_cases()),
    "convert": lambda: (("convert", *case) for case in convert_cases()),
    "augment": augment_cases,
}


def golden(subject):
    for seed, (op, mode, size, args) in enumerate(CASES[subject]()):
        content = noise(seed, size[0] * size[1] * CHANNELS.get(mode, 1) + PALETTE * (mode == "P"))
        emit({"op": op, "mode": mode, "size": size, "seed": seed, "args": args}, content)
    if subject == "convert":
        for file in jpeg_cases():
            emit(file_case(file), file)
        emit(file_case(ycck()), ycck(), whole=True)


def file_case(file):
    args = {"mode": "RGB", "ground": (0, 0, 0)}
    return {"op": "convert", "mode": "", "args": args, "file": base64.b64encode(file).decode()}


def emit(case, content, whole=False):
    """Prints a case with the CRC of its result, or all of that where it is compared with a tolerance."""
    result = answer(case, content).tobytes()
    if whole:
        case["want"] = base64.b64encode(result).decode()
    else:
        case["crc"] = zlib.crc32(result)
    print(json.dumps(case, separators=(",", ":")))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        golden(sys.argv[2])
