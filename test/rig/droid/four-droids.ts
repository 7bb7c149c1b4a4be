import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Scripts, type Step, scriptMarker } from './script.js';

/*
 * A small shop, and a plan with which four droids add a cart to it at the same time:
 *   backend   meets a 429 first
 *   frontend  first tries to write into backend's folder, is told, and goes on in its own
 *   tests     its `verify` fails the first time; the Stop hook sends it back and it repairs its test
 *   docs      creates a page and edits the index
 * The gates need all four, node_modules (which git ignores) and the user's uncommitted change.
 */

const cart = `import { format } from 'money-format';
import { currency } from '../config.js';

export function total(items) {
  return format(items.reduce((sum, item) => sum + item.price * item.count, 0), currency);
}
`;

const cartView = `import { total } from '../api/cart.js';

export function cartView(items) {
  return \`<ul>\${items.map((item) => \`<li>\${item.name}</li>\`).join('')}</ul><b>\${total(items)}</b>\`;
}
`;

const pricesTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priceTag } from '../src/api/prices.js';

test('a price tag shows the currency of the configuration', () => {
  assert.equal(priceTag(12), '12.00 EUR');
});
`;

const cartTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cartView } from '../src/web/cart-view.js';

test('a cart shows its items and their total', () => {
  const html = cartView([{ name: 'Tea', price: 3, count: 2 }, { name: 'Cup', price: 4.5, count: 1 }]);
  assert.equal(html, '<ul><li>Tea</li><li>Cup</li></ul><b>10.50 EUR</b>');
});
`;

const cartPage = '# Cart\n\n`total(items)` gives the price of everything in the cart.\n';

const committed: Readonly<Record<string, string>> = {
  '.gitignore': 'node_modules\n.env\n.forge\n',
  'package.json': `${JSON.stringify({ name: 'shop', type: 'module', private: true, dependencies: { 'money-format': '1.0.0' } }, null, 2)}\n`,
  'src/config.js': "export const currency = 'USD';\n",
  'src/api/prices.js':
    "import { format } from 'money-format';\nimport { currency } from '../config.js';\n\nexport const priceTag = (price) => format(price, currency);\n",
  'src/web/index.html': '<h1>Shop</h1>\n',
  'docs/index.md': '# Shop\n\n- [Prices](prices.md)\n',
};

/** What git does not know: installed packages, and what the user has not committed. */
const uncommitted: Readonly<Record<string, string>> = {
  'node_modules/money-format/package.json': '{"name":"money-format","version":"1.0.0","type":"module"}\n',
  'node_modules/money-format/index.js':
    'export const format = (amount, currency) => `${amount.toFixed(2)} ${currency}`;\n',
  '.env': 'SHOP_KEY=none\n',
  'src/config.js': "export const currency = 'EUR';\n",
};

const task = (id: string, text: string) => `Part ${id}: ${text} ${scriptMarker(id)}`;

/** The plan. Its agent's model is the scripted one. */
export const fourDroidsPlan = `version: 1
name: cart
goal: Give the shop a cart
concurrency: 4
agents:
  droid: { model: "custom:stub", auto: medium }
defaults: { agent: droid, timeout: 5m, retries: 1 }
tasks:
  backend:
    description: the cart's total
    prompt: "${task('backend', 'write src/api/cart.js.')}"
    owns: [src/api/**]
  frontend:
    description: the cart's view
    prompt: "${task('frontend', 'write the view of the cart.')}"
    owns: [src/web/**]
  tests:
    description: tests of prices and cart
    prompt: "${task('tests', 'test prices and cart.')}"
    owns: [test/**]
    verify: node --test test/prices.test.js
  docs:
    description: the cart's page
    prompt: "${task('docs', 'document the cart.')}"
    owns: [docs/**]
gates:
  - { name: tests, run: node --test }
  - { name: docs, run: "grep -q cart.md docs/index.md && test -s docs/cart.md" }
`;

const create = (path: string, content: string): Step => ({
  calls: [{ tool: 'Create', arguments: { file_path: `{{cwd}}/${path}`, content } }],
});
const readThenEdit = (path: string, from: string, to: string): Step[] => [
  { calls: [{ tool: 'Read', arguments: { file_path: `{{cwd}}/${path}` } }] },
  { calls: [{ tool: 'Edit', arguments: { file_path: `{{cwd}}/${path}`, old_str: from, new_str: to } }] },
];

/** What the model says to the four. */
export const fourDroidsScripts: Scripts = {
  backend: [
    { status: 429, times: 1, message: 'scripted rate limit', next: create('src/api/cart.js', cart) },
    { text: 'The total is there.' },
  ],
  frontend: [
    create('src/api/cart-view.js', cartView),
    create('src/web/cart-view.js', cartView),
    { text: 'The view is there, in my own folder.' },
  ],
  tests: [
    create('test/prices.test.js', pricesTest.replace('EUR', 'USD')),
    create('test/cart.test.js', cartTest),
    { text: 'The tests are there.' },
    ...readThenEdit('test/prices.test.js', '12.00 USD', '12.00 EUR'),
    { text: 'The tests are right now.' },
  ],
  docs: [
    create('docs/cart.md', cartPage),
    ...readThenEdit('docs/index.md', '- [Prices](prices.md)\n', '- [Prices](prices.md)\n- [Cart](cart.md)\n'),
    { text: 'The page is there.' },
  ],
};

/** Every file that must be there after the merge, and its content (`.git` and `.forge` apart). */
export const fourDroidsExpected: Readonly<Record<string, string>> = {
  ...committed,
  ...uncommitted,
  'forge.plan.yaml': fourDroidsPlan,
  'src/api/cart.js': cart,
  'src/web/cart-view.js': cartView,
  'test/prices.test.js': pricesTest,
  'test/cart.test.js': cartTest,
  'docs/cart.md': cartPage,
  'docs/index.md': '# Shop\n\n- [Prices](prices.md)\n- [Cart](cart.md)\n',
};

/** Paths that the four write, as the merge should report them. */
export const fourDroidsChanges: readonly string[] = [
  'docs/cart.md',
  'docs/index.md',
  'src/api/cart.js',
  'src/web/cart-view.js',
  'test/cart.test.js',
  'test/prices.test.js',
];

/** Lays the shop out in a folder (a git repository with one commit, and an uncommitted change); gives the plan's path. */
export async function layOutFourDroids(folder: string): Promise<string> {
  await writeFiles(folder, { ...committed, 'forge.plan.yaml': fourDroidsPlan });
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: folder });
  await git('init', '-q', '-b', 'main');
  await git('add', '-A');
  await git('-c', 'user.name=Test', '-c', 'user.email=test@example.invalid', 'commit', '-qm', 'The shop');
  await writeFiles(folder, uncommitted);
  return join(folder, 'forge.plan.yaml');
}

/** Gives each expected file whose content is different now, with what it holds (undefined = it is not there). */
export async function unexpectedFiles(folder: string): Promise<Record<string, string | undefined>> {
  const wrong: Record<string, string | undefined> = {};
  for (const [path, content] of Object.entries(fourDroidsExpected)) {
    const now = await readFile(join(folder, path), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (now !== content) wrong[path] = now;
  }
  return wrong;
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
