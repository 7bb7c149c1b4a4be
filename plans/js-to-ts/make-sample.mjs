// Makes a JavaScript project of 247 files, with JSDoc types, that plans can move to TypeScript:
//
//   node plans/js-to-ts/make-sample.mjs /tmp/shop && cd /tmp/shop
//   forge apply convert.plan.yaml      five workers that run tools/convert.mjs
//   forge apply                        five droids
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2];
if (target === undefined) {
  process.stderr.write('usage: node make-sample.mjs FOLDER\n');
  process.exit(2);
}

const two = (number) => String(number).padStart(2, '0');
const many = (count, make) => Array.from({ length: count }, (_, index) => make(two(index + 1), index));

/** Files by folder: 62 + 58 + 41 + 38 + 40 and 8 at the top make 247. */
const files = new Map([
  ...many(41, (n) => [
    `src/utils/format${n}.js`,
    `/**
 * @param {number} amount
 * @param {string} currency
 * @returns {string}
 */
export function format${n}(amount, currency) {
  return \`\${amount.toFixed(2)} \${currency}\`;
}
`,
  ]),
  ...many(40, (n) => [
    `src/models/model${n}.js`,
    `/** Something the shop sells. */
export class Model${n} {
  /**
   * @param {string} name
   * @param {number} price
   */
  constructor(name, price) {
    this.label = name.trim();
    this.cents = Math.round(price * 100);
  }
}
`,
  ]),
  ...many(38, (n, i) => [
    `src/services/service${n}.js`,
    `import { Model${n} } from '../models/model${n}.js';
import { format${n} } from '../utils/format${n}.js';

/**
 * @param {string[]} names
 * @param {number} price
 * @returns {string[]}
 */
export function list${n}(names, price = ${i + 1}) {
  const models = names.map((name) => new Model${n}(name, price));
  return models.map((model) => \`\${model.label}: \${format${n}(model.cents / 100, 'EUR')}\`);
}
`,
  ]),
  ...many(62, (n, i) => [
    `src/api/${i % 2 === 0 ? 'public' : 'admin'}/route${n}.js`,
    `import { list${two((i % 38) + 1)} } from '../../services/service${two((i % 38) + 1)}.js';

/**
 * @param {URL} url
 * @returns {{ status: number, body: string }}
 */
export function route${n}(url) {
  const names = url.searchParams.getAll('name');
  return { status: names.length > 0 ? 200 : 404, body: JSON.stringify(list${two((i % 38) + 1)}(names)) };
}
`,
  ]),
  ...many(58, (n, i) => [
    `src/components/Card${n}.js`,
    `import { format${two((i % 41) + 1)} } from '../utils/format${two((i % 41) + 1)}.js';

/**
 * @param {{ name: string, price: number }} props
 * @returns {string}
 */
export function Card${n}({ name, price }) {
  return \`<article><h2>\${name}</h2><b>\${format${two((i % 41) + 1)}(price, 'EUR')}</b></article>\`;
}
`,
  ]),
  ...many(8, (n, i) => [
    `src/entry${n}.js`,
    `import { route${two(i + 1)} } from './api/${i % 2 === 0 ? 'public' : 'admin'}/route${two(i + 1)}.js';
import { Card${n} } from './components/Card${n}.js';

/**
 * @param {string} name
 * @returns {string}
 */
export function start${n}(name) {
  const answer = route${n}(new URL(\`http://shop.example/?name=\${encodeURIComponent(name)}\`));
  return Card${n}({ name: answer.body, price: answer.status });
}
`,
  ]),
]);
files.set('package.json', `${JSON.stringify({ name: 'shop', private: true, type: 'module' }, null, 2)}\n`);

for (const [path, content] of files) {
  mkdirSync(dirname(join(target, path)), { recursive: true });
  writeFileSync(join(target, path), content);
}
for (const name of ['forge.plan.yaml', 'convert.plan.yaml', 'tools']) {
  cpSync(join(here, name), join(target, name), { recursive: true });
}
process.stdout.write(`${target}: ${files.size - 1} JavaScript files\n`);
