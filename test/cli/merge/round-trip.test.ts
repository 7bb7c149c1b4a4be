import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { BACKENDS, type Project, project } from '../../rig/project.js';

/** Every kind of change, as a script for sh. */
const CHANGES = String.raw`
set -e
printf '\000\001\377binary' > made.bin
: > empty
printf '#!/bin/sh\n' > tool && chmod 755 tool
chmod +x plain.txt
ln -s plain.txt link
ln -sfn nowhere relink
rm gone.txt
rm -r gonedir
mv olddir newdir
rm -r dir2file && echo now a file > dir2file
rm file2dir && mkdir file2dir && echo in > file2dir/in
rm link2file && echo was a link > link2file
rm file2link && ln -s plain.txt file2link
mkdir -p deep/er/est && echo d > deep/er/est/d
mkdir emptydir
echo spaced > 'a name with spaces'
printf 'n' > "$(printf 'new\nline')"
printf 'b' > "$(printf 'not-utf8-\377\376')"
printf 'u' > 'ünï→😀'
printf 'q' > "quote'\"\\back\$dollar\`tick"
echo more >> modified.txt
touch touched.txt
cp same.txt same.tmp && mv same.tmp same.txt
chmod 750 moded
`;

function full(here: Project): void {
  here.write({
    'plain.txt': 'plain\n',
    'gone.txt': 'gone\n',
    'gonedir/sub/file': 'x\n',
    'olddir/a': 'a\n',
    'olddir/sub/b': 'b\n',
    'dir2file/x': 'x\n',
    file2dir: 'f\n',
    file2link: 'f\n',
    'modified.txt': 'modified\n',
    'touched.txt': 'touched\n',
    'same.txt': 'same\n',
    'moded/keep': 'k\n',
  });
  symlinkSync('plain.txt', here.path('relink'));
  symlinkSync('plain.txt', here.path('link2file'));
}

for (const backend of BACKENDS) {
  test(`${backend}: every kind of change arrives byte by byte, as if the command had run in the tree itself`, async (t) => {
    const expected = project(t);
    full(expected);
    execFileSync('sh', ['-c', CHANGES], { cwd: expected.dir });
    const here = project(t);
    full(here);
    here.write({
      'forge.plan.yaml': `version: 1\ntasks:\n  all:\n    run: |\n${CHANGES.replace(/^/gm, '      ')}\n    owns: ['**']\n`,
    });
    const result = await here.forge(['apply', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const got = here.tree();
    delete got['forge.plan.yaml'];
    assert.deepEqual(got, expected.tree());
  });

  test(`${backend}: a task sees every kind of change of the task it needs, and may undo it`, async (t) => {
    const here = project(t);
    full(here);
    here.write({
      'forge.plan.yaml': `version: 1\ntasks:\n  all:\n    run: |\n${CHANGES.replace(/^/gm, '      ')}\n    owns: ['**']
  undo:
    needs: [all]
    owns: ['**']
    run: |
      set -e
      test -x plain.txt && test -L link && test ! -e gone.txt && test -f dir2file && test -f newdir/sub/b && test ! -e olddir
      rm "$(printf 'not-utf8-\\377\\376')" made.bin
      rm -r deep
      echo gone > gone.txt
      mv newdir olddir
      echo undone >> modified.txt
`,
    });
    const result = await here.forge(['apply', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const tree = here.tree();
    assert.equal(tree['olddir/sub/b'], '644:b\n');
    assert.equal(tree['gone.txt'], '644:gone\n');
    assert.equal(tree['modified.txt'], '644:modified\nmore\nundone\n');
    for (const name of ['made.bin', 'deep/', 'newdir/', 'not-utf8-\xff\xfe'])
      assert.ok(!(name in tree), name);
  });
}
