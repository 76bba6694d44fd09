// Records the canvas, which shows masked pictures only, with the microphone's sound if wished.

const TYPES = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

export class Recorder {
  #recorder = null; #sound = null; #pieces = []; #ended = null;
  onended = () => {}; // by itself: the browser's encoder has failed

  get running() { return this.#recorder !== null; }

  /** Throws an Error that says what is wrong. */
  async start(canvas, withSound) {
    const type = TYPES.find((name) => window.MediaRecorder?.isTypeSupported(name));
    if (!type) throw new Error("This browser cannot record. Another one, or a newer one, can.");
    const tracks = canvas.captureStream(30).getVideoTracks();
    if (withSound) {
      try {
        this.#sound = await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch {
        throw new Error("The microphone may not be used. Allow it beside the address, or record without sound.");
      }
      tracks.push(...this.#sound.getAudioTracks());
    }
    this.#pieces = [];
    try {
      const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: type, videoBitsPerSecond: 4_000_000 });
      recorder.ondataavailable = ({ data }) => { if (data.size) this.#pieces.push(data); };
      this.#ended = new Promise((resolve) => { recorder.onstop = resolve; });
      this.#ended.then(() => { if (this.#recorder === recorder) this.onended(); });
      recorder.start(1000);
      this.#recorder = recorder;
    } catch (error) {
      this.#hush();
      throw new Error(`This browser cannot record (${error.message}).`);
    }
  }

  /** Ends the recording, where it has not ended by itself; gives the file. */
  async stop() {
    const recorder = this.#recorder;
    this.#recorder = null;
    if (recorder.state !== "inactive") recorder.stop();
    await this.#ended;
    this.#hush();
    return new Blob(this.#pieces, { type: recorder.mimeType.split(";")[0] });
  }

  #hush() {
    this.#sound?.getTracks().forEach((track) => track.stop());
    this.#sound = null;
  }
}
