import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ForgeEvent } from '../../../src/journal/index.js';
import {
  fourDroidsChanges,
  fourDroidsScripts,
  layOutFourDroids,
  unexpectedFiles,
} from '../../rig/droid/four-droids.js';
import { openOfflineDroid } from '../../rig/droid/offline-droid.js';
import { environment, eventsOf, FORGE } from '../../rig/project.js';

const skip =
  process.env.FORGE_TEST_DROID === '1'
    ? false
    : 'set FORGE_TEST_DROID=1 to run the real droid binary (a 300 MB download, Linux with network namespaces)';

for (const backend of ['overlay', 'copy']) {
  test(`${backend}: four real droids at once (a 429, a write outside, a verify that fails first), gates, merge`, {
    skip,
    timeout: 400_000,
  }, async (t) => {
    const top = await realpath(await mkdtemp(join(tmpdir(), 'forge-four-')));
    t.after(() => rm(top, { recursive: true, force: true }));
    const shop = join(top, 'shop');
    await mkdir(shop);
    await layOutFourDroids(shop);
    const droid = await openOfflineDroid(fourDroidsScripts);
    t.after(() => droid.close());

    const [command, ...args] = droid.wrap([process.execPath, FORGE, 'apply', '--json', '--backend', backend]);
    const result = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = { ...environment(), ...droid.env, FORGE_STATE_DIR: join(top, 'state') };
      const options = { cwd: shop, env, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile(command, args, options, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
    assert.equal(result.code, 0, result.stderr + result.stdout);
    const events = result.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ForgeEvent);

    assert.deepEqual(await unexpectedFiles(shop), {});
    assert.deepEqual(eventsOf(events, 'merge.finished')[0]?.paths, fourDroidsChanges);
    assert.deepEqual(
      eventsOf(events, 'task.finished')
        .map(({ task, state, attempts }) => [task, state, attempts])
        .sort(),
      ['backend', 'docs', 'frontend', 'tests'].map((task) => [task, 'succeeded', 1]),
      'the 429 and the failing verify cost no attempt: droid repairs both in one session',
    );
    assert.equal(existsSync(join(shop, 'src/api/cart-view.js')), false, 'the denied write is nowhere');
    const denied = eventsOf(events, 'agent.tool').find(({ task, error }) => task === 'frontend' && error);
    assert.ok(denied, 'frontend was told that the file is not its own');
    assert.ok(eventsOf(events, 'agent.usage').length >= 4);
    assert.ok(eventsOf(events, 'agent.message').some(({ text }) => text.includes('The view is there')));
    assert.deepEqual(
      eventsOf(events, 'gate.finished').map(({ name, ok }) => [name, ok]),
      [
        ['tests', true],
        ['docs', true],
      ],
    );
    const started = eventsOf(events, 'attempt.started').map(({ seq }) => seq);
    const ended = eventsOf(events, 'attempt.finished').map(({ seq }) => seq);
    assert.ok(Math.max(...started) < Math.min(...ended), 'all four ran at the same time');
    const [run] = readdirSync(join(shop, '.forge/runs'));
    const prompt = readFileSync(join(shop, `.forge/runs/${run}/tasks/frontend/attempt-1/prompt.md`), 'utf8');
    for (const part of ['Give the shop a cart', '`src/web/**`', 'backend', 'node --test'])
      assert.ok(prompt.includes(part));
  });
}
