// From the answers of the network along a line to a text, and where its digits stand: in short what
// reading/decoding.py of the Python package does. The answers are those of connectionist temporal
// classification (Graves et al. 2006): for each frame, a narrow slice of the line, how likely each
// symbol is, or none (blank, 0).

const N_DIGITS = 10;

// Beginnings of texts that are followed at a time, and what a digit has to reach in a frame to
// extend one.
const BEAM = 8;
const UNLIKELY = 1e-3;

// As unlikely as this a text is to an opinion at most, as a logarithm.
const RULED_OUT = -30;

// Beyond these log-odds nothing is told apart.
const SUREST = 16;

// Probabilities of blank and digits in each frame. Separators are as good as blank.
export function probabilitiesOf(logits, nSymbols) {
  const frames = [];
  for (let start = 0; start < logits.length; start += nSymbols) {
    const frame = logits.subarray(start, start + nSymbols);
    const highest = Math.max(...frame);
    const shares = Array.from(frame, (logit) => Math.exp(logit - highest));
    const total = sum(shares);
    const digits = shares.slice(1, 1 + N_DIGITS).map((share) => share / total);
    frames.push([1 - sum(digits), ...digits]);
  }
  return frames;
}

// Of the texts that are the likeliest to one of several opinions the one that is, on average, the
// likeliest; a text is a list of symbols. With it, how probable it is that it is right.
export function agreed(opinions, calibration) {
  const texts = new Map(opinions.map(likeliest).map((text) => [text.join(), text]));
  const scored = [...texts.values()].map((text) => ({ text, score: meanScore(opinions, text) }));
  const { text, score } = scored.reduce((a, b) => (b.score > a.score ? b : a));
  // A logistic function of the log-odds (Platt 1999); its two numbers belong to the network.
  const certain = Math.min(score, -1e-12);
  const odds = certain - Math.log(-Math.expm1(certain));
  const bounded = Math.min(Math.max(odds, -SUREST), SUREST);
  const confidence = 1 / (1 + Math.exp(-calibration.slope * bounded - calibration.offset));
  return { text, confidence };
}

function meanScore(opinions, text) {
  const scores = opinions.map((frames) => Math.max(logProbability(frames, text), RULED_OUT));
  return sum(scores) / scores.length;
}

function likeliest(frames) {
  const path = frames.map((frame) => frame.indexOf(Math.max(...frame)));
  const text = path.filter((symbol, i) => symbol && symbol !== path[i - 1]);
  // Where it has more than half of all probability, no other one has as much.
  return logProbability(frames, text) > Math.log(0.5) ? text : searched(frames);
}

// The likeliest text, by a search along prefixes.
function searched(frames) {
  // For each text so far: how likely it is with a blank as the last frame, and without.
  let beam = [{ text: [], ended: 1, open: 0 }];
  for (const frame of frames) {
    const grown = new Map();
    const add = (text, ended, open) => {
      const before = grown.get(text.join()) ?? { text, ended: 0, open: 0 };
      before.ended += ended;
      before.open += open;
      grown.set(text.join(), before);
    };
    for (const { text, ended, open } of beam) {
      const last = text.at(-1);
      add(text, (ended + open) * frame[0], last ? open * frame[last] : 0);
      for (let symbol = 1; symbol <= N_DIGITS; symbol++) {
        if (frame[symbol] <= UNLIKELY) continue;
        // The same symbol once more takes a blank between.
        add([...text, symbol], 0, (symbol === last ? ended : ended + open) * frame[symbol]);
      }
    }
    beam = [...grown.values()].sort((a, b) => b.ended + b.open - a.ended - a.open).slice(0, BEAM);
    const total = sum(beam.map(({ ended, open }) => ended + open));
    for (const some of beam) {
      some.ended /= total;
      some.open /= total;
    }
  }
  return beam[0].text;
}

// Of all paths of a text along the frames together; -Infinity if it doesn't fit into so few.
function logProbability(frames, text) {
  const { forward, scale } = forwardOf(frames, text);
  const [beforeLast, last] = forward.at(-1).slice(-2);
  return text.length ? Math.log(beforeLast + last) + scale : scale;
}

// A text with a blank before, between and after its symbols.
function extended(text) {
  return [0, ...text.flatMap((symbol) => [symbol, 0])];
}

// How likely each state of the extended text is after each frame, of all beginnings. Each row sums
// to 1, and `scale` is the logarithm of what was taken out.
function forwardOf(frames, text) {
  const symbols = extended(text);
  let scale = 0;
  let state = symbols.map((_, i) => (i === 0 ? 1 : 0));
  const forward = frames.map((frame) => {
    const moved = symbols.map((symbol, i) => {
      const maySkip = symbol && symbol !== symbols[i - 2];
      const before = (state[i - 1] ?? 0) + (maySkip ? (state[i - 2] ?? 0) : 0);
      return (state[i] + before) * frame[symbol];
    });
    const total = sum(moved);
    scale += Math.log(total);
    state = moved.map((share) => share / (total || 1));
    return state;
  });
  return { forward, scale };
}

// Where along the frames each digit of a text stands, and its probability there.
export function placesOf(frames, text) {
  const symbols = extended(text);
  const { forward } = forwardOf(frames, text);
  const backward = forwardOf(frames.toReversed(), text.toReversed()).forward.toReversed();
  // How likely each state is in each frame, given the text.
  const shares = frames.map((frame, t) => {
    // Both count the frame itself.
    const of = (symbol, i) =>
      (forward[t][i] * backward[t].at(-1 - i)) / Math.max(frame[symbol], 1e-300);
    const states = symbols.map(of);
    const total = sum(states);
    return states.map((share) => share / total);
  });
  return text.map((symbol, k) => {
    const mine = shares.map((states) => states[2 * k + 1]);
    const most = Math.max(...mine);
    return {
      place: sum(mine.map((share, t) => share * t)) / sum(mine),
      // Where it is not thought to be at all its probability is that of another one.
      probability: Math.max(...frames.map((frame, t) => (mine[t] > most / 2 ? frame[symbol] : 0))),
    };
  });
}

function sum(values) {
  return values.reduce((a, b) => a + b, 0);
}
