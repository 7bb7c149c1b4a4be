import { $, bold, cyan, dim, green, red, yellow } from 'kleur/colors';

const STYLES = { bold, dim, red, green, yellow, cyan };

/** The few styles that reports use. */
export type Style = keyof typeof STYLES;

/** Takes a style and text; gives the text in that style, or as it is when colours are off. */
export type Paint = (style: Style, text: string) => string;

/** Takes whether to use colours; gives the function that applies them. kleur's own switch, a guess made from the environment, is put aside for the call and left as it was. */
export function createPaint(color: boolean): Paint {
  if (!color) return (_style, text) => text;
  return (style, text) => {
    if (text === '') return text;
    const guess = $.enabled;
    $.enabled = true;
    try {
      return STYLES[style](text);
    } finally {
      $.enabled = guess;
    }
  };
}
