/** Takes text; gives it with every character folded, one for one, as in `caseFolding`. */
export function foldText(text: string): string {
  return text.replace(/[\s\S]/g, (char) => {
    const upper = char.toUpperCase();
    return upper.length === 1 && (char < '\x80' || upper >= '\x80') ? upper : char;
  });
}
