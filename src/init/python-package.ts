import { frameworksAmong } from './frameworks.js';
import type { Check, Package, PackageFolder } from './package.js';
import { present } from './package.js';
import { hasSection, tomlSections } from './toml-sections.js';

/** Files that make a folder a Python project. */
export const PYTHON_MANIFESTS = [
  'pyproject.toml',
  'setup.py',
  'setup.cfg',
  'requirements.txt',
  'Pipfile',
  'tox.ini',
  'manage.py',
];

const LOCK_FILES: readonly (readonly [string, string])[] = [
  ['uv.lock', 'uv'],
  ['poetry.lock', 'poetry'],
  ['pdm.lock', 'pdm'],
  ['Pipfile.lock', 'pipenv'],
  ['Pipfile', 'pipenv'],
];

const REQUIREMENTS = [
  'requirements.txt',
  'requirements-dev.txt',
  'dev-requirements.txt',
  'requirements-test.txt',
];

/** Reads a Python project's folder: how tests, lint and types are run, through which environment manager. */
export async function readPythonPackage(folder: PackageFolder): Promise<Package> {
  const texts = new Map<string, string>();
  for (const name of present(folder, [...PYTHON_MANIFESTS, ...REQUIREMENTS, 'pytest.ini', '.flake8']))
    texts.set(name, await folder.read(name));
  const project = tomlSections(texts.get('pyproject.toml') ?? '');
  const ini = tomlSections([texts.get('setup.cfg'), texts.get('tox.ini')].join('\n'));
  const dependencies = dependenciesIn([...texts.values()].join('\n').toLowerCase());
  const manager =
    LOCK_FILES.find(([file]) => folder.files.has(file))?.[1] ??
    ['uv', 'poetry', 'pdm'].find((name) => hasSection(project, `tool.${name}`));
  const through = manager === undefined ? '' : `${manager} run `;
  const checks: Check[] = [];
  const has = (tool: string, ...files: string[]) =>
    hasSection(project, `tool.${tool}`) || hasSection(ini, tool) || dependencies.has(tool)
      ? `${tool} in the project settings`
      : files.find((file) => folder.files.has(file));

  const ruff = has('ruff', 'ruff.toml', '.ruff.toml');
  const flake8 = has('flake8', '.flake8');
  if (ruff) checks.push({ kind: 'lint', run: `${through}ruff check .`, from: ruff });
  else if (flake8) checks.push({ kind: 'lint', run: `${through}flake8`, from: flake8 });

  const mypy = has('mypy', 'mypy.ini', '.mypy.ini');
  const pyright = has('pyright', 'pyrightconfig.json');
  if (mypy) checks.push({ kind: 'types', run: `${through}mypy .`, from: mypy });
  else if (pyright) checks.push({ kind: 'types', run: `${through}pyright`, from: pyright });

  const tests = testCheck(folder, through, has('pytest', 'pytest.ini', 'conftest.py'), ini, project);
  if (tests) checks.push(tests);
  return {
    ecosystem: 'python',
    dir: folder.dir,
    language: 'Python',
    ...(manager === undefined ? {} : { manager }),
    ...frameworksAmong('python', dependencies),
    checks,
    manifests: present(folder, [
      ...PYTHON_MANIFESTS,
      ...REQUIREMENTS.slice(1),
      ...LOCK_FILES.map(([file]) => file),
    ]).filter((name, index, all) => all.indexOf(name) === index && name !== 'manage.py'),
  };
}

function testCheck(
  folder: PackageFolder,
  through: string,
  pytest: string | undefined,
  ini: ReadonlyMap<string, string>,
  project: ReadonlyMap<string, string>,
): Check | undefined {
  const python = through === '' ? 'python3 ' : `${through}python `;
  if (pytest !== undefined) return { kind: 'tests', run: `${python}-m pytest`, from: pytest };
  if (folder.files.has('manage.py'))
    return { kind: 'tests', run: `${python}manage.py test`, from: 'manage.py' };
  if (hasSection(ini, 'tox') || hasSection(project, 'tool.tox'))
    return { kind: 'tests', run: 'tox', from: 'tox.ini' };
  if (folder.files.has('noxfile.py')) return { kind: 'tests', run: 'nox', from: 'noxfile.py' };
  const tests = ['tests', 'test'].find((name) => folder.folders.has(name));
  if (tests)
    return { kind: 'tests', run: `${python}-m unittest discover -s ${tests}`, from: `the ${tests} folder` };
  return undefined;
}

/** Names that a requirements file, a `dependencies` list or a TOML table may begin an entry with. */
function dependenciesIn(text: string): ReadonlySet<string> {
  return new Set(
    Array.from(
      text.matchAll(/(?:^|["'])\s*([a-z0-9][a-z0-9._-]*)(?=\s*(?:[[<>=!~;"',@]|$))/gm),
      ([, name]) => name!,
    ),
  );
}
