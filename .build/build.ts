/**
 * Build script (`npm run build`): makes dist/, the program as it is shipped. Everything it needs is bundled, packages
 * too, because node takes about a third of a millisecond to find, read and link each module of its own.
 */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build, type Metafile } from 'esbuild';
import { compileSchema } from './compile-schema.js';

process.chdir(new URL('..', import.meta.url).pathname);
compileSchema();
rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  // All in one folder, as deep below the package as src/cli: paths from `import.meta.url` are right in both.
  outdir: 'dist/cli',
  entryPoints: { main: 'src/cli/main.ts', hook: 'src/agents/droid/hook.ts' },
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
});
chmodSync('dist/cli/main.js', 0o755);
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', notices(metafile));

/** The licences of all bundled packages, which ask that they go with every copy. */
function notices({ inputs }: Metafile): string {
  const folders = Object.keys(inputs).map((path) => /^.*\/?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
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
