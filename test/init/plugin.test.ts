import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { REPLACEABLE } from '../../src/init/index.js';
import { project } from '../rig/project.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PLUGIN = `${ROOT}.factory-plugin/forge/`;
const text = (path: string) => readFileSync(`${PLUGIN}${path}`, 'utf8');
const files = ['commands', 'droids'].flatMap((dir) =>
  readdirSync(PLUGIN + dir).map((name) => `${dir}/${name}`),
);

test('forge init installs just what the plugin has', async (t) => {
  const here = project(t);
  assert.equal((await here.forge(['init'])).code, 0);
  const installed = Object.keys(here.tree()).filter((path) => /^\.factory\/(commands|droids)\/./.test(path));
  assert.deepEqual(installed.sort(), files.map((path) => `.factory/${path}`).sort());
});

test('the plugin has the version of the package', () => {
  const version = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  assert.equal(version(`${PLUGIN}.factory-plugin/plugin.json`), version(`${ROOT}package.json`));
});

test('every text has front matter that droid reads; the status command is a program', () => {
  for (const path of files) {
    if (path === 'commands/forge-status') {
      assert.match(text(path), /^#!\/bin\/sh\n/);
      assert.equal(statSync(PLUGIN + path).mode & 0o111, 0o111);
      continue;
    }
    const fields = parse(/^---\n([\s\S]*?)\n---\n/.exec(text(path))![1]!) as Record<string, unknown>;
    assert.equal(typeof fields.description, 'string', path);
    if (path.startsWith('droids/')) assert.equal(`droids/${fields.name}.md`, path);
  }
});

test('every forge command and flag that the texts name exists', async (t) => {
  const here = project(t);
  const help = (await here.forge(['--help'])).stdout;
  const helps = new Map<string, string>();
  for (const path of files) {
    for (const [, name, rest] of text(path).matchAll(/`(?:npx --no-install )?forge ([a-z]+)([^`]*)`/g)) {
      assert.match(help, new RegExp(`^  ${name} `, 'm'), `${path} names forge ${name}`);
      const flags = helps.get(name!) ?? (await here.forge([name!, '--help'])).stdout;
      helps.set(name!, flags);
      for (const [flag] of rest!.matchAll(/--?[a-z][a-z-]*/g))
        assert.match(flags, new RegExp(`${flag}[ ,]`), `${path} names forge ${name} ${flag}`);
    }
  }
});

test('the line that marks a replaceable plan is the same everywhere', () => {
  assert.ok(text('commands/forge-parallel.md').includes(`\n    ${REPLACEABLE}\n`));
});
