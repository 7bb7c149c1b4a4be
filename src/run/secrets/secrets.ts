import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Plan } from '../../plan/index.js';
import { inheritedEnvironment } from '../attempt/inherited-environment.js';
import { jsonSecrets, urlSecrets } from './embedded-secrets.js';
import { isSecretName } from './secret-names.js';

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
  const valuesOf = new Map<string, Set<string>>();
  for (const env of environments)
    for (const [name, value] of Object.entries(env))
      valuesOf.set(name, (valuesOf.get(name) ?? new Set()).add(value));
  return [...valuesOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, all]): Secret[] => {
      const decision = rule(name);
      const found = Array.from(all, (value) => secretValues(name, value, decision));
      const why = found.find(({ values }) => values.length > 0)?.why;
      return why ? [{ name, why, values: [...new Set(found.flatMap(({ values }) => values))] }] : [];
    });
}

type Decision = 'named' | 'matched' | 'excluded' | undefined;

function secretValues(name: string, value: string, decision: Decision): Omit<Secret, 'name'> {
  if (decision === 'excluded' || value === '') return { why: 'by name', values: [] };
  const inUrl = urlSecrets(value).filter(isLongEnough);
  const all = () => [value, ...inUrl, ...jsonSecrets(value).filter(isLongEnough)];
  // Named in full is meant, however short it is.
  if (decision === 'named') return { why: 'by the plan', values: all() };
  const wanted = decision === 'matched' || isSecretName(name);
  // A socket, a key file: where the secret is, not what it is; and such paths are part of many messages.
  const isThere = () => isAbsolute(value) && existsSync(value);
  if (wanted && isLongEnough(value) && !isThere())
    return { why: decision === 'matched' ? 'by the plan' : 'by name', values: all() };
  return { why: 'credentials inside its URL', values: inUrl };
}

function isLongEnough(value: string): boolean {
  const trimmed = value.trim();
  return trimmed.length >= SHORTEST && !INNOCENT_VALUE.test(trimmed);
}

function compileRules(rules: readonly string[]): (name: string) => Decision {
  const lastFirst = rules.toReversed().map((rule) => {
    const excluded = rule.startsWith('!');
    const pattern = excluded ? rule.slice(1) : rule;
    const decision = excluded ? 'excluded' : pattern.includes('*') ? 'matched' : 'named';
    const literals = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return { decision, names: new RegExp(`^${literals.join('.*')}$`, 's') } as const;
  });
  return (name) => lastFirst.find(({ names }) => names.test(name))?.decision;
}
