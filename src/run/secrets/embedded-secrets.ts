import { isSecretName } from './secret-names.js';

const CREDENTIALS = /:\/\/([^/?#\s"'<>]*)@/g;
const PARAMETER = /[?&;]([\w.-]+)=([^&;#\s"'<>]+)/g;
/** A user name of so many characters is a token (`https://TOKEN@github.com`), unless it is a mail address. */
const SHORTEST_TOKEN = 20;

/**
 * The secrets inside the URLs of a text (`scheme://user:PASSWORD@host`, `?password=PASSWORD`), as they stand there and
 * percent-decoded.
 */
export function urlSecrets(text: string): string[] {
  if (!text.includes('://')) return [];
  const found = new Set<string>();
  for (const [, credentials] of text.matchAll(CREDENTIALS)) {
    const [user, ...rest] = credentials!.split(':');
    const password = rest.join(':');
    // `postgres:postgres@localhost` keeps nobody out, and masked it would take the word from all output.
    if (password !== user) found.add(password);
    if (user!.length >= SHORTEST_TOKEN && !decoded(user!).includes('@')) found.add(user!);
  }
  for (const [, name, value] of text.matchAll(PARAMETER)) if (isSecretName(name!)) found.add(value!);
  for (const each of [...found]) found.add(decoded(each));
  found.delete('');
  return [...found];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone `%`: not encoded at all.
    return text;
  }
}

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
