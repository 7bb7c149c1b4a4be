import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTree, removeTreeSync } from '../../src/util/files/remove-tree.js';

const asRoot = process.getuid?.() === 0 ? false : 'only root can become another user';

test('links are removed, what they lead to stays; folders that forbid it are opened', async (t) => {
  const top = mkdtempSync(join(tmpdir(), 'forge-remove-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  // Nothing is forbidden to root.
  if (asRoot === false) {
    lchownSync(top, 61_001, 61_001);
    process.seteuid?.(61_001);
    t.after(() => process.seteuid?.(0));
  }
  for (const remove of [removeTree, removeTreeSync]) {
    mkdirSync(join(top, 'outside'), { recursive: true });
    writeFileSync(join(top, 'outside/gold'), 'gold');
    const tree = join(top, 'tree');
    mkdirSync(join(tree, 'a/b/c'), { recursive: true });
    writeFileSync(join(tree, 'a/b/c/f'), 'f');
    writeFileSync(Buffer.from(`${tree}/a/\xff`, 'latin1'), 'not UTF-8');
    for (const place of ['l', 'a/l', 'a/b/c/l']) symlinkSync(join(top, 'outside'), join(tree, place));
    chmodSync(join(tree, 'a/b/c'), 0o000);
    chmodSync(join(tree, 'a'), 0o555);
    await remove(tree);
    assert.equal(existsSync(tree), false);
    // A link itself, and nothing at all.
    symlinkSync(join(top, 'outside'), tree);
    await remove(tree);
    await remove(tree);
    assert.equal(existsSync(tree), false);
    assert.equal(readFileSync(join(top, 'outside/gold'), 'utf8'), 'gold');
  }
});

test('a link of somebody else’s that can’t be unlinked is not followed (Node’s own rm would)', {
  skip: asRoot,
}, async (t) => {
  const [victim, attacker] = [61_001, 61_002];
  const top = mkdtempSync(join(tmpdir(), 'forge-remove-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  mkdirSync(join(top, 'gold'));
  writeFileSync(join(top, 'gold/g'), 'gold');
  mkdirSync(join(top, 'tree/sticky'), { recursive: true });
  symlinkSync(join(top, 'gold'), join(top, 'tree/sticky/link'));
  execFileSync('chown', ['-R', `${victim}:${victim}`, top]);
  lchownSync(join(top, 'tree/sticky/link'), attacker, attacker);
  lchownSync(join(top, 'tree/sticky'), attacker, attacker);
  chmodSync(join(top, 'tree/sticky'), 0o1777);
  chmodSync(top, 0o755);
  process.seteuid?.(victim);
  try {
    await assert.rejects(removeTree(join(top, 'tree')), { code: 'EPERM' });
  } finally {
    process.seteuid?.(0);
  }
  assert.equal(readFileSync(join(top, 'gold/g'), 'utf8'), 'gold');
});

test('a tree deeper than any path may be', async (t) => {
  const top = mkdtempSync(join(tmpdir(), 'forge-remove-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  const name = 'd'.repeat(60);
  const dig = `for (let n = 0; n < 1500; n += 1) { require('fs').mkdirSync('${name}'); process.chdir('${name}'); }`;
  execFileSync(process.execPath, ['-e', dig], { cwd: top });
  await removeTree(join(top, name));
  assert.equal(existsSync(join(top, name)), false);
});
