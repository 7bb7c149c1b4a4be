import picomatch from 'picomatch';
import { messageOf } from '../../util/errors.js';
import { isBelow } from '../../util/paths/path.js';
import {
  CHECK_KINDS,
  type Check,
  type CheckKind,
  type Manifest,
  type PackageFolder,
  present,
} from './package.js';

const MANAGERS = ['npm', 'pnpm', 'yarn', 'bun'];

/** Lock files and the managers they belong to. */
const LOCK_FILES: Readonly<Record<string, string>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
};

/** Names of scripts, the usual first. */
const SCRIPTS: Readonly<Record<CheckKind, readonly string[]>> = {
  lint: ['lint', 'lint:check', 'check'],
  types: ['typecheck', 'type-check', 'check-types', 'check:types', 'types'],
  tests: ['test', 'tests', 'test:unit', 'unit'],
  build: ['build', 'compile'],
};

/** Test runners that are used without a script, and how. */
const RUNNERS: Readonly<Record<string, string>> = { vitest: 'vitest run', jest: 'jest', mocha: 'mocha' };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a folder with a `package.json`: scripts, package manager, dependencies, workspaces. undefined, and a note, when the
 * file is not an object in JSON.
 */
export async function readNode(folder: PackageFolder): Promise<Manifest | undefined> {
  const manifest = await readFields(folder, 'package.json', (text) =>
    JSON.parse(text.replace(/^\ufeff/, '')),
  );
  if (manifest === undefined) return undefined;
  const manager = managerOf(folder, manifest);
  const scripts = fieldsOf(manifest.scripts);
  const dependencies = new Set(
    ['dependencies', 'devDependencies', 'peerDependencies'].flatMap((key) =>
      Object.keys(fieldsOf(manifest[key])),
    ),
  );
  const typescript = folder.files.has('tsconfig.json') || dependencies.has('typescript');
  return {
    language: typescript ? 'TypeScript' : 'JavaScript',
    manager,
    dependencies,
    checks: CHECK_KINDS.flatMap(
      (kind) =>
        scriptCheck(kind, scripts, manager) ?? withoutScript(kind, folder, dependencies, scripts) ?? [],
    ),
    manifests: ['package.json', ...present(folder, [...Object.keys(LOCK_FILES), 'tsconfig.json'])],
    covers: memberTest(folder.dir, await membersOf(folder, manifest)),
  };
}

/** The manager that the manifest names, else the lock file's, else that of the workspace's root. */
function managerOf(folder: PackageFolder, { packageManager }: Fields): string {
  const named = String(packageManager).split('@')[0]!;
  if (MANAGERS.includes(named)) return named;
  const [lock] = present(folder, Object.keys(LOCK_FILES));
  return (lock && LOCK_FILES[lock]) ?? folder.above?.manager ?? 'npm';
}

function scriptCheck(kind: CheckKind, scripts: Fields, manager: string): Check | undefined {
  for (const name of SCRIPTS[kind]) {
    const script = scripts[name];
    if (typeof script !== 'string' || script.trim() === '' || neverEnds(script)) continue;
    // What `npm init` puts there.
    if (script.includes('no test specified')) continue;
    const run = name === 'test' && manager !== 'bun' ? `${manager} test` : `${manager} run ${name}`;
    // These watch for changes unless they are told that nobody is looking.
    const quiet = /\b(react-scripts|ng) test\b/.test(script) ? 'CI=true ' : '';
    return { kind, run: `${quiet}${run}`, from: `package.json script "${name}"` };
  }
  return undefined;
}

function neverEnds(script: string): boolean {
  return /(^|\s)--watch(All)?(?![\w=-])|(^|\s)(nodemon|vitest watch)\b/.test(script);
}

function withoutScript(
  kind: CheckKind,
  { files }: PackageFolder,
  dependencies: ReadonlySet<string>,
  { build }: Fields,
): Check | undefined {
  if (kind === 'tests') {
    const runner = Object.keys(RUNNERS).find((name) => dependencies.has(name));
    return runner === undefined
      ? undefined
      : { kind, run: `npx --no-install ${RUNNERS[runner]}`, from: `${runner} in package.json` };
  }
  const builds = typeof build === 'string' && /\btsc\b/.test(build);
  return kind === 'types' && !builds && files.has('tsconfig.json') && dependencies.has('typescript')
    ? { kind, run: 'npx --no-install tsc --noEmit', from: 'tsconfig.json' }
    : undefined;
}

/** Patterns of workspace folders: `workspaces` of npm, yarn and bun, or pnpm-workspace.yaml. */
async function membersOf(folder: PackageFolder, { workspaces }: Fields): Promise<string[]> {
  let list = Array.isArray(workspaces) ? workspaces : fieldsOf(workspaces).packages;
  if (!Array.isArray(list) && folder.files.has('pnpm-workspace.yaml')) {
    const { parse } = await import('yaml');
    list = (await readFields(folder, 'pnpm-workspace.yaml', (text) => ({ ...parse(text) })))?.packages;
  }
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

/** undefined when the package has no workspace members. Patterns are relative to its folder, as npm and pnpm have them. */
function memberTest(dir: string, members: readonly string[]): Manifest['covers'] {
  const patterns = members.map((member) => member.replace(/^(!?)\.\//, '$1').replace(/\/+$/, ''));
  const chosen = patterns.filter((pattern) => !pattern.startsWith('!'));
  if (chosen.length === 0) return undefined;
  const ignore = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const isMember = picomatch(chosen, { ignore });
  return (other) => isBelow(other, dir) && isMember(dir === '' ? other : other.slice(dir.length + 1));
}

/** The fields of a file; undefined, and a note, where it cannot be read as an object. */
async function readFields(
  folder: PackageFolder,
  name: string,
  parse: (text: string) => unknown,
): Promise<Fields | undefined> {
  try {
    const content = parse(await folder.read(name));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Fields;
    folder.note(`${name} was left out: it is not a JSON object`);
  } catch (error) {
    folder.note(`${name} was left out: ${messageOf(error).split('\n')[0]}`);
  }
  return undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
