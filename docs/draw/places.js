// Boxes around the digits of a line: in short what reading/places.py of the Python package does.

import { findMarks } from "./ink.js";
import { map } from "./pixels.js";
import { STRIP_HEIGHT } from "./strips.js";

// What is ink on a strip; what is a speck, in pixels; and how many pixels around the ink of a digit
// its box is, so that it does not hide the edges of strokes.
const INK = 90;
const SPECK = 3;
const ROOM = 1;

// A network may name each digit where it begins, or ends: off by so many columns at most. What is
// named is taken to be so wide; each column off costs so much of its ink.
const OFF = Math.round(0.45 * STRIP_HEIGHT);
const WIDTH = Math.round(0.4 * STRIP_HEIGHT);
const COST = 0.02;

// Half the width of a digit of which no ink is found.
const HALF = Math.round(0.2 * STRIP_HEIGHT);

// Of its ink what a mark has at least between the cuts around a digit that it belongs to.
const MOST = 0.85;

// A box in the image for each digit, by the columns of the strip where the network says it is.
export function boxesOn(strip, columns) {
  const marks = findMarks(map(strip, (value) => (value > INK ? value : 0)));
  const columnOf = (pixel) => pixel % strip.width;
  const profile = Array(strip.width).fill(0);
  strip.values.forEach((value, i) => (profile[columnOf(i)] += value / 255));
  const places = onInk(profile, columns);
  const cuts = places.slice(1).map((right, i) => cutBetween(profile, places[i], right));
  const ownerOf = (pixel) => cuts.filter((cut) => cut <= columnOf(pixel)).length;

  const pixelsOf = places.map(() => []);
  for (const { pixels } of marks.filter((mark) => mark.pixels.length >= SPECK)) {
    const shares = places.map((_, i) => pixels.filter((pixel) => ownerOf(pixel) === i));
    const whole = shares.findIndex((share) => share.length >= MOST * pixels.length);
    if (whole >= 0) pixelsOf[whole].push(...pixels);
    else shares.forEach((share, i) => pixelsOf[i].push(...share));
  }
  return places.map((place, i) => {
    const [x, y] = [pixelsOf[i].map(columnOf), pixelsOf[i].map((p) => Math.floor(p / strip.width))];
    if (!x.length) return inImage(strip, place - HALF, 0, place + HALF, STRIP_HEIGHT);
    return inImage(strip, Math.min(...x), Math.min(...y), Math.max(...x) + 1, Math.max(...y) + 1);
  });
}

// Columns shifted, all alike, to where there is most ink around them.
function onInk(profile, columns) {
  const around = (place) => {
    const first = Math.max(0, place - WIDTH / 2);
    return profile.slice(first, place + WIDTH / 2).reduce((a, b) => a + b, 0);
  };
  let best = { places: columns, ink: -1 };
  for (let shift = -OFF; shift <= OFF; shift++) {
    const within = (place) => Math.min(Math.max(Math.round(place) + shift, 0), profile.length - 1);
    const places = columns.map(within);
    const total = places.map(around).reduce((a, b) => a + b);
    const ink = total * (1 - COST * Math.abs(shift));
    if (ink > best.ink) best = { places, ink };
  }
  return best.places;
}

// The column between two digits that has the least ink, near the middle.
function cutBetween(profile, left, right) {
  const cost = (column) => profile[column] + 0.1 * Math.abs(column - (left + right) / 2);
  let best = left + 1;
  for (let column = left + 2; column < right; column++) {
    if (cost(column) < cost(best)) best = column;
  }
  return best;
}

function inImage({ scale, left, middle, slope, width }, x0, y0, x1, y1) {
  const climb = [x0, x1].map((x) => slope * (x - width / 2));
  const row = (y) => y - STRIP_HEIGHT / 2;
  return {
    left: left + (x0 - ROOM) * scale,
    top: middle + (row(y0 - ROOM) + Math.min(...climb)) * scale,
    right: left + (x1 + ROOM) * scale,
    bottom: middle + (row(y1 + ROOM) + Math.max(...climb)) * scale,
  };
}
