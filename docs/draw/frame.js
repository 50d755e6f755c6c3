// A digit brought into the frame of MNIST's: what FrameDigits of the Python package does.

import { LARGE, around, findMarks, findWriting, heightOf, sizeOf, widthOf } from "./ink.js";
import { cropped, histogram, map, newImage, overlap, quantile, resampled } from "./pixels.js";

// Pixels of a frame's side, and of the longer side of the digit in it.
export const SIDE = 28;
const BOX = 20;

// Ink of this share of its full strength counts when the digit is measured.
const MEASURED = 0.25;

// Lower quartile of the width of MNIST's strokes, in pixels.
const THIN = 2.3;

// The frame of the digit in the middle of what `findWriting` found, and whether there seem to be
// others. `frame` is null on blank paper.
export function framed(writing) {
  const { image, factor, ink, marks } = writing;
  const blank = { frame: null, isSeveral: false };
  if (!marks.length) return blank;
  const { digit, hasOthers } = toldApart(marks, ink);
  const pixels = [...digit].flatMap((mark) => mark.pixels);
  const box = boxOf(ink, pixels, MEASURED);
  const extent = sizeOf(box);
  if (extent <= 0) return blank;
  if (factor > 1 && extent < LARGE / 3) {
    // Small in a large picture: again, closer.
    const part = around(box, Math.floor(extent / 2) + 2, writing);
    const closer = framed(findWriting(cropped(image, part)));
    return { ...closer, isSeveral: closer.isSeveral || hasOthers };
  }
  const frame = placed(ink, pixels, extent / BOX);
  return { frame, isSeveral: hasOthers || holdsSeveral(frame) };
}

// Which marks are the digit - the heaviest one near the middle, and what is near to it and not too
// light: the bar of a 5, pieces of a faint stroke - and whether others may be digits as well.
// The figures are those of framing/parts.py, which says how they were found.
function toldApart(marks, image) {
  const isFrame = (mark) => isOuter(mark) && marks.some((other) => isAround(mark, other));
  const isStroke = (mark) => !mark.isFaint && !isFrame(mark);
  const strokes = new Set(marks.filter(isStroke));
  const importance = (mark) => mark.weight * (strokes.has(mark) ? 1 : 1e-6);
  const main = marks.reduce((a, b) => (importance(b) > importance(a) ? b : a));
  const atSide = ({ left, right }) => left === 0 || right === image.width;
  const atEdge = (mark) => atSide(mark) || mark.top === 0 || mark.bottom === image.height;
  const mayJoin = (mark) =>
    strokes.has(mark) &&
    mark.mass >= (atEdge(mark) ? 0.1 : 0.01) * main.mass &&
    !isBeyond(mark, main);
  const digit = joined(main, marks.filter(mayJoin));
  const isOther = (mark) =>
    !digit.has(mark) &&
    !(atEdge(mark) && isLine(mark, image)) &&
    mark.mass >= 0.2 * main.mass &&
    heightOf(mark) >= 0.5 * heightOf(main) &&
    (!atSide(mark) || atSide(main));
  return { digit, hasOthers: [...strokes].some(isOther) };
}

// The main mark, and those near to it or to one that is.
function joined(main, candidates) {
  const size = sizeOf(main);
  const digit = new Set([main]);
  for (const near of digit) {
    for (const mark of candidates) {
      const reach = (mark.mass > 0.2 * main.mass ? 0.4 : 0.15) * size;
      if (gap(mark, near) <= reach) digit.add(mark);
    }
  }
  return digit;
}

function gap(a, b) {
  return Math.max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
}

// Whether a mark is not in the middle, where it would be a stroke that is seen as an outline.
function isOuter(mark) {
  return mark.weight < 0.75 * mark.mass;
}

// Whether a mark is a box or a ring round another one: no dot, nor its own inner edge.
function isAround(mark, other) {
  const [width, height] = [widthOf(mark), heightOf(mark)];
  return (
    mark.left + 0.1 * width < other.left &&
    mark.right - 0.1 * width > other.right &&
    mark.top + 0.1 * height < other.top &&
    mark.bottom - 0.1 * height > other.bottom &&
    heightOf(other) >= 0.25 * height
  );
}

// Whether a mark reaches beyond the main one and is near the edges: a line, a bit of a box.
function isBeyond(mark, main) {
  const margin = 0.15 * sizeOf(main);
  return (
    (mark.left < main.left - margin ||
      mark.top < main.top - margin ||
      mark.right > main.right + margin ||
      mark.bottom > main.bottom + margin) &&
    mark.weight < 0.4 * mark.mass
  );
}

function isLine(mark, image) {
  const [width, height] = [widthOf(mark), heightOf(mark)];
  return (
    Math.min(width, height) < 0.2 * Math.max(width, height) ||
    width > 0.7 * image.width ||
    height > 0.7 * image.height
  );
}

