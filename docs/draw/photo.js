// Photos from files.

import { withoutLight } from "./ink.js";
import { newImage } from "./pixels.js";

// Larger photos are made smaller than this on their longer side: digits stay large enough.
const LARGEST = 1024;

// The picture in a file and its image with ink high. Raises an Error that says what is wrong.
export async function openPhoto(file) {
  let whole;
  try {
    whole = await createImageBitmap(file);
  } catch {
    throw new Error(
      `“${file.name}” is no picture that this browser opens. Expected a photo or a drawing, ` +
        "such as a JPEG or PNG file.",
    );
  }
  const scale = Math.min(1, LARGEST / Math.max(whole.width, whole.height));
  const width = Math.max(1, Math.round(whole.width * scale));
  const height = Math.max(1, Math.round(whole.height * scale));
  const picture = new OffscreenCanvas(width, height);
  const context = picture.getContext("2d", { willReadFrequently: true });
  // Where it is transparent there is white paper.
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = newImage(width, height);
  for (let i = 0; i < grey.values.length; i++) {
    // Luminance, by ITU-R BT.601.
    grey.values[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  }
  return { picture, image: withoutLight(grey) };
}
