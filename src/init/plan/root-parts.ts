import { below, isBelow } from '../../util/paths/relative-path.js';
import {
  CODE_FOLDERS,
  DOC_FOLDERS,
  type Folders,
  FRONTEND_FOLDERS,
  hasCode,
  SERVER_FOLDERS,
  TEST_FOLDERS,
} from '../survey/folders.js';
import { FULL_STACK } from '../survey/frameworks.js';
import type { Ecosystem } from '../survey/package.js';
import type { Survey } from '../survey/survey.js';
import { addFolder, allIn, emptyPart, type Part } from './part.js';
import { testsAmong } from './test-patterns.js';

/** What lies in the root itself and in folders that are no packages. */
export interface RootParts {
  code: Part[];
  /** Folders of tests, and of documentation. */
  tests: string[];
  docs: string[];
}

/** Code that lies in the root itself, by the ending of its name, and the tests among it. */
const ROOT_FILES: Readonly<Record<Ecosystem, { endings: readonly string[]; tests: readonly string[] }>> = {
  node: { endings: ['js', 'mjs', 'cjs', 'ts'], tests: ['*.test', '*.spec'] },
  python: { endings: ['py'], tests: ['test_*', '*_test'] },
  go: { endings: ['go'], tests: ['*_test'] },
  rust: { endings: ['rs'], tests: [] },
};

/** Sorts the root's folders by their names and frameworks into backend, frontend, tests and documentation. */
export function rootParts({ folders, packages: all }: Survey, packageFolders: readonly string[]): RootParts {
  const packages = all.filter(({ dir }) => dir === '');
  const isFrontend = packages.some(({ frontend }) => frontend) && !packages.some(({ backend }) => backend);
  const isFullStack = packages.some(({ frameworks }) => frameworks.some((name) => FULL_STACK.has(name)));
  const frontend = emptyPart('frontend', 'frontend', packages);
  const backend = emptyPart('backend', 'backend', packages);
  const top = folders.get('')!;
  const tests = [...top.folders].filter((name) => TEST_FOLDERS.has(name));
  const docs = [...top.folders].filter((name) => DOC_FOLDERS.has(name));
  for (const name of top.folders) {
    if (TEST_FOLDERS.has(name) || DOC_FOLDERS.has(name) || !hasCode(folders, name)) continue;
    if (packageFolders.some((dir) => dir === name || isBelow(dir, name))) continue;
    const among = testsAmong(folders, name, tests.length > 0);
    const give = (owner: Part, other: Part, namesOfOther?: ReadonlySet<string>) => {
      addFolder(owner, name, among);
      for (const inner of namesOfOther ? nested(folders, name, namesOfOther) : []) {
        addFolder(other, inner, among);
        owner.carved.push(allIn(inner));
      }
    };
    if (FRONTEND_FOLDERS.has(name)) give(frontend, backend);
    else if (isFrontend) give(frontend, backend, isFullStack ? SERVER_FOLDERS : undefined);
    else give(backend, frontend, CODE_FOLDERS.has(name) ? FRONTEND_FOLDERS : undefined);
  }
  const main = isFrontend ? frontend : backend;
  for (const { ecosystem } of packages) addRootFiles(main, ecosystem, [...top.files]);
  const code = (isFrontend ? [frontend, backend] : [backend, frontend]).filter(
    ({ claims }) => claims.length > 0,
  );
  const [language] = packages;
  const hasNoTests = tests.length === 0 && (code.length > 0 || packageFolders.length === 0);
  if (hasNoTests && language?.ecosystem !== 'go')
    tests.push(language?.ecosystem === 'node' ? 'test' : 'tests');
  return { code, tests, docs: docs.length > 0 ? docs : ['docs'] };
}

function addRootFiles(part: Part, ecosystem: Ecosystem, files: readonly string[]): void {
  const { endings, tests } = ROOT_FILES[ecosystem];
  for (const ending of endings.filter((one) => files.some((name) => name.endsWith(`.${one}`)))) {
    part.places.push(`*.${ending}`);
    part.claims.push(`*.${ending}`);
    part.tests.push(...tests.map((name) => `${name}.${ending}`));
    part.keepsRoot = true;
  }
}

/** Folders of these names one or two levels below `path`, the outermost only. */
function nested(folders: Folders, path: string, names: ReadonlySet<string>, deeper = true): string[] {
  return [...(folders.get(path)?.folders ?? [])].flatMap((name) => {
    const child = below(path, name);
    if (names.has(name)) return [child];
    return deeper && (CODE_FOLDERS.has(name) || name === 'pages') ? nested(folders, child, names, false) : [];
  });
}
