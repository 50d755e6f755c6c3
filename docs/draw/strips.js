// A line of writing as bands of ink of one height, in several views: what reading/strips.py of the
// Python package makes of it.

import { around, findInk, heightOf, widthOf } from "./ink.js";
import { cropped, map, newImage, resampled, triangle } from "./pixels.js";

// Pixels. Writing is as high as the second one in the middle of a strip, and has paper beside it.
export const STRIP_HEIGHT = 24;
const TEXT_HEIGHT = 18;
const BESIDE = 6;

// Size, as a share of the usual one, and slant, columns to the left for each row down.
const VIEWS = [[1, 0], [0.85, 0.15], [0.85, -0.15], [1.18, 0.15], [1.18, -0.15]];

// Writing that is lower than this is not made smaller before its strip is cut out.
const LARGE_TEXT = 3 * TEXT_HEIGHT;

// The network halves the width twice.
const MULTIPLE = 4;

// Share of the pixels of a strip that are ink at least, where something is written.
const INKED = 0.03;

// A digit is as high as this share of the others, or they as that of it; no lower than this share
// of its width; and has so much of the ink of the heaviest one.
const ALIKE = 0.4;
const FLAT = 0.12;
const LIGHT = 0.05;

// tan of the steepest slope that is followed, and against how many heights of a digit the length of
// a line counts, because short ones have hardly any.
const STEEPEST = 0.15;
const OWN = 3;

// Longer strips than any number that is drawn are cut off.
const LONGEST = 1024;

// The views of the line in what `findWriting` found, the usual one first; none if there is none.
// A strip has `values` from 0 to 255, and what leads from its pixels to those of the image.
export function stripsOf(writing) {
  const found = findLine(writing);
  return found ? VIEWS.map(([size, slant]) => strip(found, size, slant)) : [];
}

// The line, the ink around it, and where in the image the latter is.
function findLine(writing) {
  const { image, factor, ink, marks } = writing;
  if (!marks.length) return null;
  const line = lineOf(marks);
  if (factor === 1 || line.height >= LARGE_TEXT) return { ink, line, factor, left: 0, top: 0 };
  // Small in a large picture: the ink is looked for again, on smaller pixels.
  const box = { ...line, right: line.left + line.width, bottom: line.top + line.height };
  const part = around(box, line.height / 2, writing);
  const closer = {
    left: line.left * factor - part.left,
    top: line.top * factor - part.top,
    width: line.width * factor,
    height: line.height * factor,
    slope: line.slope,
  };
  return { ...part, ink: findInk(cropped(image, part)), line: closer, factor: 1 };
}

// The line of the heaviest mark near the middle: its place, `height` along its `slope`, which is
// pixels down for one to the right.
function lineOf(marks) {
  const main = marks.reduce((a, b) => (b.weight > a.weight ? b : a));
  const mayBeDigit = (mark) =>
    !mark.isFaint &&
    Math.min(heightOf(mark), heightOf(main)) >= ALIKE * Math.max(heightOf(mark), heightOf(main)) &&
    heightOf(mark) >= FLAT * widthOf(mark) &&
    mark.mass >= LIGHT * main.mass;
  const digits = new Set([main]);
  for (let before = 0; before < digits.size; ) {
    before = digits.size;
    const [top, bottom] = ["top", "bottom"].map((end) => median([...digits].map((m) => m[end])));
    for (const mark of marks.filter(mayBeDigit)) {
      const overlap = Math.min(mark.bottom, bottom) - Math.max(mark.top, top);
      if (overlap >= 0.5 * Math.min(heightOf(mark), bottom - top)) digits.add(mark);
    }
  }
  const line = [...digits];
  const slope = slopeOf(line);
  const level = (mark, end) => mark[end] - (slope * (mark.left + mark.right)) / 2;
  const top = Math.min(...line.map((mark) => level(mark, "top")));
  const bottom = Math.max(...line.map((mark) => level(mark, "bottom")));
  const left = Math.min(...line.map((mark) => mark.left));
  const right = Math.max(...line.map((mark) => mark.right));
  const centre = (slope * (left + right)) / 2;
  return { left, top: top + centre, width: right - left, height: bottom - top, slope };
}

function slopeOf(digits) {
  if (digits.length < 3) return 0;
  const across = fromMean(digits.map((mark) => (mark.left + mark.right) / 2));
  const weight = (OWN * median(digits.map(heightOf))) ** 2;
  const [above, below] = ["top", "bottom"].map((end) => {
    const down = fromMean(digits.map((mark) => mark[end]));
    return dot(across, down) / (dot(across, across) + weight);
  });
  // A line that climbs does so above and below; a high digit at one end is above alone.
  if (above * below <= 0) return 0;
  const slope = Math.min(Math.abs(above), Math.abs(below), STEEPEST);
  return Math.sign(above) * slope;
}

// A view of the line: level, leaning, strokes at full strength.
function strip({ ink, line, factor, left: start, top }, size, slant) {
  const scale = line.height / (size * TEXT_HEIGHT);
  const needed = Math.min(line.width / scale + 2 * BESIDE, LONGEST);
  const width = Math.ceil(needed / MULTIPLE) * MULTIPLE;
  const left = line.left - BESIDE * scale;
  const middle = line.top + line.height / 2;
  // Rows above and below for what the slope moves into the strip.
  const spare = Math.ceil((Math.abs(line.slope) * width) / 2) + 1;
  const place = { x: left + (width * scale) / 2, y: middle, scale, width };
  const patch = resampled(ink, { ...place, height: STRIP_HEIGHT + 2 * spare }, triangle);
  const levelled = map(newImage(width, STRIP_HEIGHT), (_, i) => {
    const row = Math.floor(i / width);
    const column = (i % width) + slant * (row + 0.5 - STRIP_HEIGHT / 2);
    return interpolated(patch, column, row + spare + line.slope * (column - width / 2));
  });
  const nInked = Math.ceil(INKED * width * STRIP_HEIGHT);
  const strongest = levelled.values.slice().sort().subarray(-nInked);
  const full = strongest.reduce((a, b) => a + b, 0) / strongest.length;
  return {
    ...map(levelled, (value) => Math.round(255 * Math.min(value / full, 1))),
    scale: scale * factor,
    left: start + left * factor,
    middle: top + middle * factor,
    slope: line.slope,
  };
}

// Between the pixels of an image; nothing beyond its edges.
function interpolated({ width, height, values }, x, y) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= width - 1 || row >= height - 1) return 0;
  const [across, down, place] = [x - column, y - row, row * width + column];
  const upper = values[place] * (1 - across) + values[place + 1] * across;
  const lower = values[place + width] * (1 - across) + values[place + width + 1] * across;
  return upper * (1 - down) + lower * down;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function fromMean(values) {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return values.map((value) => value - mean);
}

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
