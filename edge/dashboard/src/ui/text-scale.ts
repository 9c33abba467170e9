// How much larger than usual the reader wants text, for what is drawn in pixels.

const USUAL_PX = 16;

/** 1 for the usual size. */
export const textScale = (): number =>
  Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL_PX || 1;
