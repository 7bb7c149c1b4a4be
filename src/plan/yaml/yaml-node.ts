/** Offsets in the plan's text: from the first character to one past the last. */
export interface Span {
  start: number;
  end: number;
}

/** A value of the plan that knows where it was written. Aliases lead to the very node that their anchor names. */
export type YamlNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode extends Span {
  kind: 'scalar';
  value: string | number | boolean | null;
  /** The value as text: as it was written where it is not a string (`1.10` stays `1.10`). */
  text: string;
}

export interface ListNode extends Span {
  kind: 'list';
  items: readonly YamlNode[];
}

export interface MapNode extends Span {
  kind: 'map';
  entries: Entries;
}

export type Entries = ReadonlyMap<string, MapEntry>;

export interface MapEntry {
  key: string;
  /** Where the key was written. */
  at: Span;
  value: YamlNode;
}

const NO_ENTRIES: Entries = new Map();

/** The entries of a map; none where there is no map, which the schema complains about. */
export function entriesOf(node: YamlNode | undefined): Entries {
  return node?.kind === 'map' ? node.entries : NO_ENTRIES;
}

/** An object that inherits nothing. Made by a class, because V8 makes those of Object.create(null) slow hash tables. */
class PlainObject {
  [key: string]: PlainValue;
}
Object.setPrototypeOf(PlainObject.prototype, null);
Reflect.deleteProperty(PlainObject.prototype, 'constructor');

/** A JSON-like value whose objects have no prototype, so that no key (`__proto__`, `constructor`) is special. */
export type PlainValue = string | number | boolean | null | PlainValue[] | { [key: string]: PlainValue };

/** The value of a node. Nodes that are used twice through an alias give the same object. */
export function plainValue(node: YamlNode, known = new Map<YamlNode, PlainValue>()): PlainValue {
  if (node.kind === 'scalar') return node.value;
  const before = known.get(node);
  if (before !== undefined) return before;
  if (node.kind === 'list') {
    const list = node.items.map((item) => plainValue(item, known));
    known.set(node, list);
    return list;
  }
  const object = new PlainObject();
  for (const { key, value } of node.entries.values()) object[key] = plainValue(value, known);
  known.set(node, object);
  return object;
}

/** The entry or item at a path of keys and list indexes, `at` being the key or the item itself. */
export function nodeAt(root: YamlNode, path: readonly string[]): { at: Span; value: YamlNode } | undefined {
  let found: { at: Span; value: YamlNode } = { at: root, value: root };
  for (const key of path) {
    const { value } = found;
    let next: { at: Span; value: YamlNode } | undefined;
    if (value.kind === 'map') next = value.entries.get(key);
    else if (value.kind === 'list') {
      const item = value.items[Number(key)];
      next = item && { at: item, value: item };
    }
    if (next === undefined) return undefined;
    found = next;
  }
  return found;
}
