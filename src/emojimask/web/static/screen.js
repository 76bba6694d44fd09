// The canvas that people see. It shows masked pictures or the shield, never the camera.

const SHIELD = ["#2c3e5c", "#1a263c"], DISC = "#3e5478";

export class Screen {
  #canvas; #context; #emoji = new Image(); #shielded = true;

  constructor(canvas, emojiSource) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#emoji.onload = () => { if (this.#shielded) this.shield(); };
    this.#emoji.src = emojiSource;
    this.shield();
  }

  get canvas() { return this.#canvas; }

  /** Draw a masked picture that came from the program. */
  draw(bitmap) {
    if (this.#canvas.width !== bitmap.width || this.#canvas.height !== bitmap.height) {
      this.#canvas.width = bitmap.width;
      this.#canvas.height = bitmap.height;
    }
    this.#shielded = false;
    this.#context.drawImage(bitmap, 0, 0);
  }

  /** Cover everything. */
  shield() {
    this.#shielded = true;
    const { width, height } = this.#canvas, side = 0.3 * Math.min(width, height);
    const shade = this.#context.createLinearGradient(0, 0, 0, height);
    shade.addColorStop(0, SHIELD[0]);
    shade.addColorStop(1, SHIELD[1]);
    this.#context.fillStyle = shade;
    this.#context.fillRect(0, 0, width, height);
    this.#context.fillStyle = DISC;
    this.#context.beginPath();
    this.#context.arc(width / 2, height / 2, 0.7 * side, 0, 2 * Math.PI);
    this.#context.fill();
    if (this.#emoji.complete && this.#emoji.naturalWidth)
      this.#context.drawImage(this.#emoji, (width - side) / 2, (height - side) / 2, side, side);
  }
}
