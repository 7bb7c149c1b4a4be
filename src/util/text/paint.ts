import { $, blue, bold, cyan, dim, green, red, yellow } from 'kleur/colors';

// kleur guesses for the whole process whether to colour. Here that is decided for each stream (see wantsColor), by whoever
// makes a Paint: kleur itself always colours.
$.enabled = true;

const STYLES = { bold, dim, red, green, yellow, blue, cyan };

/** The few styles that forge prints in. */
export type Style = keyof typeof STYLES;

/** A text in a style, or as it is where colours are off. */
export type Paint = (style: Style, text: string) => string;

/** Paints for a stream that shows colours, or for one that does not. */
export function createPaint(color: boolean): Paint {
  return color ? (style, text) => (text === '' ? '' : STYLES[style](text)) : (_style, text) => text;
}
