import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { applyEntries, composeChangesets, loadChangeset } from '../../src/workspace/index.js';
import type { Exercised } from './exercise.js';
import { type Collecting, Grounds, SETTINGS, unavailable } from './grounds.js';
import { snapshot } from './snapshot.js';

const BASE = `
  mkdir -p src/deep/er lib empty gone/sub swap moved/in 'sp ace' locked .forge/runs/r1
  for f in src/a src/b src/deep/c src/deep/er/d lib/x lib/y gone/1 gone/sub/2 swap/s moved/m moved/in/n; do echo $f >$f; done
  echo run >run.sh; chmod 755 run.sh; : >nothing; echo t >turns; ln -s src/a link; ln -s nowhere dangling; ln -s /etc/passwd outside
  ln -s "$PWD/src" inside; ln lib/x hard; echo bin >suid; chmod 4755 suid; echo l >locked/f; ln -s "$PWD/src/a" locked/abs; chmod 555 locked; echo ro >readonly; chmod 444 readonly
  echo same >same; echo touched >touched; echo 'in space' >'sp ace/f i'; printf x >"$(printf 'new\\nline')"; printf y >"$(printf 'bad\\377byte')"
  mkdir "$(printf 'dir\\376')"; printf z >"$(printf 'dir\\376/\\375')"; mkfifo pipe; head -c 3000000 /dev/urandom >big
  git init -q .; git add src lib; git commit -qm base`;

/** One script for each kind of change: what has to come out is what sh did. */
const CHANGES: Record<string, string> = {
  nothing: 'true',
  'content, created, emptied':
    'echo more >>src/a; echo new >src/new; : >lib/y; : >empty-file; head -c 70000 /dev/urandom >bin',
  'large files':
    'printf x | dd of=big bs=1 seek=2000000 conv=notrunc 2>/dev/null; head -c 5000000 /dev/zero >zero',
  'same bytes again':
    'touch touched; cat same >s2; cp s2 same; rm s2; : >>src/b; chmod 600 lib/x; chmod 644 lib/x',
  modes:
    'chmod +x src/a; chmod -x run.sh; chmod 600 lib/y; chmod 6711 suid; chmod 700 lib; chmod 000 nothing; chmod 1777 empty',
  links:
    'rm link; ln -s src/b link; ln -s a/b/c new-link; rm dangling; ln -sfn "$PWD/lib" inside; ln -s "$PWD/src/new" abs; rm outside; echo x >outside',
  'deleted files and folders': 'rm src/b; rm -r gone empty; rm dangling pipe',
  'folder to file to folder':
    'rm -r gone; echo file >gone; rm turns; mkdir turns; echo in >turns/in; rm -r moved; ln -s src moved; rm link; mkdir link',
  'folder replaced':
    'rm -rf src; mkdir src; echo a >src/a; echo z >src/z; mkdir src/deep; echo other >src/deep/c',
  'folders moved':
    'mv src lib2; mv lib src; mv moved/in inner; mv moved outer; mkdir -p n/e/w; mv outer n/e/w/o; echo x >n/e/w/o/m',
  'moved and moved back': 'mv src tmp; mv tmp src; mv lib src/lib; mv src/lib lib; echo x >>lib/x',
  'swapped folders': 'mv lib tmp; mv swap lib; mv tmp swap; echo more >>lib/s; rm swap/x',
  'moved, then another in its place':
    'mv src old; mkdir src; mv old/deep src/deep; rm src/deep/c; mv old/a src/deep/c; chmod 700 src/deep',
  'strange names': `printf 1 >>"$(printf 'new\\nline')"; rm "$(printf 'bad\\377byte')"; printf 2 >"$(printf '\\303\\050')"; mv "$(printf 'dir\\376')" "$(printf 'other\\376\\377')"; mkdir -p 'a,b:c\\d "e"'; echo q >'a,b:c\\d "e"/  '; echo u >ünï💀; ln -s "$(printf '\\200x')" "$(printf '\\201y')"`,
  'locked folders':
    'chmod 755 locked; echo more >>locked/f; echo n >locked/n; chmod 555 locked; mkdir shut; echo s >shut/f; chmod 000 shut; echo r >>readonly 2>/dev/null || { chmod 644 readonly; echo r >>readonly; chmod 444 readonly; }; echo k >k; chmod 000 k',
  'hard links': 'echo more >>hard; ln src/a src/a2; ln src/b other; echo x >>other',
  'special files': 'mkfifo p2; mkdir sp; mkfifo sp/p; rm pipe; echo real >pipe',
  'empty folders': 'mkdir -p e1/e2/e3; rmdir empty; mkdir empty; mkdir src/deep/er/more',
  'git at work':
    'git checkout -qb other; echo g >src/g; git mv lib/x lib/z; git -c user.name=a -c user.email=b commit -qam work; git checkout -q -; git checkout -q other; mkdir -p .git/hooks; printf "#!/bin/sh\\necho hooked >hooked\\n" >.git/hooks/post-commit; chmod +x .git/hooks/post-commit; git -c user.name=a -c user.email=b commit -q --allow-empty -m h; git init -q nested; echo n >nested/f; rm -rf .forge; mkdir .forge; echo >.forge/x',
};

for (const setting of SETTINGS) {
  describe(`round trip on ${setting.label}`, { skip: unavailable(setting) }, () => {
    it('brings every kind of change over byte by byte and leaves the working tree as it was', async () => {
      const grounds = new Grounds(setting);
      try {
        grounds.sh(BASE);
        const before = snapshot(grounds.root, { times: true });
        const kinds = Object.keys(CHANGES);
        const all = await grounds.exerciseAll(kinds.map((kind) => ({ script: CHANGES[kind]! })));
        for (const [index, done] of all.entries())
          await check(grounds, before, `${kinds[index]} (${setting.label})`, done);
        assert.deepEqual(snapshot(grounds.root, { times: true }), before, 'the working tree was changed');
        assert.deepEqual(grounds.scratch(), [], 'scratch is left');
      } finally {
        grounds.remove();
      }
    });
  });
}

async function check(grounds: Grounds, before: string[], about: string, done: Collecting): Promise<void> {
  assert.equal(`${done.exitCode} ${done.error ?? ''}`, '0 ', `${about}: ${done.output}`);
  const changeset = await loadChangeset(done.into);
  assert.deepEqual(changeset.entries, done.entries, about);
  const fresh = `${grounds.out()}-fresh`;
  execFileSync('cp', ['-a', grounds.root, fresh]);
  await applyEntries(fresh, composeChangesets([changeset]));
  const without = ['.git', '.forge'];
  assert.deepEqual(noSpecial(snapshot(fresh, { without })), noSpecial(done.view), about);
  execFileSync('chmod', ['-R', 'u+rwX', fresh]);
  execFileSync('rm', ['-rf', fresh]);
  minimal(done, before, about);
}

/** Nothing that is the same before and after may be in the changeset. */
function minimal(done: Exercised, before: readonly string[], about: string): void {
  const had = new Set(before.map((line) => line.split(' ').slice(0, -3).join(' ')).concat(before));
  const after = new Set(done.view);
  for (const { path, kind } of done.entries) {
    const label = JSON.stringify(Buffer.from(path).toString('latin1'));
    const same = [...after].filter((line) => line.startsWith(`${label} `) && had.has(line));
    assert.deepEqual(same, [], `${about}: ${path} (${kind}) is in the changeset but did not change`);
  }
}

function noSpecial(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.endsWith(' special'));
}
