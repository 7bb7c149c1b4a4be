/** What a task of a random plan does to its own folder `t<n>/`. */
export type Deed =
  | { do: 'write'; file: string; text: string }
  | { do: 'delete'; file: string }
  | { do: 'executable'; file: string }
  | { do: 'link'; file: string; to: string };

/** One task of a random plan. */
export interface RandomTask {
  id: string;
  needs: string[];
  deeds: Deed[];
  locks: { name: string; mode: 'read' | 'write' }[];
  /** Fails until the test allows it to succeed. */
  fails: boolean;
}

/** A random plan: names of locks are `l0` (capacity 1) and `l1` (capacity 2). */
export interface RandomPlan {
  seed: number;
  concurrency: number;
  tasks: RandomTask[];
}

/** Capacities of the locks of every random plan. */
export const CAPACITY: Readonly<Record<string, number>> = { l0: 1, l1: 2 };

/** mulberry32, a small generator of good numbers in [0, 1) (Tommy Ettinger, public domain). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Makes the plan of a seed. */
export function randomPlan(seed: number): RandomPlan {
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const maybe = (share: number) => next() < share;
  const tasks: RandomTask[] = [];
  const count = 3 + below(6);
  for (let n = 0; n < count; n += 1) {
    const needs = tasks.filter(() => maybe(0.3)).map(({ id }) => id);
    const deeds: Deed[] = [];
    for (let left = below(5); left > 0; left -= 1) {
      const file = `f${below(4)}`;
      const taken = deeds.some((deed) => deed.file === file);
      if (taken) continue;
      const kind = below(4);
      if (kind === 0 && file !== 'f3') deeds.push({ do: 'delete', file });
      else if (kind === 1 && file !== 'f3') deeds.push({ do: 'executable', file });
      else if (kind === 2)
        deeds.push({ do: 'link', file: `link${below(2)}`, to: `../t${below(count)}/${file}` });
      else deeds.push({ do: 'write', file, text: `text ${below(1000)}` });
    }
    const locks = Object.keys(CAPACITY)
      .filter(() => maybe(0.3))
      .map((name) => ({ name, mode: maybe(0.5) ? ('read' as const) : ('write' as const) }));
    const links = new Set<string>();
    const unique = deeds.filter((deed) => !links.has(deed.file) && links.add(deed.file));
    tasks.push({ id: `t${n}`, needs, deeds: unique, locks, fails: maybe(0.12) });
  }
  return { seed, concurrency: 1 + below(4), tasks };
}

/** Files that every task finds in its folder: f0, f1 and f2 (f3 is never there at the start). */
export function startFiles(plan: RandomPlan): Record<string, string> {
  return Object.fromEntries(
    plan.tasks.flatMap(({ id }) => [0, 1, 2].map((n) => [`${id}/f${n}`, `${id} start ${n}\n`])),
  );
}

/** The plan as YAML. Each task says in $TRACE when it starts and ends, and writes down what it sees of what it needs. */
export function planText(plan: RandomPlan): string {
  const tasks = plan.tasks.map(({ id, needs, deeds, locks, fails }) => {
    const seen = needs.map((need) => `cat ${need}/seen 2>/dev/null`);
    const steps = [
      `echo "start ${id}" >> "$TRACE"`,
      ...deeds.map((deed) => command(id, deed)),
      `{ ${[...seen, `echo ${id}`].join('; ')}; } > ${id}/seen`,
      `echo "end ${id}" >> "$TRACE"`,
      ...(fails ? ['test -e "$ALLOWED"'] : []),
    ];
    const lines = [
      `  ${id}:`,
      `    run: ${JSON.stringify(steps.join('\n'))}`,
      `    owns: [${id}/**]`,
      `    needs: [${needs.join(', ')}]`,
      ...(locks.length > 0
        ? [`    locks: { ${locks.map(({ name, mode }) => `${name}: ${mode}`).join(', ')} }`]
        : []),
    ];
    return lines.join('\n');
  });
  const capacities = Object.entries(CAPACITY).map(([name, capacity]) => `${name}: ${capacity}`);
  return `version: 1\nconcurrency: ${plan.concurrency}\nlocks: { ${capacities.join(', ')} }\ntasks:\n${tasks.join('\n')}\n`;
}

function command(id: string, deed: Deed): string {
  switch (deed.do) {
    case 'write':
      return `echo "${deed.text}" > ${id}/${deed.file}`;
    case 'delete':
      return `rm ${id}/${deed.file}`;
    case 'executable':
      return `chmod 755 ${id}/${deed.file}`;
    case 'link':
      return `ln -s ${deed.to} ${id}/${deed.file}`;
    default:
      return deed satisfies never;
  }
}

/** What a tree (as Project.tree gives it) becomes when every task has done its deeds. */
export function afterAll(plan: RandomPlan, tree: Record<string, string>): Record<string, string> {
  const after = { ...tree };
  const seen = new Map<string, string>();
  for (const { id, needs, deeds } of plan.tasks) {
    for (const deed of deeds) {
      const path = `${id}/${deed.file}`;
      if (deed.do === 'delete') delete after[path];
      else if (deed.do === 'executable') after[path] = after[path]!.replace(/^\d+/, '755');
      else if (deed.do === 'link') after[path] = `link:${deed.to}`;
      else after[path] = `${after[path]?.split(':', 1)[0] ?? '644'}:${deed.text}\n`;
    }
    seen.set(id, `${needs.map((need) => seen.get(need)).join('')}${id}\n`);
    after[`${id}/seen`] = `644:${seen.get(id)}`;
  }
  return after;
}
