// Fails when a JavaScript file is left below src, or an import leads nowhere. Needs no packages.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
const problems = files.filter((file) => file.endsWith('.js')).map((file) => `src/${file} is still JavaScript`);
const converted = files.filter((file) => file.endsWith('.ts'));
for (const file of converted) {
  const path = join('src', file);
  for (const [, target] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+)\.js'/g)) {
    if (!existsSync(join(dirname(path), `${target}.ts`))) problems.push(`${path} imports ${target}.js, which is not there`);
  }
}
process.stdout.write(problems.map((problem) => `${problem}\n`).join(''));
process.stdout.write(`${converted.length} TypeScript files, ${problems.length} problems\n`);
process.exitCode = problems.length > 0 || converted.length === 0 ? 1 : 0;
