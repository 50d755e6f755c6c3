// What was read, on the page: text, what the network saw, probabilities as bars.

const [text, sureness, seen, bars] = ["text", "sureness", "seen", "bars"].map((id) =>
  document.getElementById(id),
);

const TEN = Array.from({ length: 10 }, (_, i) => ({ label: `${i}`, probability: null }));

export function showBlank(why) {
  text.textContent = "";
  sureness.textContent = why;
  showSeen({ width: 28, height: 28, values: new Float32Array(28 * 28) }, "Nothing");
  showBars(TEN);
}

export function showReading(reading) {
  text.textContent = reading.text;
  sureness.textContent = percent(reading.confidence);
  showSeen(reading.frame ?? reading.strip, reading.text);
  showBars(reading.digits);
}

function showSeen({ width, height, values }, what) {
  seen.width = width;
  seen.height = height;
  const pixels = new ImageData(width, height);
  values.forEach((value, i) => pixels.data.set([value, value, value, 255], 4 * i));
  seen.getContext("2d").putImageData(pixels, 0, 0);
  seen.setAttribute("aria-label", `${what}, white on black, ${width} by ${height} pixels`);
}

function showBars(digits) {
  bars.replaceChildren(
    ...digits.map(({ label, probability }) => {
      const row = document.createElement("li");
      const [bar, share] = ["bar", "share"].map((name) => {
        const part = document.createElement("span");
        part.className = name;
        return part;
      });
      bar.style.backgroundSize = `${100 * (probability ?? 0)}% 100%`;
      share.textContent = probability === null ? "" : percent(probability);
      row.append(label, bar, share);
      return row;
    }),
  );
}

// 100 % is what nobody can be sure of.
function percent(probability) {
  return `${Math.min(99.9, 100 * probability).toFixed(1)} %`;
}
