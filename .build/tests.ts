/**
 * Builds the tests into dist-test/ for `npm test`: node starts a process for each test file, and translating and
 * finding its modules one by one costs more there than most files' tests. One file alone runs from its source, too:
 * `node --import tsx --test test/plan/split.test.ts`.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** Modules find what lies beside them from where their source is, not from where the bundle is. */
const stayAtHome: Plugin = {
  name: 'stay-at-home',
  setup({ initialOptions, onLoad }) {
    initialOptions.define = { 'import.meta.url': 'sourceUrl' };
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8');
      const url = `const sourceUrl = ${JSON.stringify(pathToFileURL(path).href)};`;
      return { loader: 'ts', contents: contents.includes('import.meta.url') ? url + contents : contents };
    });
  },
};

rmSync('dist-test', { recursive: true, force: true });
await build({
  outdir: 'dist-test',
  outbase: 'test',
  entryPoints: readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.5',
  packages: 'external',
  // For `node --enable-source-maps`: failures name lines of the source.
  sourcemap: true,
  sourcesContent: false,
  plugins: [stayAtHome],
  logLevel: 'warning',
});
