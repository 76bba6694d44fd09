// The browser's camera, as JPEG frames. Its picture is never put on the page.

const WISH = { video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } }, audio: false };
const MAX_SIDE = 640, QUALITY = 0.85, FROZEN_MS = 3000;

const WHY_NOT = {
  NotAllowedError: "The camera may not be used. Allow it: click the camera or lock symbol beside the address, choose Allow, "
    + "then press Start camera again. If your system blocks it, allow the browser in the system's privacy settings.",
  NotFoundError: "No camera was found. Plug one in and press Start camera again.",
  NotReadableError: "The camera is there but gives no picture; another program may be using it. Close that program and press Start camera again.",
  OverconstrainedError: "The camera cannot give a picture of this size. Try another camera.",
  AbortError: "The camera stopped before it began. Press Start camera again.",
  SecurityError: "This browser blocks cameras on this page. Open it as http://127.0.0.1 in an ordinary window.",
};

export class Camera {
  #stream = null; #video = document.createElement("video"); #canvas = new OffscreenCanvas(2, 2);
  onfrozen = () => {}; onmoving = () => {}; onended = () => {};

  /** Ask for a camera: the one of this id where it is there, else another. Throws an Error whose message says what to do. */
  async start(device) {
    if (!navigator.mediaDevices?.getUserMedia)
      throw new Error("This browser gives cameras to secure pages only. Open the page as http://127.0.0.1.");
    try {
      this.#stream = await ask(device);
    } catch (error) {
      throw new Error(WHY_NOT[error.name] ?? `The camera cannot be used (${error.name}). Press Start camera to try again.`);
    }
    this.#stream.getVideoTracks()[0].onended = () => this.onended();
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.srcObject = this.#stream;
    this.#video.play().catch(() => {}); // waits for the first picture, for ever where none comes: feed() tells of that
  }

  /** The id of the camera that is on. */
  get device() { return this.#stream?.getVideoTracks()[0].getSettings().deviceId; }

  /** Hand every frame for which there is room to the stream, until stopped. A later start has a feed of its own. */
  async feed(stream) {
    const started = this.#stream;
    let frozen = false;
    while (this.#stream === started) {
      const moved = await this.#nextPicture();
      if (this.#stream !== started) return;
      if (frozen !== !moved) {
        frozen = !moved;
        frozen ? this.onfrozen() : this.onmoving();
      }
      if (moved && stream.ready) await stream.send(await this.#jpeg(), performance.now());
    }
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#video.srcObject = null;
    this.#stream = null;
  }

  /** True with the camera's next picture; false where none came for three seconds. */
  #nextPicture() {
    return new Promise((resolve) => {
      const { currentTime } = this.#video;
      const handle = this.#video.requestVideoFrameCallback(() => { clearTimeout(timer); resolve(true); });
      const timer = setTimeout(() => {
        this.#video.cancelVideoFrameCallback(handle);
        resolve(document.hidden && this.#video.currentTime !== currentTime); // a page in the background is not called
      }, document.hidden ? 500 : FROZEN_MS);
    });
  }

  #jpeg() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    if (this.#canvas.width !== Math.round(width * scale) || this.#canvas.height !== Math.round(height * scale)) {
      this.#canvas.width = Math.round(width * scale);
      this.#canvas.height = Math.round(height * scale);
    }
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    return this.#canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  }
}

async function ask(device) {
  if (!device) return navigator.mediaDevices.getUserMedia(WISH);
  try {
    return await navigator.mediaDevices.getUserMedia({ ...WISH, video: { ...WISH.video, deviceId: { exact: device } } });
  } catch (error) {
    if (error.name !== "OverconstrainedError") throw error;
    return ask(); // it is unplugged by now
  }
}

/** The cameras by id and name; browsers tell them once one has been allowed. */
export async function listCameras() {
  const found = (await navigator.mediaDevices?.enumerateDevices() ?? []).filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
  return found.map(({ deviceId, label }, number) => ({ id: deviceId, name: label || `Camera ${number + 1}` }));
}

/** True where the person has allowed the camera on this page before. */
export async function isAllowed() {
  try {
    return (await navigator.permissions.query({ name: "camera" })).state === "granted";
  } catch {
    return false; // a browser that does not tell
  }
}
