/** A line of a secret that is shorter stands in too much innocent text. */
const SHORTEST_LINE = 8;
/** `-----BEGIN PRIVATE KEY-----`: everybody knows these. */
const PEM_MARKER = /^-----[A-Z0-9 ]+-----$/;

/**
 * Every text that gives a secret away: the value, its lines where it has several, and each of them escaped for JSON.
 * Not among them: base64, compression, and whatever else a program may turn a value into.
 */
export function formsOf(value: string): Set<string> {
  const forms = new Set<string>();
  for (const part of [value, value.trim(), ...linesOf(value)]) {
    if (part === '') continue;
    forms.add(part);
    for (const escaped of jsonForms(part)) {
      forms.add(escaped);
      // What a tool printed as JSON stands escaped once more in the JSON of the agent that ran it.
      forms.add(JSON.stringify(escaped).slice(1, -1));
    }
  }
  return forms;
}

function linesOf(value: string): string[] {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  if (lines.length === 1) return [];
  return lines.filter((line) => line.length >= SHORTEST_LINE && !PEM_MARKER.test(line));
}

/** As JSON writers escape a text: only what must be, and what some escape besides (`/`, `<>&`, all but ASCII). */
function jsonForms(text: string): Set<string> {
  const plain = JSON.stringify(text).slice(1, -1);
  let forms = new Set([plain]);
  const alternatives = [
    (form: string) => form.replaceAll('/', '\\/'),
    (form: string) => form.replace(/[<>&]/g, unicodeEscape),
    (form: string) => form.replace(/[^\0-\x7f]/g, unicodeEscape),
    // After the escapes: JSON.stringify writes its own (`\u001b`) in lower case.
    (form: string) => form.replace(/\\u[0-9a-f]{4}/g, (escaped) => `\\u${escaped.slice(2).toUpperCase()}`),
  ];
  for (const alternative of alternatives) forms = new Set([...forms, ...[...forms].map(alternative)]);
  return forms;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
