import { didYouMean } from '../../util/text/nearest-name.js';
import type { Finding, Problems } from '../diagnostics/problems.js';
import { entriesOf, type ScalarNode, type Span, type YamlNode } from '../yaml/yaml-node.js';
import { type ListStyle, type SplitValue, splitText } from './part.js';

/** `${{ ... }}` on one line; with one more `$` before it, it stands for itself. */
const REFERENCE = /\$?\$\{\{([^\n]{0,200}?)\}\}/g;
const LONE_OPENING = /(?<!\$)\$\{\{(?![^\n]{0,200}?\}\})/;
const VARIABLE = /^vars\.([A-Za-z_][A-Za-z0-9_-]*)$/;

const ITSELF = '`$${{` for the characters themselves';

/** More wrong references than this in one value help nobody, and finding the place of each takes time. */
const MOST_FAILURES = 20;

/** What all values of a plan may grow to, in characters; variables that double each other would fill the memory. */
const MOST_TEXT = 64 * 1024 * 1024;

/** How deep variables are followed through each other, by recursion; only a circle goes deeper than the first. */
const DEEPEST = 400;
const LONGEST_CIRCLE = 500;

/** Variables that only one task has: those of a part, and how its lists are to read. */
export interface Local {
  values: ReadonlyMap<string, SplitValue>;
  style: ListStyle;
}

/**
 * The variables of a plan. `${{ vars.NAME }}` gives the value of `vars.NAME` in the plan, or that of `overrides`
 * (`--var NAME=value`, taken as it is). A value may use other variables. `$${{` writes `${{`.
 */
export class Variables {
  readonly #declared: ReadonlyMap<string, { at: Span; value: ScalarNode }>;
  readonly #values = new Map<string, string | undefined>();
  readonly #expanded = new Map<ScalarNode, string | undefined>();
  readonly #open: string[] = [];
  readonly #used = new Set<string>();
  #grown = 0;

