// The 3x3 window around a pixel.
#pragma once

// taps_inside has bit t set if tap t of the 3x3 window around pixel p of the batch lies inside the image of p.
__device__ inline unsigned taps_inside(unsigned p, unsigned height, unsigned width) {
    const unsigned x = p % width, y = p / width % height;
    const unsigned across = (x > 0 ? 1 : 0) | 2 | (x + 1 < width ? 4 : 0);
    return (y > 0 ? across : 0) | across << 3 | (y + 1 < height ? across << 6 : 0);
}
