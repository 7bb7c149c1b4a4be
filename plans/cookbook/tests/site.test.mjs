// The gate: checks the website as a whole, before any of it is merged.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const pages = ['site/index.html', ...readdirSync('site/recipes').map((name) => `site/recipes/${name}`)];

test('every recipe has a page', () => {
  assert.equal(pages.length - 1, readdirSync('recipes').length);
});

test('every link on every page leads to a file', () => {
  for (const page of pages) {
    for (const [, target] of readFileSync(page, 'utf8').matchAll(/href="([^"]+)"/g)) {
      assert.ok(existsSync(join(dirname(page), target)), `${page} links to ${target}`);
    }
  }
});

test('the search index finds lentils in the soup', () => {
  const index = JSON.parse(readFileSync('site/search.json', 'utf8'));
  assert.deepEqual(index.lentils, ['recipes/lentil-soup.html']);
});
