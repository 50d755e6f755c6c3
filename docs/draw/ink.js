// What stands out of the paper, and the marks that it consists of: in short what framing/ink.py and
// framing/parts.py do.

import { blurred, histogram, magnified, map, opened, otsu, quantile, reduced } from "./pixels.js";

// Strokes are narrower than this share of the longer side where light is uneven.
const STROKE = 0.25;

// Light is known at about so many places along the longer side.
const PLACES = 128;

// Parts of a digit have ink of this share of its full strength somewhere.
const STRONG = 0.4;

// Ink counts in full in the middle of an image, and less the nearer it is to an edge, from this
// share of the side on; at the edge itself it counts so much.
const MIDDLE = 0.25;
const AT_EDGE = 0.15;

// A photo with ink high and its paper near 0, whichever of them was darker.
export function withoutLight(photo) {
  const factor = Math.max(1, Math.floor(longer(photo) / PLACES));
  const coarse = reduced(photo, factor);
  const around = blurred(coarse, Math.floor(longer(coarse) / 4));
  // Cubes, because ink differs more than anything else, however little of it there is.
  const isDark = coarse.values.reduce((sum, v, i) => sum + (v - around.values[i]) ** 3, 0) < 0;
  const high = (image) => (isDark ? map(image, (value) => 255 - value) : image);
  const reach = Math.floor((STROKE * longer(coarse)) / 2);
  const light = magnified(opened(high(coarse), reach), factor, photo);
  return map(high(photo), (value, i) => {
    const ink = value - light.values[i];
    // Dark ink takes a share of the light, less of it in the shade; light ink adds to it.
    return isDark ? (255 * ink) / Math.max(255 - light.values[i], 13) : ink;
  });
}

// Larger images are reduced to about this many pixels a side before ink is looked for; and of the
// marks so many are looked at, the heaviest.
export const LARGE = 256;
const MOST = 200;

// The ink of an image (ink high) and its marks, on pixels that are `factor` times as large.
export function findWriting(image) {
  const factor = Math.max(1, Math.floor(longer(image) / LARGE));
  const ink = findInk(reduced(image, factor));
  const marks = findMarks(ink).sort((a, b) => b.mass - a.mass);
  return { image, factor, ink, marks: marks.slice(0, MOST) };
}

// The part of an image around a box that was found in its writing, to look at more closely.
export function around({ left, top, right, bottom }, margin, { image, factor }) {
  return {
    left: Math.max(0, Math.floor(left - margin)) * factor,
    top: Math.max(0, Math.floor(top - margin)) * factor,
    right: Math.min(Math.ceil(right + margin) * factor, image.width),
    bottom: Math.min(Math.ceil(bottom + margin) * factor, image.height),
  };
}

// How much ink there is on each pixel: 0 on paper, 1 where the stroke is; all 0 on blank paper.
export function findInk(image) {
  const levels = levelsOf(image.values);
  const counts = histogram(levels);
  const threshold = otsu(counts);
  const paper = counts.map((count, level) => (level <= threshold ? count : 0));
  const middle = quantile(paper, 0.5);
  const noise = middle - quantile(paper, 0.16);
  const full = quantile(counts.map((count, level) => count - paper[level]), 0.8);
  const floor = middle + Math.max(4 * noise, 0.08 * (full - middle));
  // Nothing stands out of the noise.
  if (full - floor < 4) return map(image, () => 0);
  return map(image, (_, i) => Math.min(Math.max((levels[i] - floor) / (full - floor), 0), 1));
}

// Values as 256 levels between the lowest and the highest; those are equal: all 0.
function levelsOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const levels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) levels[i] = (values[i] - low) * scale;
  return levels;
}

// Marks, each of pixels that touch each other, across corners too.
//
// Each has its box (`left`, `top`, `right`, `bottom`: first column and row and those after the last
// ones), its `pixels` as places in the image, `mass`, the sum of its ink, `weight`, that sum with
// ink near the edges counted less, and `isFaint`, whether it is too faint to be a stroke.
export function findMarks(ink) {
  const { width, height, values } = ink;
  const isSeen = new Uint8Array(values.length);
  const marks = [];
  for (let start = 0; start < values.length; start++) {
    if (isSeen[start] || values[start] <= 0) continue;
    isSeen[start] = 1;
    const pixels = [start];
    // The list grows while it is gone through.
    for (const pixel of pixels) {
      const x = pixel % width;
      const y = Math.floor(pixel / width);
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const next = row * width + column;
          if (isSeen[next] || values[next] <= 0) continue;
          isSeen[next] = 1;
          pixels.push(next);
        }
      }
    }
    marks.push(measured(pixels, ink));
  }
  return marks;
}

function measured(pixels, { width, height, values }) {
  const mark = { left: width, top: height, right: 0, bottom: 0, mass: 0, weight: 0, isFaint: true };
  for (const pixel of pixels) {
    const x = pixel % width;
    const y = Math.floor(pixel / width);
    mark.left = Math.min(mark.left, x);
    mark.top = Math.min(mark.top, y);
    mark.right = Math.max(mark.right, x + 1);
    mark.bottom = Math.max(mark.bottom, y + 1);
    mark.mass += values[pixel];
    mark.weight += values[pixel] * nearness(x, width) * nearness(y, height);
    mark.isFaint &&= values[pixel] < STRONG;
  }
  return { ...mark, pixels };
}

function nearness(place, side) {
  const fromEdge = Math.min(place + 0.5, side - place - 0.5) / side;
  return Math.min(Math.max(fromEdge / MIDDLE, AT_EDGE), 1);
}

function longer({ width, height }) {
  return Math.max(width, height);
}

export function widthOf({ left, right }) {
  return right - left;
}

export function heightOf({ top, bottom }) {
  return bottom - top;
}

export function sizeOf(box) {
  return Math.max(widthOf(box), heightOf(box));
}
