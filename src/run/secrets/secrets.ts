import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Plan } from '../../plan/index.js';
import { inheritedEnvironment } from '../attempt/inherited-environment.js';
import { jsonSecrets } from './json-secrets.js';
import { isSecretName } from './secret-names.js';
import { urlSecrets } from './url-secrets.js';

/** Shorter values stand in too much innocent text to be masked for a variable's name alone. */
const SHORTEST = 6;
/** Values that are no secrets, whatever the variable is called: switches and small numbers. */
const INNOCENT_VALUE =
  /^(?:true|false|yes|no|on|off|null|none|undefined|default|enabled|disabled|required|optional|\d{1,7})$/i;

/** A variable whose value, or part of it, must not be shown or stored. */
export interface Secret {
  name: string;
  /** For people. */
  why: 'by name' | 'by the plan' | 'credentials inside its URL';
  values: readonly string[];
}

/** The secrets among all variables that the commands of a plan get: forge's own, and the `env` of every task and gate. */
export function secretsOf(plan: Pick<Plan, 'tasks' | 'gates' | 'secrets'>): Secret[] {
  const environments = [...plan.tasks, ...plan.gates].map(({ env }) => env);
  return secretsIn([inheritedEnvironment(), ...new Set(environments)], plan.secrets);
}

/**
 * The secrets in environments, by name and sorted. `rules` are the plan's: NAME adds one, `!NAME` takes one away, `*`
 * stands for any characters, the last that fits decides.
 */
export function secretsIn(
  environments: Iterable<Readonly<Record<string, string>>>,
  rules: readonly string[] = [],
): Secret[] {
  const rule = compileRules(rules);
  const found = new Map<string, { why: Secret['why']; values: Set<string> }>();
  const seen = new Map<string, Set<string>>();
  for (const env of environments) {
    for (const [name, value] of Object.entries(env)) {
      const known = seen.get(name) ?? new Set();
      if (known.has(value)) continue;
      seen.set(name, known.add(value));
      const secret = secretValues(name, value, rule(name));
      if (secret.values.length === 0) continue;
      const before = found.get(name);
      for (const each of secret.values) before?.values.add(each);
      if (!before) found.set(name, { why: secret.why, values: new Set(secret.values) });
    }
  }
  return Array.from(found, ([name, { why, values }]) => ({ name, why, values: [...values] })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

type Decision = 'named' | 'matched' | 'excluded' | undefined;

function secretValues(name: string, value: string, decision: Decision): Omit<Secret, 'name'> {
  if (decision === 'excluded' || value === '') return { why: 'by name', values: [] };
  const inUrl = urlSecrets(value).filter(isLongEnough);
  const all = () => [value, ...inUrl, ...jsonSecrets(value).filter(isLongEnough)];
  // Named in full is meant, however short it is.
  if (decision === 'named') return { why: 'by the plan', values: all() };
  const wanted = decision === 'matched' || isSecretName(name);
  if (wanted && isLongEnough(value) && !isExistingPath(value))
    return { why: decision === 'matched' ? 'by the plan' : 'by name', values: all() };
  return { why: 'credentials inside its URL', values: inUrl };
}

function isLongEnough(value: string): boolean {
  const trimmed = value.trim();
  return trimmed.length >= SHORTEST && !INNOCENT_VALUE.test(trimmed);
}

/** A socket, a key file: where the secret is, not what it is; and such paths are part of many messages. */
function isExistingPath(value: string): boolean {
  return isAbsolute(value) && existsSync(value);
}

function compileRules(rules: readonly string[]): (name: string) => Decision {
  const lastFirst = rules.toReversed().map((rule) => {
    const excluded = rule.startsWith('!');
    const pattern = excluded ? rule.slice(1) : rule;
    const decision = excluded ? 'excluded' : pattern.includes('*') ? 'matched' : 'named';
    return { decision, parts: pattern.split('*') } as const;
  });
  return (name) => lastFirst.find(({ parts }) => fits(name, parts))?.decision;
}

/** Whether a name is these parts with any characters between them. */
function fits(name: string, parts: readonly string[]): boolean {
  const [first, ...rest] = parts as [string, ...string[]];
  const end = rest.pop();
  if (end === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - end.length >= at && name.endsWith(end);
}
