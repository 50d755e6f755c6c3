// The paper: strokes of mouse, finger, pen or arrow keys, or a photo, each step of which can be
// taken back.

import { newImage } from "./pixels.js";

// Pixels in which drawings are read, and the width of the pen. Shown three times as fine.
const WIDTH = 384;
const HEIGHT = 256;
const PEN = 10;
const FINE = 3;

// What an arrow key moves the pen by.
const STEP = 6;
const ARROWS = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

export class Pad {
  // Calls `onLower` when the pen is set down, and `onChange` when something was drawn, opened, taken
  // back or wiped off.
  constructor(canvas, onLower, onChange) {
    this.canvas = canvas;
    this.onLower = onLower;
    this.onChange = onChange;
    // What was on the paper after each step: a photo and strokes, lists of points.
    this.states = [{ photo: null, strokes: [] }];
    this.stroke = null; // that is being drawn
    this.cursor = { x: WIDTH / 2, y: HEIGHT / 2 }; // of arrow keys
    this.boxes = [];
    canvas.width = WIDTH * FINE;
    canvas.height = HEIGHT * FINE;
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    // Strokes may leave the paper and come back.
    window.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      window.addEventListener(end, (event) => this.#isDrawing(event) && this.#lift());
    }
    canvas.addEventListener("keydown", (event) => this.#type(event));
    canvas.addEventListener("focus", () => this.show());
    canvas.addEventListener("blur", () => {
      if (this.stroke?.by === "keyboard") this.#lift();
      this.show();
    });
    this.show();
  }

  get state() {
    return this.states.at(-1);
  }

  get isBlank() {
    return !this.state.photo && !this.state.strokes.length && !this.stroke;
  }

  get canUndo() {
    return this.stroke !== null || this.states.length > 1;
  }

  undo() {
    if (this.stroke) this.stroke = null;
    else if (this.canUndo) this.states.pop();
    this.#changed();
  }

  clear() {
    if (!this.isBlank) this.#become({ photo: null, strokes: [] });
  }

  open(photo) {
    this.#become({ photo, strokes: [] });
  }

  // Puts boxes around digits, in pixels of the image that was read.
  mark(boxes) {
    this.boxes = boxes;
    this.show();
  }

  // What is on the paper as an image of one channel, ink high.
  image() {
    if (this.state.photo) return this.state.photo.image;
    const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    drawStrokes(context, this.state.strokes);
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    const image = newImage(WIDTH, HEIGHT);
    // What is not drawn on is transparent.
    for (let i = 0; i < image.values.length; i++) image.values[i] = data[4 * i + 3];
    return image;
  }

  // Draws all anew, in the colours of the theme.
  show() {
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    context.setTransform(FINE, 0, 0, FINE, 0, 0);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.strokeStyle = context.fillStyle = style.color;
    const { photo, strokes } = this.state;
    const place = photo ? fitted(photo.picture) : { left: 0, top: 0, scale: 1 };
    if (photo && !this.stroke) {
      const { width, height } = photo.picture;
      const size = [width * place.scale, height * place.scale];
      context.drawImage(photo.picture, place.left, place.top, ...size);
    }
    drawStrokes(context, this.stroke ? [...strokes, this.stroke.points] : strokes);
    context.beginPath();
    for (const { left, top, right, bottom } of this.boxes) {
      const [x, y] = [place.left + left * place.scale, place.top + top * place.scale];
      context.rect(x, y, (right - left) * place.scale, (bottom - top) * place.scale);
    }
    if (this.canvas.matches(":focus-visible")) {
      context.moveTo(this.cursor.x + PEN, this.cursor.y);
      context.arc(this.cursor.x, this.cursor.y, PEN, 0, 2 * Math.PI);
    }
    // With a rim, to be seen on strokes and on photos of any colour.
    for (const [colour, width] of [[style.backgroundColor, 3], [style.accentColor, 1.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }

  #press(event) {
    // Of several buttons the main one draws, of several fingers the first one.
    const isOther = this.stroke && !["keyboard", event.pointerId].includes(this.stroke.by);
    if (event.button !== 0 || isOther) return;
    this.#lift();
    this.#lower(this.#placeOf(event), event.pointerId);
  }

  #move(event) {
    if (!this.#isDrawing(event)) return;
    // Between two frames of the screen a pen moves more than once.
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) this.stroke.points.push(this.#placeOf(move));
    this.show();
  }

  #type(event) {
    if (event.key === " ") {
      if (this.stroke) this.#lift();
      else this.#lower({ ...this.cursor }, "keyboard");
    } else if (event.key in ARROWS) {
      const [x, y] = ARROWS[event.key];
      this.cursor.x = Math.min(Math.max(this.cursor.x + x, 0), WIDTH);
      this.cursor.y = Math.min(Math.max(this.cursor.y + y, 0), HEIGHT);
      this.stroke?.points.push({ ...this.cursor });
      this.show();
    } else return;
    event.preventDefault();
  }

  #isDrawing(event) {
    return this.stroke?.by === event.pointerId;
  }

  #placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return { x: ((clientX - left) / width) * WIDTH, y: ((clientY - top) / height) * HEIGHT };
  }

  #lower(place, by) {
    this.stroke = { by, points: [place] };
    this.boxes = [];
    this.show();
    this.onLower();
  }

  #lift() {
    if (!this.stroke) return;
    const { points } = this.stroke;
    // A drawing takes the place of a photo.
    this.#become({ photo: null, strokes: [...this.state.strokes, points] });
  }

  #become(state) {
    this.states.push(state);
    this.#changed();
  }

  #changed() {
    this.stroke = null;
    this.boxes = [];
    this.show();
    this.onChange();
  }
}

function drawStrokes(context, strokes) {
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = PEN;
  for (const [start, ...points] of strokes) {
    context.beginPath();
    context.moveTo(start.x, start.y);
    // A dot is a line of no length.
    for (const { x, y } of points.length ? points : [start]) context.lineTo(x, y);
    context.stroke();
  }
}

// Where a picture lies on the paper, as large as it can.
function fitted({ width, height }) {
  const scale = Math.min(WIDTH / width, HEIGHT / height);
  return { left: (WIDTH - width * scale) / 2, top: (HEIGHT - height * scale) / 2, scale };
}
