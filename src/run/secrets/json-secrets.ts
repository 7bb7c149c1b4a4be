import { isSecretName } from './secret-names.js';

/** The texts under names of secrets in a value that is a JSON object, such as the `private_key` of a service account. */
export function jsonSecrets(value: string): string[] {
  if (!/^\s*\{/.test(value)) return [];
  try {
    return [...textsIn(JSON.parse(value), false)];
  } catch (error) {
    // Not JSON, or nested deeper than anybody writes by hand: the value as a whole is masked anyway.
    if (error instanceof SyntaxError || error instanceof RangeError) return [];
    throw error;
  }
}

function* textsIn(value: unknown, secret: boolean): Generator<string> {
  if (typeof value === 'string') {
    if (secret) yield value;
  } else if (Array.isArray(value)) {
    for (const item of value) yield* textsIn(item, secret);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) yield* textsIn(item, isSecretName(name));
  }
}
