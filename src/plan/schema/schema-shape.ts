import { SHAPE } from './schema-validator.generated.js';

/** What the schema says of one place in a plan, for error messages. Generated from the schema's titles and keys. */
export interface Shape {
  /** What a value here must be, as the end of the sentence "... must be". */
  title?: string;
  keys?: Readonly<Record<string, Shape>>;
  /** The values of keys that are not in `keys`. */
  others?: Shape;
  /** The names of keys that are not in `keys`. */
  names?: Shape;
  items?: Shape;
}

/** Takes a path of keys and list indexes; gives what the schema says of that place, or nothing where it says nothing. */
export function shapeAt(path: readonly string[]): Shape | undefined {
  let shape: Shape | undefined = SHAPE as Shape;
  for (const key of path) {
    if (shape === undefined) return undefined;
    const own: Shape | undefined = shape.keys && Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
    shape = own ?? (shape.items !== undefined && /^\d+$/.test(key) ? shape.items : shape.others);
  }
  return shape;
}
