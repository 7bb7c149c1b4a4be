import type { Node } from './program.js';

/**
 * What must hold of the rest of a text: node `at` must be true (`literal = 2 * at`) or false (`2 * at + 1`).
 * `chars` are obligations on nodes that take a character. `end`: whether the text must end here, must not, or may.
 */
export interface Choice {
  chars: readonly number[];
  end: 'must' | 'must not' | 'may';
}

/** A count of work that is left; searches stop when it is used up. */
export interface Budget {
  left: number;
}

interface Branch {
  waiting: number[];
  seen: Set<number>;
  chars: number[];
  end: Choice['end'];
}

/**
 * Takes nodes, obligations that must all hold at one place, and whether that is the text's start; gives the ways to
 * meet them, each as obligations on the next character alone. This is how an alternating automaton becomes a
 * nondeterministic one: alternatives of a node that must be true are choices, those of one that must be false are
 * all obligations, and a negated lookahead turns one into the other.
 */
export function expand(
  nodes: readonly Node[],
  obligations: readonly number[],
  atStart: boolean,
  budget: Budget,
): Choice[] {
  const choices: Choice[] = [];
  const branches: Branch[] = [{ waiting: [...obligations], seen: new Set(), chars: [], end: 'may' }];
  for (let branch = branches.pop(); branch !== undefined && budget.left > 0; branch = branches.pop()) {
    const choice = follow(nodes, branch, atStart, branches, budget);
    if (choice !== null) choices.push(choice);
  }
  return choices.length > 1 ? withoutHarder(choices, budget) : choices;
}

/** Leaves out choices that ask for everything that another one asks for, and more. */
function withoutHarder(choices: readonly Choice[], budget: Budget): Choice[] {
  const easiestFirst = [...choices].sort((a, b) => a.chars.length - b.chars.length);
  const kept: Choice[] = [];
  for (const choice of easiestFirst) {
    const asked = new Set(choice.chars);
    budget.left -= 1 + (kept.length >> 3);
    const easier = (other: Choice): boolean =>
      (other.end === 'may' || other.end === choice.end) && other.chars.every((literal) => asked.has(literal));
    if (!kept.some(easier)) kept.push(choice);
  }
  return kept;
}

/** Follows one branch until only characters are left, or null when it fails; the other ways go to `branches`. */
function follow(
  nodes: readonly Node[],
  branch: Branch,
  atStart: boolean,
  branches: Branch[],
  budget: Budget,
): Choice | null {
  const { waiting, seen, chars } = branch;
  const fork = (literals: readonly number[], end = branch.end): void => {
    budget.left -= 1 + seen.size;
    branches.push({ waiting: [...waiting, ...literals], seen: new Set(seen), chars: [...chars], end });
  };
  for (let literal = waiting.pop(); literal !== undefined; literal = waiting.pop()) {
    if (seen.has(literal)) continue;
    if (seen.has(literal ^ 1)) return null;
    seen.add(literal);
    budget.left -= 1;
    const negated = literal & 1;
    const node = nodes[literal >> 1]!;
    switch (node.op) {
      case 'char':
        chars.push(literal);
        if (negated === 0) {
          if (branch.end === 'must') return null;
          branch.end = 'must not';
        }
        break;
      case 'split':
        if (negated === 1) {
          for (const next of node.to) waiting.push(next * 2 + 1);
        } else {
          if (node.to.length === 0) return null;
          for (let i = node.to.length - 1; i > 0; i -= 1) fork([node.to[i]! * 2]);
          waiting.push(node.to[0]! * 2);
        }
        break;
      case 'start':
        if (atStart) waiting.push(node.next * 2 + negated);
        else if (negated === 0) return null;
        break;
      case 'end':
        if (negated === 0) {
          if (branch.end === 'must not') return null;
          branch.end = 'must';
          waiting.push(node.next * 2);
        } else if (branch.end === 'must') {
          waiting.push(node.next * 2 + 1);
        } else {
          if (branch.end === 'may') fork([node.next * 2 + 1]);
          branch.end = 'must not';
        }
        break;
      case 'look': {
        const body = node.body * 2 + (node.negated ? 1 : 0);
        if (negated === 0) waiting.push(body, node.next * 2);
        else {
          fork([node.next * 2 + 1]);
          waiting.push(body ^ 1);
        }
        break;
      }
      case 'match':
        if (negated === 1) return null;
        break;
      default:
        node satisfies never;
    }
  }
  return { chars: chars.sort((a, b) => a - b), end: branch.end };
}
