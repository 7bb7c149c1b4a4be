import { frameworksAmong } from './frameworks.js';
import type { Check, CheckKind, Package, PackageFolder } from './package.js';
import { present } from './package.js';

type Manager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const LOCK_FILES: readonly (readonly [string, Manager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

/** Names of scripts, the usual first. */
const SCRIPTS: Readonly<Record<CheckKind, readonly string[]>> = {
  lint: ['lint', 'lint:check', 'check'],
  types: ['typecheck', 'type-check', 'check-types', 'check:types', 'types'],
  tests: ['test', 'tests', 'test:unit', 'unit'],
  build: ['build', 'compile'],
};

/** Test runners that are used without a script. */
const RUNNERS: readonly (readonly [string, string])[] = [
  ['vitest', 'npx --no-install vitest run'],
  ['jest', 'npx --no-install jest'],
  ['mocha', 'npx --no-install mocha'],
];

/** Which package manager a folder with a `package.json` uses: its `packageManager`, else its lock file. */
export function managerOf(folder: PackageFolder, manifest: Record<string, unknown>): Manager | undefined {
  const named =
    typeof manifest.packageManager === 'string' ? manifest.packageManager.split('@')[0] : undefined;
  if (named === 'npm' || named === 'pnpm' || named === 'yarn' || named === 'bun') return named;
  return LOCK_FILES.find(([file]) => folder.files.has(file))?.[1];
}

/**
 * Reads a folder with a `package.json`: scripts, package manager, frameworks, workspaces. `above` is the manager of the
 * package that this one is a workspace of. Gives undefined, and says so, when the file is not an object in JSON.
 */
export async function readNodePackage(
  folder: PackageFolder,
  above?: Manager,
): Promise<(Package & { manager: Manager; members: string[] }) | undefined> {
  const manifest = await readJson(folder, 'package.json');
  if (manifest === undefined) return undefined;
  const manager = managerOf(folder, manifest) ?? above ?? 'npm';
  const scripts = asRecord(manifest.scripts);
  const dependencies = new Set(
    ['dependencies', 'devDependencies', 'peerDependencies'].flatMap((key) =>
      Object.keys(asRecord(manifest[key])),
    ),
  );
  const typescript = folder.files.has('tsconfig.json') || dependencies.has('typescript');
  const checks: Check[] = [];
  for (const kind of ['lint', 'types', 'tests', 'build'] as const) {
    const check = scriptCheck(kind, scripts, manager) ?? withoutScript(kind, folder, dependencies, scripts);
    if (check !== undefined) checks.push(check);
  }
  return {
    ecosystem: 'node',
    dir: folder.dir,
    language: typescript ? 'TypeScript' : 'JavaScript',
    manager,
    ...frameworksAmong('node', dependencies),
    checks,
    manifests: ['package.json', ...present(folder, [...LOCK_FILES.map(([file]) => file), 'tsconfig.json'])],
    members: await membersOf(folder, manifest),
  };
}

function scriptCheck(kind: CheckKind, scripts: Record<string, unknown>, manager: Manager): Check | undefined {
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
  folder: PackageFolder,
  dependencies: ReadonlySet<string>,
  scripts: Record<string, unknown>,
): Check | undefined {
  if (kind === 'tests') {
    const runner = RUNNERS.find(([name]) => dependencies.has(name));
    return runner && { kind, run: runner[1], from: `${runner[0]} in package.json` };
  }
  const builds = typeof scripts.build === 'string' && /\btsc\b/.test(scripts.build);
  if (kind === 'types' && !builds && folder.files.has('tsconfig.json') && dependencies.has('typescript'))
    return { kind, run: 'npx --no-install tsc --noEmit', from: 'tsconfig.json' };
  return undefined;
}

/** Patterns of workspace folders: `workspaces` of npm, yarn and bun, or pnpm-workspace.yaml. */
async function membersOf(folder: PackageFolder, manifest: Record<string, unknown>): Promise<string[]> {
  const declared = manifest.workspaces;
  const list = Array.isArray(declared) ? declared : asRecord(declared).packages;
  if (Array.isArray(list)) return strings(list);
  if (!folder.files.has('pnpm-workspace.yaml')) return [];
  const { parse } = await import('yaml');
  try {
    const content: unknown = parse(await folder.read('pnpm-workspace.yaml'));
    const packages = asRecord(content).packages;
    return Array.isArray(packages) ? strings(packages) : [];
  } catch (error) {
    folder.note(`pnpm-workspace.yaml was left out: ${(error as Error).message.split('\n')[0]}`);
    return [];
  }
}

async function readJson(folder: PackageFolder, name: string): Promise<Record<string, unknown> | undefined> {
  try {
    const content: unknown = JSON.parse((await folder.read(name)).replace(/^\ufeff/, ''));
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return content as Record<string, unknown>;
    folder.note(`${name} was left out: it is not a JSON object`);
  } catch (error) {
    folder.note(`${name} was left out: ${(error as Error).message.split('\n')[0]}`);
  }
  return undefined;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function strings(list: readonly unknown[]): string[] {
  return list.filter((item): item is string => typeof item === 'string');
}
