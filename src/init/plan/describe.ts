import { listed } from '../../util/text/count.js';
import type { Package } from '../survey/package.js';
import type { ProposedTask } from './ownership-proposal.js';

/** `TypeScript (npm; React, Express), Python (uv; FastAPI)`; '' when there are no packages. */
export function describeLanguages(packages: readonly Package[]): string {
  const languages = new Set(packages.map(({ language }) => language));
  return Array.from(languages, (language) => {
    const same = packages.filter((found) => found.language === language);
    const managers = new Set(same.flatMap(({ manager }) => manager ?? []));
    const frameworks = new Set(same.flatMap((found) => found.frameworks));
    const about = [managers, frameworks].filter(({ size }) => size > 0).map((names) => [...names].join(', '));
    return about.length === 0 ? language : `${language} (${about.join('; ')})`;
  }).join(', ');
}

const WHAT = {
  'df-backend': 'Code',
  'df-frontend': 'What people see',
  'df-tester': 'Tests',
  'df-doc': 'Documentation',
} as const;

/** What a task is about, in a line. */
export function describeTask({ persona, places, packages }: ProposedTask): string {
  const where = `${listed(places, 4)}${places.length > 4 ? ' places' : ''}`;
  const languages = describeLanguages(packages);
  return `${WHAT[persona]} in ${where}${languages && `: ${languages}`}`;
}
