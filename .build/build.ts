/** Build script (`npm run build`): makes dist/, the program as it is shipped, with the packages that it uses. */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { compileSchema } from './compile-schema.js';
import { arrangeModules, modulesOf } from './modules.js';

const options = {
  // All in one folder, as deep below the package as src/cli: paths from `import.meta.url` are right in both.
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.5',
  // The same code as modules, of which only what is used gets into the bundle.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
  // What CommonJS packages `require` of node.
  banner: {
    js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
  },
  // For `node --enable-source-maps`; without that flag node reads none of them.
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // Of the groups: see modules.ts.
  logOverride: { 'ignored-bare-import': 'silent' },
} as const satisfies BuildOptions;
const program = { ...options, entryPoints: { main: 'src/cli/main.ts' } };

compileSchema();
const plain = await build({ ...program, write: false, plugins: [arrangeModules([])] });
rmSync('dist', { recursive: true, force: true });
const built = [
  await build({ ...program, plugins: [arrangeModules(groups(plain.metafile))] }),
  // Apart, since droid starts it for every write of an agent: what it shares with forge it has twice.
  await build({
    ...options,
    entryPoints: { hook: 'src/agents/droid/hook.ts' },
    plugins: [arrangeModules([])],
  }),
];
chmodSync('dist/cli/main.js', 0o755);
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', notices(built.map(({ metafile }) => metafile)));

/** What is loaded together: at every start; by the commands that look at runs, as by all others; by those that read plans. */
function groups(metafile: Metafile): ReadonlySet<string>[] {
  const known = new Set<string>();
  return [['main'], ['commands/status', 'commands/ls', 'commands/logs'], ['commands/check']].map(
    (entries) => {
      const all = entries.flatMap((entry) => [...modulesOf(metafile, `src/cli/${entry}.ts`)]);
      const group = new Set(all.filter((module) => !known.has(module)));
      for (const module of group) known.add(module);
      return group;
    },
  );
}

/** The licences of all bundled packages, which ask that they go with every copy. */
function notices(metafiles: readonly Metafile[]): string {
  const folders = metafiles.flatMap(({ inputs }) =>
    Object.keys(inputs).map((path) => /^.*\/?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]),
  );
  return [...new Set(folders)]
    .filter((folder) => folder !== undefined)
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name} has no licence file to ship`);
      return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
