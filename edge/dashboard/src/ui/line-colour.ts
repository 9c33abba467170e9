// Which colour a line of the chart has: its swatch beside the name must have the same.

/** As many as styles/base.css has; then they repeat. */
const COLOURS = 8;

/** The name of the colour of a line, by its place among those drawn. */
export const lineColour = (index: number): string => `line-${index % COLOURS}`;
