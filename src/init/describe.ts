import type { Area } from './areas.js';
import type { Package } from './package.js';

/** `TypeScript (npm; React, Express), Python (uv; FastAPI)`; '' when there are no packages. */
export function describeLanguages(packages: readonly Package[]): string {
  const groups = new Map<string, { managers: Set<string>; frameworks: Set<string> }>();
  for (const { language, manager, frameworks } of packages) {
    const group = groups.get(language) ?? { managers: new Set(), frameworks: new Set() };
    groups.set(language, group);
    if (manager !== undefined) group.managers.add(manager);
    for (const name of frameworks) group.frameworks.add(name);
  }
  return Array.from(groups, ([language, { managers, frameworks }]) => {
    const about = [[...managers].join(', '), [...frameworks].join(', ')].filter((text) => text !== '');
    return about.length === 0 ? language : `${language} (${about.join('; ')})`;
  }).join(', ');
}

/** What an area is, in a line. */
export function nameArea({ specialist, places, packages }: Area): string {
  const where = listPlaces(places);
  switch (specialist) {
    case 'df-backend':
    case 'df-frontend': {
      const languages = describeLanguages(packages);
      const what = specialist === 'df-backend' ? 'Code' : 'What people see';
      return `${what} in ${where}${languages === '' ? '' : `: ${languages}`}`;
    }
    case 'df-tester':
      return `Tests in ${where}`;
    case 'df-doc':
      return `Documentation in ${where}`;
    default:
      return specialist satisfies never;
  }
}

function listPlaces(places: readonly string[]): string {
  const shown = places.slice(0, 4).join(', ');
  return places.length > 4 ? `${shown} and ${places.length - 4} more places` : shown;
}
