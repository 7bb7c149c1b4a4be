import type { TaskGraph } from '../../graph/index.js';
import { findOverlaps, type Overlap } from '../../ownership/index.js';
import type { Pattern, Task } from '../plan.js';
import type { Finding } from './problems.js';

/** An `ownership-overlap` for every two tasks without an order between them that may write a common path. */
export function findOwnershipProblems(
  tasks: readonly Task[],
  graph: TaskGraph,
  caseInsensitive: boolean,
): Finding[] {
  const owners = tasks.filter((task) => task.owns.length > 0);
  const overlaps = findOverlaps(
    owners.map((task) => task.owns.map((pattern) => pattern.text)),
    {
      caseInsensitive,
      skip: (a, b) => graph.ordered(owners[a]!.id, owners[b]!.id),
      skipAmong: (sets) => graph.isChain(sets.map((set) => owners[set]!.id)),
    },
  );
  return overlaps.map((overlap) => {
    const [first, second] = [owners[overlap.a]!, owners[overlap.b]!];
    const [mine, other] = [first.owns[overlap.patternA]!, second.owns[overlap.patternB]!];
    const pair = `\`${first.id}\` and \`${second.id}\``;
    return {
      code: 'ownership-overlap',
      message:
        overlap.witness === undefined
          ? `it could not be decided whether ${pair} may write the same file (${overlap.undecided ?? 'the patterns are too large'}), so it counts as if they may`
          : `${pair} may both write ${overlap.witness}, and neither waits for the other`,
      at: mine.at,
      related: [{ at: other.at, message: `\`${second.id}\` owns it by ${quoted(other)}` }],
      tasks: [first.id, second.id],
      patterns: [mine.text, other.text],
      witness: overlap.witness,
      hint: repair(first, second, overlap),
    };
  });
}

/** The cheapest ways out: a pattern that keeps both running at once where there is one, and an order, which always helps. */
function repair(first: Task, second: Task, { separating, separatingSet }: Overlap): string {
  if (first.part !== undefined && first.part.of === second.part?.of)
    return `write \`owns: ["\${{ split.owns }}"]\`: each part of \`${first.part.of}\` then owns its own files`;
  const order = `let one wait: \`needs: [${first.id}]\` in \`${second.id}\``;
  if (separating === undefined) return order;
  const owner = separatingSet === 'b' ? second.id : first.id;
  return `add ${JSON.stringify(separating)} to the \`owns\` of \`${owner}\`, or ${order}`;
}

function quoted(pattern: Pattern): string {
  return JSON.stringify(pattern.text);
}
