"""Writes the pictures that Go's encoders do not write: pip install pillow tifffile imagecodecs; python make.py

All but the greys show what picture() of formats_test.go shows.
"""

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

W, H = 32, 24
y, x = np.mgrid[0:H, 0:W]
pixels = np.zeros((H, W, 3), np.uint8)
pixels[..., 0], pixels[..., 1], pixels[..., 2] = x * 8, y * 10, 128
pixels[2:10, 3:20] = 250, 20, 10
pixels[15:22, 18:30] = 10, 240, 30
alpha = np.full((H, W), 255, np.uint8)
alpha[:, W // 2:] = 0
rgb = Image.fromarray(pixels)
rgba = Image.fromarray(np.dstack([pixels, alpha]))

rgb.save("progressive.jpg", quality=95, subsampling=0, progressive=True)
rgb.convert("CMYK").save("cmyk-adobe.jpg", quality=95)
with open("ycck-adobe.jpg", "wb") as f:
    inverted = 255 - np.array(rgb.convert("CMYK"))  # as Adobe's programs write it
    f.write(imagecodecs.jpeg8_encode(inverted, colorspace="cmyk", outcolorspace="ycck", level=95))
with open("12-bit.jpg", "wb") as f:
    f.write(imagecodecs.jpeg8_encode(pixels.astype(np.uint16) * 16, bitspersample=12))
rgb.save("restarts.jpg", quality=95, subsampling=0, restart_marker_rows=1)

# The left half white, the right half black: what a decoder makes of 235 and 16.
grey = np.zeros((H, W), np.uint8)
grey[:, : W // 2] = 255
Image.fromarray(grey).save("lossy-white-black.webp", quality=95)
rgba.save("lossless-alpha-profile.webp", lossless=True, exact=True, icc_profile=b"not a profile")
rgba.save("lossy-alpha.webp", quality=95, exact=True)
second = rgb.copy()
second.paste((0, 0, 255), (20, 10, 32, 24))
rgb.save("animation.webp", save_all=True, append_images=[second], duration=100, lossless=True)

bits = Image.fromarray(grey).convert("1")
for name, photometric in ("white", 0), ("black", 1):
    for compression in "group3", "group4", "packbits":
        bits.save(f"{compression}-{name}-is-zero.tif", compression=compression, tiffinfo={262: photometric})
bits.save("group3-two-dimensional.tif", compression="group3", tiffinfo={292: 1})
bits.save("bits-reversed.tif", tiffinfo={266: 2})
bits.save("group4-bits-reversed.tif", compression="group4", tiffinfo={266: 2})
rgb.save("lzw.tif", compression="tiff_lzw")
rgb.save("jpeg.tif", compression="jpeg")
rgb.convert("CMYK").save("cmyk.tif", compression="tiff_lzw")
rgba.convert("LA").save("grey-alpha.tif", compression="tiff_lzw")
planes = pixels.transpose(2, 0, 1).copy()
tifffile.imwrite("planes.tif", planes, planarconfig="separate", photometric="rgb", compression="zlib")
tifffile.imwrite("tiles-predictor.tif", pixels, tile=(16, 16), photometric="rgb", compression="zlib", predictor=True)
tifffile.imwrite("16-bit-big-endian.tif", pixels.astype(np.uint16) * 257, photometric="rgb", byteorder=">",
                 compression="zlib", predictor=True)
tifffile.imwrite("pages.tif", np.stack([pixels, 255 - pixels]), photometric="rgb", compression="zlib")
tifffile.imwrite("big.tif", pixels, photometric="rgb", bigtiff=True, compression="zlib")
tifffile.imwrite("float.tif", pixels.astype(np.float32), photometric="rgb", compression="zlib")
tifffile.imwrite("channel.tif", np.dstack([pixels, alpha]), photometric="rgb", extrasamples=["unspecified"],
                 compression="zlib")
