import { type Adjacency, adjacency, type Edge, neighbours } from './adjacency.js';
import { type Components, components } from './components.js';
import { type Reaches, reachability } from './reachability.js';

/** What a graph is made of; a `Plan` is one. Tasks are in plan order, edges name only them. */
export interface GraphSource {
  /** `estimate` is in milliseconds. */
  readonly tasks: readonly { readonly id: string; readonly estimate?: number }[];
  readonly edges: readonly Edge[];
}

/** The order between the tasks of a plan. Every method that takes an id throws an Error if no task has it. */
export class TaskGraph {
  readonly #tasks: GraphSource['tasks'];
  readonly #number: ReadonlyMap<string, number>;
  readonly #prerequisites: Adjacency;
  readonly #components: Components;
  /** Position of every task in the topological order. */
  readonly #position: Uint32Array;
  #reaches?: Reaches;

  constructor({ tasks, edges }: GraphSource) {
    this.#tasks = tasks;
    this.#number = new Map(tasks.map(({ id }, index) => [id, index]));
    this.#prerequisites = adjacency(
      tasks.length,
      edges.map(({ to }) => this.#numberOf(to)),
      edges.map(({ from }) => this.#numberOf(from)),
    );
    this.#components = components(this.#prerequisites);
    this.#position = new Uint32Array(tasks.length);
    this.#components.order.forEach((node, position) => {
      this.#position[node] = position;
    });
  }

  /** All task ids, each after its prerequisites, otherwise in plan order (which means nothing inside a cycle). */
  order(): string[] {
    return this.#named(this.#components.order);
  }

  /** The tasks that must finish just before `id`, in plan order, each once. */
  directPrerequisites(id: string): string[] {
    return this.#named(
      [...new Set(neighbours(this.#prerequisites, this.#numberOf(id)))].sort((a, b) => a - b),
    );
  }

  /** All tasks that must finish before `id`, directly or through others, in topological order. */
  prerequisites(id: string): string[] {
    return this.#closure([this.#numberOf(id)], false);
  }

  /** The named tasks and everything they wait for, in topological order. */
  select(ids: readonly string[]): string[] {
    return this.#closure(
      ids.map((id) => this.#numberOf(id)),
      true,
    );
  }

  /** Whether one of the two must run before the other (true for a task and itself). */
  ordered(a: string, b: string): boolean {
    const [first, second] = [this.#numberOf(a), this.#numberOf(b)];
    return this.#leads(first, second) || this.#leads(second, first);
  }

  /** Whether `ordered` holds of every two of these tasks: one walk along them instead of a question for each pair. */
  isChain(ids: readonly string[]): boolean {
    const nodes = ids.map((id) => this.#numberOf(id));
    nodes.sort((a, b) => this.#position[a]! - this.#position[b]!);
    return nodes.every((node, i) => i === 0 || this.#leads(node, nodes[i - 1]!));
  }

  /**
   * The weight of the heaviest path from every task to the end of the plan, itself included. Starting what has the
   * largest figure first is critical-path (highest-level-first) list scheduling. `weight` is a task's expected duration
   * (default: its estimate, or 1).
   */
  priorities(
    weight: (id: string) => number = (id) => this.#tasks[this.#numberOf(id)]!.estimate ?? 1,
  ): Map<string, number> {
    const paths = new Float64Array(this.#tasks.length);
    for (const node of this.#components.order.toReversed()) {
      const total = paths[node]! + weight(this.#tasks[node]!.id);
      paths[node] = total;
      for (const before of neighbours(this.#prerequisites, node))
        paths[before] = Math.max(paths[before]!, total);
    }
    return new Map(this.#tasks.map(({ id }, node) => [id, paths[node]!]));
  }

  /** Whether a node waits for another. The tables are made when the first asks. */
  #leads(from: number, to: number): boolean {
    this.#reaches ??= reachability(this.#prerequisites, this.#components);
    return this.#reaches(from, to);
  }

  /** All that nodes wait for, in topological order; they themselves only if `inclusive` (or if they wait for themselves). */
  #closure(nodes: readonly number[], inclusive: boolean): string[] {
    const found = new Set(inclusive ? nodes : []);
    const queue = [...nodes];
    for (const node of queue) {
      for (const before of neighbours(this.#prerequisites, node)) {
        if (found.has(before)) continue;
        found.add(before);
        queue.push(before);
      }
    }
    return this.#named([...found].sort((a, b) => this.#position[a]! - this.#position[b]!));
  }

  #numberOf(id: string): number {
    const number = this.#number.get(id);
    if (number === undefined) throw new Error(`no task is called ${JSON.stringify(id)}`);
    return number;
  }

  #named(nodes: Iterable<number>): string[] {
    return Array.from(nodes, (node) => this.#tasks[node]!.id);
  }
}
