import { type Adjacency, adjacency } from './adjacency.js';
import { longestPathsToEnd } from './critical-path.js';
import type { Edge } from './edge.js';
import { type Reaches, reachability } from './reachability.js';
import { topologicalOrder } from './topological-order.js';

/** What a graph is made of; a `Plan` is one. Tasks are in plan order, edges name only them. */
export interface GraphSource {
  readonly tasks: readonly { readonly id: string; readonly estimate?: number }[];
  readonly edges: readonly Pick<Edge, 'from' | 'to'>[];
}

/** The order between the tasks of a plan. Every method that takes an id throws an Error if no task has it. */
export class TaskGraph {
  readonly #ids: readonly string[];
  readonly #estimates: readonly (number | undefined)[];
  readonly #number: ReadonlyMap<string, number>;
  readonly #before: Adjacency;
  readonly #after: Adjacency;
  /** Position of every task in the topological order. */
  readonly #position: Uint32Array;
  readonly #order: Uint32Array;
  #reaches?: Reaches;

  constructor({ tasks, edges }: GraphSource) {
    this.#ids = tasks.map((task) => task.id);
    this.#estimates = tasks.map((task) => task.estimate);
    this.#number = new Map(this.#ids.map((id, index) => [id, index]));
    const from = edges.map((edge) => this.#numberOf(edge.from));
    const to = edges.map((edge) => this.#numberOf(edge.to));
    this.#before = adjacency(this.#ids.length, to, from);
    this.#after = adjacency(this.#ids.length, from, to);
    this.#order = topologicalOrder(this.#before);
    this.#position = new Uint32Array(this.#ids.length);
    this.#order.forEach((node, position) => {
      this.#position[node] = position;
    });
  }

  /** All task ids, each after its prerequisites, otherwise in plan order. */
  order(): string[] {
    return this.#named(this.#order);
  }

  /** The tasks that must finish just before `id`, by `needs` or `reads`, in plan order, each once. */
  directPrerequisites(id: string): string[] {
    return this.#named(neighbours(this.#before, this.#numberOf(id)));
  }

  /** The tasks that wait for `id` directly, in plan order, each once. */
  directDependents(id: string): string[] {
    return this.#named(neighbours(this.#after, this.#numberOf(id)));
  }

  /** All tasks that must finish before `id`, directly or through others, in topological order. */
  prerequisites(id: string): string[] {
    return this.#sorted(closure(this.#before, [this.#numberOf(id)], false));
  }

  /** All tasks that wait for `id`, directly or through others, in topological order. */
  dependents(id: string): string[] {
    return this.#sorted(closure(this.#after, [this.#numberOf(id)], false));
  }

  /** The named tasks and everything they wait for, in topological order. */
  select(ids: readonly string[]): string[] {
    return this.#sorted(
      closure(
        this.#before,
        ids.map((id) => this.#numberOf(id)),
        true,
      ),
    );
  }

  /** Whether one of the two must run before the other (true for a task and itself). Tables are made at the first call. */
  ordered(a: string, b: string): boolean {
    this.#reaches ??= reachability(this.#after);
    const first = this.#numberOf(a);
    const second = this.#numberOf(b);
    return this.#reaches(first, second) || this.#reaches(second, first);
  }

  /** Whether `ordered` holds of every two of these tasks: one walk along them instead of a question for each pair. */
  isChain(ids: readonly string[]): boolean {
    this.#reaches ??= reachability(this.#after);
    const reaches = this.#reaches;
    const nodes = ids.map((id) => this.#numberOf(id));
    nodes.sort((a, b) => this.#position[a]! - this.#position[b]!);
    return nodes.every((node, i) => i === 0 || reaches(nodes[i - 1]!, node));
  }

  /**
   * The critical path from every task to the end of the plan, itself included: what is to start first is what has
   * the largest figure. `weight` gives a task's expected duration (default: its estimate in milliseconds, or 1).
   */
  priorities(
    weight: (id: string) => number = (id) => this.#estimates[this.#numberOf(id)] ?? 1,
  ): Map<string, number> {
    const paths = longestPathsToEnd(this.#before, this.#order, (node) => weight(this.#ids[node]!));
    return new Map(this.#ids.map((id, node) => [id, paths[node]!]));
  }

  #numberOf(id: string): number {
    const number = this.#number.get(id);
    if (number === undefined) throw new Error(`no task is called ${JSON.stringify(id)}`);
    return number;
  }

  #named(nodes: Iterable<number>): string[] {
    return Array.from(nodes, (node) => this.#ids[node]!);
  }

  #sorted(nodes: Iterable<number>): string[] {
    return this.#named([...nodes].sort((a, b) => this.#position[a]! - this.#position[b]!));
  }
}

/** Takes a plan (or its tasks and edges); gives its graph. Nothing is remembered: keep the graph if you ask it often. */
export function graphOf(source: GraphSource): TaskGraph {
  return new TaskGraph(source);
}

/** The neighbours of a node by number, each once. */
function neighbours({ starts, targets }: Adjacency, node: number): number[] {
  return [...new Set(targets.subarray(starts[node]!, starts[node + 1]!))].sort((a, b) => a - b);
}

/** Everything that `from` leads to; `from` itself only if `inclusive` (or if a cycle leads back to it). */
function closure({ starts, targets }: Adjacency, from: readonly number[], inclusive: boolean): Set<number> {
  const found = new Set(inclusive ? from : []);
  const queue = [...from];
  for (const node of queue) {
    for (let edge = starts[node]!; edge < starts[node + 1]!; edge += 1) {
      const target = targets[edge]!;
      if (found.has(target)) continue;
      found.add(target);
      queue.push(target);
    }
  }
  return found;
}
