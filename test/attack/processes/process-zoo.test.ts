import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { project } from '../../rig/project.js';
import { attackEnv, leftovers, processesOf, survivors, topOf } from '../../rig/traces.js';

/** Every way of starting a process that outlives its parent. Each writes a file when it runs, and none ever ends by itself. */
const ZOO = `
hold() { echo x > "$PENS/$1"; while :; do sleep 1000; done; }
hold plain &
(hold background &) 
setsid sh -c 'echo x > "$PENS/setsid"; while :; do sleep 1000; done' &
(setsid sh -c 'sh -c "echo x > $PENS/double; while :; do sleep 1000; done" &' &)
(trap '' TERM HUP INT; hold deaf) &
sh -c 'echo x > "$PENS/stopped"; kill -STOP $$; sleep 1000' &
(exec -a kworker/0:1 sh -c 'echo x > "$PENS/renamed"; while :; do sleep 1000; done') 2>/dev/null || hold renamed &
env -i PATH="$PATH" PENS="$PENS" setsid sh -c 'echo x > "$PENS/bare"; while :; do sleep 1000; done' &
for name in plain background setsid double deaf stopped renamed bare; do while [ ! -s "$PENS/$name" ]; do sleep 0.01; done; done
`;
const KINDS = 8;

const SETTINGS = [
  { name: 'overlay', args: ['--backend', 'overlay'], env: {} },
  { name: 'copy', args: ['--backend', 'copy'], env: {} },
  { name: 'copy without namespaces', args: ['--backend', 'copy'], env: { FORGE_ISOLATION: 'none' } },
] as const;

const ENDS = ['success', 'failure', 'timeout', 'Ctrl-C', 'SIGKILL of forge'] as const;

const LINUX = process.platform === 'linux' ? false : 'processes are found in /proc';

for (const setting of SETTINGS) {
  for (const end of ENDS) {
    test(`${setting.name}: after ${end}, whatever a task started is gone`, { skip: LINUX }, async (t) => {
      const home = await Home.open(t);
      const here = project(t, {
        'zoo.sh': `${ZOO}\n${home.command('main')}\n`,
        'forge.plan.yaml': `version: 1\ntasks:\n  zoo: { run: sh zoo.sh, timeout: ${end === 'timeout' ? '3s' : '1h'} }\n`,
      });
      const pens = join(topOf(here), 'pens');
      mkdirSync(pens);
      mkdirSync(join(topOf(here), 'tmp'));
      const env = { ...attackEnv(here), ...setting.env, PENS: pens };
      let forge: ChildProcess | undefined;
      const running = here.forge(['apply', ...setting.args], {
        env,
        started: (child) => {
          forge = child;
        },
      });
      const main = await home.called('main');
      const zoo = processesOf(here).filter(({ command }) => !command.includes('main.js'));
      assert.ok(zoo.length >= KINDS, `the zoo is not complete: ${JSON.stringify(zoo)}`);
      if (end === 'success') main.end(0);
      if (end === 'failure') main.end(1);
      if (end === 'Ctrl-C') forge!.kill('SIGINT');
      if (end === 'SIGKILL of forge') forge!.kill('SIGKILL');
      const result = await running;
      const code = { success: 0, failure: 1, timeout: 1, 'Ctrl-C': 130, 'SIGKILL of forge': null }[end];
      assert.equal(result.code, code, result.stdout + result.stderr);

      if (setting.name !== 'copy without namespaces') {
        assert.deepEqual(await survivors(here), [], 'orphans');
        if (end !== 'SIGKILL of forge') assert.deepEqual(leftovers(here), []);
        return;
      }
      // Without namespaces, and only there: when forge itself is killed, all but the task's own command lives on until
      // the next forge command; and a process that left the session and dropped its environment is never found.
      if (end === 'SIGKILL of forge') {
        assert.equal((await here.forge(['apply', '-n'], { env })).code, 0);
        assert.equal((await here.forge(['clean'], { env })).code, 0);
      }
      const left = processesOf(here);
      t.after(() => {
        for (const { pid } of left) process.kill(pid, 'SIGKILL');
      });
      const isBare = ({ pid }: { pid: number }) => isFreeOfMarks(pid);
      assert.deepEqual(
        left.filter((one) => !isBare(one)),
        [],
        'orphans that carry the marker',
      );
    });
  }
}

/** Whether a process has neither the marker of an attempt nor an ancestor of ours. */
function isFreeOfMarks(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/environ`, 'latin1').includes('FORGE_ATTEMPT=');
  } catch {
    // Just ended.
    return true;
  }
}
