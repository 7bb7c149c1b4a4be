import type { Check, Manifest, PackageFolder } from './package.js';
import { hasTable, present, tablesIn } from './package.js';

/** Files that make a folder a Python project. */
export const PYTHON_MANIFESTS: readonly string[] =
  'pyproject.toml setup.py setup.cfg requirements.txt Pipfile tox.ini manage.py'.split(' ');

const REQUIREMENTS = ['requirements-dev.txt', 'dev-requirements.txt', 'requirements-test.txt'];

/** Lock files and the managers they belong to. */
const LOCK_FILES: Readonly<Record<string, string>> = {
  'uv.lock': 'uv',
  'poetry.lock': 'poetry',
  'pdm.lock': 'pdm',
  'Pipfile.lock': 'pipenv',
  Pipfile: 'pipenv',
};

/** Names that a requirements file, a `dependencies` list or a TOML table may begin an entry with. */
const NAMES = /(?:^|["'])\s*([a-z0-9][a-z0-9._-]*)(?=\s*(?:[[<>=!~;"',@]|$))/gm;

/** Reads a Python project's folder: how tests, lint and types are run, through which environment manager. */
export async function readPython(folder: PackageFolder): Promise<Manifest> {
  const { files, folders } = folder;
  const texts = new Map<string, string>();
  for (const name of present(folder, [...PYTHON_MANIFESTS, ...REQUIREMENTS, 'pytest.ini', '.flake8']))
    texts.set(name, await folder.read(name));
  const project = tablesIn(texts.get('pyproject.toml') ?? '');
  const ini = tablesIn([texts.get('setup.cfg'), texts.get('tox.ini')].join('\n'));
  const names = [...texts.values()].join('\n').toLowerCase().matchAll(NAMES);
  const dependencies = new Set(Array.from(names, ([, name]) => name!));
  const manager =
    present(folder, Object.keys(LOCK_FILES)).map((file) => LOCK_FILES[file])[0] ??
    ['uv', 'poetry', 'pdm'].find((name) => hasTable(project, `tool.${name}`));
  const through = manager === undefined ? '' : `${manager} run `;
  const python = manager === undefined ? 'python3 ' : `${through}python `;
  /** Where it shows that a tool is used. */
  const has = (tool: string, ...configs: string[]) =>
    hasTable(project, `tool.${tool}`) || hasTable(ini, tool) || dependencies.has(tool)
      ? `${tool} in the project settings`
      : present(folder, configs)[0];
  const tox = hasTable(ini, 'tox') || hasTable(project, 'tool.tox') ? 'tox.ini' : undefined;
  const testFolder = ['tests', 'test'].find((name) => folders.has(name));
  const discovered = testFolder && `the ${testFolder} folder`;
  /** Of each kind the first that is set up. */
  const ways: readonly (readonly [Check['kind'], run: string, from: string | undefined])[] = [
    ['lint', `${through}ruff check .`, has('ruff', 'ruff.toml', '.ruff.toml')],
    ['lint', `${through}flake8`, has('flake8', '.flake8')],
    ['types', `${through}mypy .`, has('mypy', 'mypy.ini', '.mypy.ini')],
    ['types', `${through}pyright`, has('pyright', 'pyrightconfig.json')],
    ['tests', `${python}-m pytest`, has('pytest', 'pytest.ini', 'conftest.py')],
    ['tests', `${python}manage.py test`, files.has('manage.py') ? 'manage.py' : undefined],
    ['tests', 'tox', tox],
    ['tests', 'nox', files.has('noxfile.py') ? 'noxfile.py' : undefined],
    ['tests', `${python}-m unittest discover -s ${testFolder}`, discovered],
  ];
  const checks: Check[] = [];
  for (const [kind, run, from] of ways)
    if (from !== undefined && !checks.some((check) => check.kind === kind)) checks.push({ kind, run, from });
  const manifests = [...PYTHON_MANIFESTS, ...REQUIREMENTS, ...Object.keys(LOCK_FILES)];
  return {
    language: 'Python',
    manager,
    dependencies,
    checks,
    // manage.py is code.
    manifests: [...new Set(present(folder, manifests))].filter((name) => name !== 'manage.py'),
  };
}
