// Arithmetic on images of one channel: { width, height, values }, row by row.

export function newImage(width, height) {
  return { width, height, values: new Float32Array(width * height) };
}

export function map(image, change) {
  return { ...image, values: image.values.map(change) };
}

export function cropped({ width, values }, { left, top, right, bottom }) {
  const part = newImage(right - left, bottom - top);
  for (let y = top; y < bottom; y++) {
    part.values.set(values.subarray(y * width + left, y * width + right), (y - top) * part.width);
  }
  return part;
}

// Means of blocks of `factor` × `factor` pixels. What is over at the right and below is left out.
export function reduced(image, factor) {
  if (factor === 1) return image;
  const small = newImage(Math.floor(image.width / factor), Math.floor(image.height / factor));
  for (let y = 0; y < small.height * factor; y++) {
    const row = Math.floor(y / factor) * small.width;
    for (let x = 0, place = y * image.width; x < small.width; x++) {
      for (let k = 0; k < factor; k++, place++) small.values[row + x] += image.values[place];
    }
  }
  return map(small, (sum) => sum / factor ** 2);
}

// How much of each of `length` pixels goes into each of `n` others, which are `scale` times as wide
// and lie around `centre`. A list of { first, shares }.
function weights(centre, scale, n, length, filter) {
  const width = Math.max(scale, 1);
  const reach = filter === overlap ? width / 2 : width;
  return Array.from({ length: n }, (_, i) => {
    const middle = centre + (i + 0.5 - n / 2) * scale;
    const first = Math.max(0, Math.floor(middle - reach));
    const last = Math.min(length, Math.ceil(middle + reach));
    const shares = [];
    for (let pixel = first; pixel < last; pixel++) shares.push(filter(pixel + 0.5 - middle, width));
    return { first, shares };
  });
}

// How much of a pixel lies within one that is so many times as wide and so far away: the mean over
// its area where an image is made smaller, linear interpolation where it is magnified.
export function overlap(away, width) {
  const shared = Math.min(width / 2, away + 0.5) - Math.max(-width / 2, away - 0.5);
  return Math.max(0, shared) / width;
}

// The same with soft edges, as Pillow's bilinear resampling has them.
export function triangle(away, width) {
  return Math.max(0, 1 - Math.abs(away) / width) / width;
}

// The part of an image around `x`, `y` at another size, each pixel of it `scale` of those before.
// Beyond the edges there is nothing.
export function resampled(image, { x, y, scale, width, height }, filter) {
  const columns = weights(x, scale, width, image.width, filter);
  const rows = weights(y, scale, height, image.height, filter);
  const part = newImage(width, height);
  rows.forEach((row, i) => {
    row.shares.forEach((share, k) => {
      const start = (row.first + k) * image.width;
      for (let j = 0; j < width; j++) {
        const { first, shares } = columns[j];
        let sum = 0;
        for (let l = 0; l < shares.length; l++) sum += shares[l] * image.values[start + first + l];
        part.values[i * width + j] += share * sum;
      }
    });
  });
  return part;
}

// A reduced image at its former size; beyond its last pixels it goes on as it ends.
export function magnified(small, factor, { width, height }) {
  const between = (place, length) => {
    const within = Math.min(Math.max((place + 0.5) / factor - 0.5, 0), length - 1);
    const first = Math.min(Math.floor(within), Math.max(length - 2, 0));
    return [first, Math.min(first + 1, length - 1), within - first];
  };
  const columns = Array.from({ length: width }, (_, x) => between(x, small.width));
  const large = newImage(width, height);
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = between(y, small.height);
    columns.forEach(([left, right, across], x) => {
      const along = (row) => {
        const start = row * small.width;
        return small.values[start + left] * (1 - across) + small.values[start + right] * across;
      };
      large.values[y * width + x] = along(top) * (1 - down) + along(bottom) * down;
    });
  }
  return large;
}

// Number of pixels of each of 256 levels.
export function histogram(levels) {
  const counts = new Float64Array(256);
  for (const level of levels) counts[level] += 1;
  return counts;
}

// Level below or at which a share of `q` of the pixels is.
export function quantile(counts, q) {
  const total = counts.reduce((a, b) => a + b, 0);
  let below = 0;
  return counts.findIndex((count) => (below += count) >= q * total);
}

// Last level of the darker of two classes, by Otsu (1979).
export function otsu(counts) {
  const total = counts.reduce((a, b) => a + b, 0);
  const all = counts.reduce((sum, count, level) => sum + count * level, 0);
  let below = 0;
  let moment = 0;
  const between = Array.from(counts, (count, level) => {
    below += count;
    moment += count * level;
    return (all * below - moment * total) ** 2 / (below * (total - below)) || 0;
  });
  // In the middle between the classes, where no level is taken and all are as good.
  const most = Math.max(...between) * (1 - 1e-9);
  const best = [...between.keys()].filter((level) => between[level] >= most);
  return Math.floor(best.reduce((a, b) => a + b) / best.length);
}

// The smallest (or, with Math.max, the largest) value within `reach` pixels of each, on both axes.
function extreme(image, reach, choose) {
  return alongBoth(image, (line, of) => {
    for (let i = 0; i < line.length; i++) {
      let found = of[i];
      const stop = Math.min(line.length - 1, i + reach);
      for (let k = Math.max(0, i - reach); k <= stop; k++) found = choose(found, of[k]);
      line[i] = found;
    }
  });
}

// What is brighter than around it and narrower than 2 × `reach` + 1 pixels is levelled.
export function opened(image, reach) {
  return extreme(extreme(image, reach, Math.min), reach, Math.max);
}

// Mean of the values within `reach` pixels of each; beyond the edge an image goes on as it ends.
export function blurred(image, reach) {
  return alongBoth(image, (line, of) => {
    const at = (i) => of[Math.min(Math.max(i, 0), of.length - 1)];
    let sum = 0;
    for (let i = -reach; i < reach; i++) sum += at(i);
    for (let i = 0; i < line.length; i++) {
      sum += at(i + reach);
      line[i] = sum / (2 * reach + 1);
      sum -= at(i - reach);
    }
  });
}

// Applies `filter(line, of)` to each row and then to each column.
function alongBoth(image, filter) {
  const { width, height } = image;
  const result = newImage(width, height);
  for (let y = 0; y < height; y++) {
    const row = [y * width, (y + 1) * width];
    filter(result.values.subarray(...row), image.values.subarray(...row));
  }
  const line = new Float32Array(height);
  for (let x = 0; x < width; x++) {
    const of = Float32Array.from(line, (_, y) => result.values[y * width + x]);
    filter(line, of);
    line.forEach((value, y) => (result.values[y * width + x] = value));
  }
  return result;
}