  constructor(
    declared: YamlNode | undefined,
    readonly overrides: Readonly<Record<string, string>>,
    readonly problems: Problems,
  ) {
    this.#declared = new Map(
      [...entriesOf(declared)].flatMap(([name, { at, value }]) =>
        value.kind === 'scalar' ? [[name, { at, value }]] : [],
      ),
    );
    // Values are found by recursion: the far ends of long chains come first, so that it never gets deep.
    for (const name of this.#farEnds()) this.#valueOf(name);
    // Values that nothing uses are checked too.
    for (const name of this.#declared.keys()) this.#valueOf(name);
    this.#used.clear();
  }

  /** The text of a scalar with its variables replaced; undefined when that failed (and was reported). */
  expand(node: ScalarNode, local?: Local): string | undefined {
    if (!node.text.includes('${{')) return node.text;
    if (local !== undefined && node.text.includes('split.')) return this.#replace(node, local);
    if (this.#expanded.has(node)) return this.#expanded.get(node);
    const result = this.#replace(node);
    this.#expanded.set(node, result);
    return result;
  }

  /** Warns about overrides that the plan neither declares nor uses: a slip in `--var` would go unnoticed. To be called last. */
  reportUnused(at: Span): void {
    for (const name of Object.keys(this.overrides)) {
      if (this.#declared.has(name) || this.#used.has(name)) continue;
      this.problems.add({
        code: 'unknown-variable',
        severity: 'warning',
        message: `--var ${name}: the plan has no variable \`${name}\``,
        at,
        hint: didYouMean(name, this.#declared.keys()),
      });
    }
  }

  /** The variables that recursion would meet more than DEEPEST deep, each after those it uses (but for circles). */
  #farEnds(): string[] {
    const order: string[] = [];
    const seen = new Set<string>();
    const stack: { name: string; uses: string[] }[] = [];
    const enter = (name: string) => {
      if (seen.has(name) || !this.#declared.has(name)) return;
      seen.add(name);
      stack.push({ name, uses: namesIn(this.#declared.get(name)!.value.text).reverse() });
    };
    for (const name of this.#declared.keys()) {
      enter(name);
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const next = top.uses.pop();
        if (next !== undefined) enter(next);
        else if (stack.length > DEEPEST) order.push(stack.pop()!.name);
        else stack.pop();
      }
    }
    return order;
  }

  #replace(node: ScalarNode, local?: Local): string | undefined {
    const seen = new Map<string, number>();
    let failures = 0;
    const result = node.text.replace(REFERENCE, (match, inner: string) => {
      const reference = match.startsWith('$$') ? match.slice(1) : match;
      const occurrence = seen.get(reference) ?? 0;
      seen.set(reference, occurrence + 1);
      if (match !== reference || failures >= MOST_FAILURES) return reference;
      const value = this.#resolve(inner.trim(), () => this.#place(node, match, occurrence), local);
      if (value === undefined) failures += 1;
      return value ?? '';
    });
    const lone = node.text.search(LONE_OPENING);
    if (lone !== -1) {
      const message = '`$' + '{{` without `}}` on its line';
      const occurrence = node.text.slice(0, lone).split('$' + '{{').length - 1;
      return this.#unknown(this.#place(node, '${{', occurrence), message, `write ${ITSELF}`);
    }
    if (failures > 0) return undefined;
    this.#grown += result.length;
    if (this.#grown <= MOST_TEXT) return result;
    this.#grown = Number.NEGATIVE_INFINITY;
    this.problems.addWrong(node, 'variables make more than 64 MB of text of this plan');
    return undefined;
  }

  #resolve(inner: string, place: () => Span, local?: Local): string | undefined {
    const own = local?.values.get(inner);
    if (own !== undefined) return splitText(own, local!.style);
    const name = VARIABLE.exec(inner)?.[1];
    if (name === undefined) {
      const known = Array.from(this.#declared.keys(), (declared) => `vars.${declared}`);
      const hint = didYouMean(inner, [...known, ...(local?.values.keys() ?? [])]);
      return this.#unknown(
        place(),
        local === undefined && inner.startsWith('split.')
          ? `\`\${{ ${inner} }}\` has a value only in the texts of a task that has \`split\``
          : `\`\${{ ${inner} }}\` is not a variable: only \`vars.NAME\` is`,
        hint ?? `declare it under \`vars\`, or write ${ITSELF}`,
      );
    }
    this.#used.add(name);
    if (!this.#declared.has(name) && !Object.hasOwn(this.overrides, name)) {
      const hint = `declare it under \`vars\`, or pass --var ${name}=...`;
      const message = `no variable is called \`${name}\``;
      return this.#unknown(place(), message, didYouMean(name, this.#declared.keys()) ?? hint);
    }
    if (this.#open.includes(name)) {
      const circle = [...this.#open.slice(this.#open.indexOf(name)), name];
      const related = circle.slice(1).map((step, i) => ({
        at: this.#declared.get(circle[i]!)!.at,
        message: `\`${circle[i]}\` uses \`${step}\``,
      }));
      const message = `variables that use each other in a circle have no value: ${circle.join(' → ')}`;
      return this.#unknown(place(), message, undefined, related);
    }
    if (this.#open.length >= LONGEST_CIRCLE && !this.#values.has(name)) {
      const message = `more than ${LONGEST_CIRCLE} variables use each other in a circle, and have no value`;
      return this.#unknown(place(), message);
    }
    return this.#valueOf(name);
  }

  #unknown(at: Span, message: string, hint?: string, related?: Finding['related']): undefined {
    this.problems.add({ code: 'unknown-variable', message, at, hint, related });
  }

  #valueOf(name: string): string | undefined {
    if (this.#values.has(name)) return this.#values.get(name);
    const declared = this.#declared.get(name);
    this.#open.push(name);
    // Expanded even when overridden, so that a mistake in the plan is found whatever the command line says.
    const own = declared && this.expand(declared.value);
    this.#open.pop();
    const value = Object.hasOwn(this.overrides, name) ? this.overrides[name] : own;
    this.#values.set(name, value);
    return value;
  }

  /** Where the given occurrence of some text stands in the source of a scalar; the whole scalar where it is escaped there. */
  #place(node: ScalarNode, searched: string, occurrence: number): Span {
    const { text } = this.problems;
    let start = text.indexOf(searched, node.start);
    for (let i = 0; i < occurrence && start !== -1; i += 1) start = text.indexOf(searched, start + 1);
    if (start === -1 || start + searched.length > node.end) return node;
    return { start, end: start + searched.length };
  }
}

/** The variables that a value uses, in the order in which it does. */
function namesIn(text: string): string[] {
  if (!text.includes('${{')) return [];
  return Array.from(text.matchAll(REFERENCE)).flatMap(([match, inner]) => {
    const name = match.startsWith('$$') ? undefined : VARIABLE.exec(inner!.trim())?.[1];
    return name === undefined ? [] : [name];
  });
}
