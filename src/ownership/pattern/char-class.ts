import { charSet, complement, foldSet } from '../automaton/char-set.js';
import { alt, char, type Expression, literalText } from '../automaton/expression.js';
import { escapedAt, posixClass, refused, unpaired } from './glob-problem.js';

/** picomatch's test for what can only be meant as a class; `[id]` may be the name of a folder too, so it is both. */
const SURELY_A_CLASS = /[-*+?.^${}(|)[\]]/;

/**
 * The class that the `[` at an offset of a glob opens, as picomatch reads it (only `^` negates, and a negated class
 * takes no `/`), and the offset behind its `]`.
 * @throws GlobProblem
 */
export function readCharClass(
  glob: string,
  at: number,
  folded: boolean,
): { expression: Expression; end: number } {
  const negated = glob[at + 1] === '^';
  const first = at + (negated ? 2 : 1);
  const members: { code: number; hyphen: boolean }[] = [];
  let last = first;
  for (; glob[last] !== ']' || last === first; last += 1) {
    const escaped = glob[last] === '\\';
    if (glob.startsWith('\\\\\\\\', last)) throw refused('backslash', last, 4);
    if (escaped) last = escapedAt(glob, last);
    if (last >= glob.length) throw unpaired(glob, at);
    members.push({ code: glob.charCodeAt(last), hyphen: !escaped && glob[last] === '-' });
  }
  const end = last + 1;
  const written = glob.slice(first, last);
  if (/\[.*:/s.test(written)) throw posixClass(glob, at);
  const ranges: [number, number][] = negated ? [[47, 47]] : [];
  for (let i = 0; i < members.length; i += 1) {
    const from = members[i]!.code;
    if (members[i + 1]?.hyphen === true && i + 2 < members.length) i += 2;
    const to = members[i]!.code;
    if (from > to) throw refused('backward range', at, end - at);
    ranges.push([from, to]);
  }
  const set = folded ? foldSet(charSet(ranges)) : charSet(ranges);
  if (negated) return { expression: char(complement(set)), end };
  if (SURELY_A_CLASS.test(written)) return { expression: char(set), end };
  const text = `[${String.fromCharCode(...members.map(({ code }) => code))}]`;
  return { expression: alt(literalText(text, folded), char(set)), end };
}
