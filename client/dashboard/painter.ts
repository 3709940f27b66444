/** How long an animation frame may be late before the timer paints instead. */
const STANDBY_MS = 200;
/** A hidden page has no frames; what can be seen of it is its title. */
const HIDDEN_MS = 1_000;

/**
 * Paints at most once a frame, however often it is asked. Browsers slow or stop animation frames of a window that is
 * covered or has no focus, although a wall may show just that window. So a timer stands by for each frame, and the
 * first of both paints. A hidden page is painted once a second at most, and at once when it is shown again.
 */
export class Painter {
  readonly #paint: () => void;
  #frame = 0;
  #timer = 0;

  constructor(paint: () => void) {
    this.#paint = paint;
    document.addEventListener('visibilitychange', this.#run);
  }

  readonly request = (): void => {
    if (this.#timer !== 0) return;
    this.#frame = requestAnimationFrame(this.#run);
    this.#timer = window.setTimeout(this.#run, document.hidden ? HIDDEN_MS : STANDBY_MS);
  };

  readonly #run = (): void => {
    cancelAnimationFrame(this.#frame);
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    this.#paint();
  };
}