// Some pixels of the ink, made smaller by `scale`, with their centre of mass in the middle and
// strokes as thick as MNIST's.
function placed(ink, pixels, scale) {
  const digit = newImage(ink.width, ink.height);
  let [mass, x, y] = [0, 0, 0];
  for (const pixel of pixels) {
    const value = ink.values[pixel];
    digit.values[pixel] = value;
    mass += value;
    x += value * ((pixel % ink.width) + 0.5);
    y += value * (Math.floor(pixel / ink.width) + 0.5);
  }
  const place = { x: x / mass, y: y / mass, scale, width: SIDE, height: SIDE };
  let frame = strong(resampled(digit, place, overlap));
  for (let times = 0; times < 3 && strokeWidth(frame) < THIN; times++) {
    frame = strong(softened(frame));
  }
  return map(frame, (value) => Math.round(value * 255));
}

// The box around those of some pixels that have more ink than `faintest`.
function boxOf({ width, height, values }, pixels, faintest) {
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (const pixel of pixels) {
    if (values[pixel] <= faintest) continue;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x + 1);
    box.bottom = Math.max(box.bottom, y + 1);
  }
  return box;
}

// Strokes at full strength: thin ones come out faint where an image is made smaller.
function strong(frame) {
  const levels = frame.values.map((value) => Math.floor(Math.min(value, 1) * 255));
  const full = quantile(histogram(levels).fill(0, 0, 51), 0.9);
  return map(frame, (value) => Math.min((value * 255) / Math.max(full, 1), 1));
}

// Blurred by a Gaussian of a standard deviation of half a pixel.
function softened(frame) {
  const [beside, middle] = [0.1065, 0.787];
  const at = pixelsOf(frame);
  const down = map(frame, (value, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    return middle * value + beside * (at(x, y - 1) + at(x, y + 1));
  });
  const along = pixelsOf(down);
  return map(down, (value, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    return middle * value + beside * (along(x - 1, y) + along(x + 1, y));
  });
}

// Mean width of strokes: twice their area through the length of their edges.
function strokeWidth(frame) {
  const at = pixelsOf(frame);
  // Outermost, a step is from the paper around to the first pixel.
  const slope = (before, after, place) =>
    place < 0 || place >= SIDE ? after - before : (after - before) / 2;
  let [area, edges] = [0, 0];
  for (let y = -1; y <= SIDE; y++) {
    for (let x = -1; x <= SIDE; x++) {
      area += at(x, y);
      edges += Math.hypot(
        slope(at(x, y - 1), at(x, y + 1), y),
        slope(at(x - 1, y), at(x + 1, y), x),
      );
    }
  }
  return (2 * area) / Math.max(edges, 1e-9);
}

// Pixels of a frame by column and row, 0 around it.
function pixelsOf({ values }) {
  return (x, y) => (x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : values[y * SIDE + x]);
}

// Whether a frame holds more than one digit: two that touch are wide where they are high, and have
// rows that cross more than two strokes; two that don't stand beside each other. The figures are
// those of framing/frames.py.
function holdsSeveral(frame) {
  const ink = map(frame, (value) => (value > 100 ? value : 0));
  const height = heightOf(boxOf(ink, ink.values.keys(), 0));
  if (height <= 0) return false;
  let [first, last, nCrowded] = [SIDE, -1, 0];
  const at = pixelsOf(ink);
  for (let x = 0; x < SIDE; x++) {
    const rows = [...Array(SIDE).keys()].filter((y) => at(x, y));
    if (rows.length && rows.at(-1) - rows[0] + 1 >= height / 2) {
      first = Math.min(first, x);
      last = x;
    }
  }
  for (let y = 0; y < SIDE; y++) {
    let nStrokes = 0;
    for (let x = 0; x < SIDE; x++) nStrokes += at(x, y) && !at(x - 1, y) ? 1 : 0;
    if (nStrokes > 2) nCrowded += 1;
  }
  const width = Math.max(0, last - first + 1);
  return width + 1.5 * nCrowded >= 1.2 * height || standBeside(findMarks(ink), height);
}

// Whether two marks stand beside each other and nearly fill the height.
function standBeside(marks, height) {
  const main = marks.reduce((a, b) => (b.mass > a.mass ? b : a));
  const isLarge = (mark) => heightOf(mark) >= 0.6 * height && mark.mass >= 0.3 * main.mass;
  const isBeside = (mark) =>
    Math.min(mark.right, main.right) - Math.max(mark.left, main.left) <=
    0.2 * Math.min(widthOf(mark), widthOf(main));
  return isLarge(main) && marks.some((mark) => isLarge(mark) && isBeside(mark));
}
