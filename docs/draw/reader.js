// From an image to what is written on it: one digit, or a number.

import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";

import { agreed, placesOf, probabilitiesOf } from "./decoding.js";
import { SIDE, framed } from "./frame.js";
import { findWriting } from "./ink.js";
import { newImage } from "./pixels.js";
import { boxesOn } from "./places.js";
import { STRIP_HEIGHT, stripsOf } from "./strips.js";

// Strips are filled up with paper to a multiple of this width, as the Python package does.
const STEP = 32;

// Starts the networks.
//
// `files` has the bytes of `runtime` (ONNX Runtime's WebAssembly), `digits` and `numbers`, and the
// `calibration` of the latter.
export async function startReader({ runtime, digits, numbers, calibration }) {
  env.wasm.numThreads = 1; // more take a server that isolates the page
  env.wasm.wasmBinary = runtime;
  // More takes a tenth of a second longer to start, and makes nothing faster.
  const options = { graphOptimizationLevel: "basic" };
  const digitNetwork = await InferenceSession.create(digits, options);
  const numberNetwork = await InferenceSession.create(numbers, options);
  const reader = (image) => read(image, digitNetwork, numberNetwork, calibration);
  // Code is slow when it runs for the first time: better now than when somebody has drawn.
  for (const columns of [[180], [120, 240]]) await reader(strokesAt(columns));
  return reader;
}

// A drawing of upright strokes.
function strokesAt(columns) {
  const image = newImage(384, 256);
  for (let row = 60; row < 180; row++) {
    for (const column of columns) {
      const start = image.width * row + column;
      image.values.fill(255, start, start + 10);
    }
  }
  return image;
}

// What is on an image (ink high): null if it is blank, or else the `text`, how probable it is that
// it is right, and
// - of a digit the `frame` that the network saw and the probability of each of ten `digits`;
// - of a number the `strip` that the network saw and its `digits`, each with its `box`.
async function read(image, digitNetwork, numberNetwork, calibration) {
  const writing = findWriting(image);
  const { frame, isSeveral } = framed(writing);
  if (!frame) return null;
  if (isSeveral) {
    const number = await readNumber(stripsOf(writing), numberNetwork, calibration);
    if (number?.digits.length > 1) return number;
  }
  return readDigit(frame, digitNetwork);
}

async function readDigit(frame, network) {
  const { data } = await answers(network, "float32", frame.values, [1, SIDE, SIDE, 1]);
  const digits = Array.from(data, (probability, i) => ({ label: `${i}`, probability }));
  const best = digits.reduce((a, b) => (b.probability > a.probability ? b : a));
  return { text: best.label, confidence: best.probability, frame, digits };
}

async function readNumber(strips, network, calibration) {
  if (!strips.length) return null;
  const width = Math.ceil(Math.max(...strips.map((strip) => strip.width)) / STEP) * STEP;
  const batch = new Uint8Array(strips.length * STRIP_HEIGHT * width);
  strips.forEach((strip, n) => {
    for (let y = 0; y < STRIP_HEIGHT; y++) {
      const row = strip.values.subarray(y * strip.width, (y + 1) * strip.width);
      batch.set(row, (n * STRIP_HEIGHT + y) * width);
    }
  });
  const logits = await answers(network, "uint8", batch, [strips.length, STRIP_HEIGHT, width, 1]);
  const [, nFrames, nSymbols] = logits.dims;
  const opinions = strips.map((strip, n) => {
    const nOwn = Math.floor((nFrames * strip.width) / width);
    const start = n * nFrames * nSymbols;
    return probabilitiesOf(logits.data.subarray(start, start + nOwn * nSymbols), nSymbols);
  });
  const { text, confidence } = agreed(opinions, calibration);
  if (!text.length) return null;
  const places = placesOf(opinions[0], text);
  const stride = width / nFrames;
  const boxes = boxesOn(strips[0], places.map(({ place }) => (place + 0.5) * stride));
  const digits = text.map((symbol, i) => ({
    label: `${symbol - 1}`,
    probability: places[i].probability,
    box: boxes[i],
  }));
  return { text: digits.map(({ label }) => label).join(""), confidence, strip: strips[0], digits };
}

async function answers(network, type, values, shape) {
  const input = new Tensor(type, values, shape);
  const outputs = await network.run({ [network.inputNames[0]]: input });
  return outputs[network.outputNames[0]];
}
