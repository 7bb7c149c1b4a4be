import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/*
 * Which modules go into which file of dist/. Node takes half a millisecond to find, read and link a file, and about as
 * long to compile 20 KB: a command is quick if it loads few files, and little that it does not need. esbuild decides
 * by files which command needs what (its tree shaking, which goes by statements, knows nothing of commands), and makes
 * a file of its own of all that the same commands need, which is 80 files for forge. So it is helped in two ways.
 */

const IMPORT = /^import \{([^}]*)\} from '(\.[^']*\/index\.js)';/gm;
const DYNAMIC_IMPORT = /\{([^}]*)\} = await import\('(\.[^']*\/index\.js)'\)/g;
const EXPORT = /^export \{([^}]*)\} from '(\.[^']*)';/gm;

/**
 * Makes modules import what they use from where it is, not through the `index.ts` of its folder, which would load the
 * whole folder; and keeps groups of modules together in one file each.
 */
export function arrangeModules(groups: readonly ReadonlySet<string>[]): Plugin {
  return {
    name: 'arrange-modules',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const group = groups.findIndex((modules) => modules.has(path));
        const source = importDirectly(readFileSync(path, 'utf8'), dirname(path));
        return { loader: 'ts', contents: group < 0 ? source : `${source}\nimport 'group:${group}';\n` };
      });
      // Whoever needs one module of a group so needs all of them. Modules without side effects (see package.json) are not
      // run for that, nor does anything of it end up in the program.
      onResolve({ filter: /^group:/ }, ({ path }) => ({ path, namespace: 'group' }));
      onLoad({ filter: /./, namespace: 'group' }, ({ path }) => ({
        resolveDir: '/',
        contents: [...groups[Number(path.slice(6))]!].map((module) => `import '${module}';`).join('\n'),
      }));
    },
  };
}

/** Absolute paths of the modules of forge that an entry loads before it runs, without itself, by what was built of it. */
export function modulesOf({ outputs }: Metafile, entry: string): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const { inputs, imports } = outputs[file]!;
    for (const path of Object.keys(inputs))
      if (path.startsWith('src/') && path !== entry) found.add(resolve(path));
    for (const { kind, path } of imports) if (kind === 'import-statement' && path in outputs) visit(path);
  };
  visit(Object.keys(outputs).find((file) => outputs[file]!.entryPoint === entry)!);
  return found;
}

function importDirectly(source: string, folder: string): string {
  const origins = (names: string, index: string) =>
    splitNames(names).map(({ name, as }) => ({ ...origin(resolve(folder, index), name), as }));
  return source
    .replace(IMPORT, (statement, names: string, index: string) => {
      const direct = origins(names, index).map(
        ({ name, as, file }) => `import { ${name} as ${as} } from '${file}';`,
      );
      // As many lines as before, for the source maps.
      return direct.join(' ') + '\n'.repeat(statement.split('\n').length - 1);
    })
    .replace(DYNAMIC_IMPORT, (expression, names: string, index: string) => {
      const [first, ...others] = origins(names, index);
      const isOneFile = others.every(({ file }) => file === first!.file);
      return isOneFile ? expression.replace(index, first!.file) : expression;
    });
}

/** Where a name that an index exports is declared. */
function origin(index: string, name: string): { file: string; name: string } {
  const source = readFileSync(index.replace(/\.js$/, '.ts'), 'utf8');
  for (const [, names, from] of source.matchAll(EXPORT)) {
    const found = splitNames(names!).find(({ as }) => as === name);
    if (found === undefined) continue;
    const file = resolve(dirname(index), from!);
    return file.endsWith('/index.js') ? origin(file, found.name) : { file, name: found.name };
  }
  return { file: index, name };
}

/** `{ a, b as c, type D }` without types, which leave nothing in the program. */
function splitNames(list: string): { name: string; as: string }[] {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !each.startsWith('type '))
    .map((each) => {
      const [name, as = name] = each.split(/ as /);
      return { name: name!, as: as! };
    });
}
