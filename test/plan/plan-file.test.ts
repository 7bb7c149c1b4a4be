import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PlanFileError, readPlan } from '../../src/plan/index.js';
import { temporaryFolder } from './plan-folder.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const read = (name: string) => readPlan({ file: at(name), vars: {}, agents: ['droid'] });

/** Asserts a PlanFileError of one line that names the file. */
async function assertRefused(name: string, reason: RegExp): Promise<void> {
  await assert.rejects(read(name), (error: unknown) => {
    assert.ok(error instanceof PlanFileError);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, reason);
    assert.ok(!error.message.includes('\n') && !error.message.includes('\u001b'));
    return true;
  });
}

describe('files that are no plans', () => {
  it('missing, a folder, a circle of links', async () => {
    mkdirSync(at('folder'));
    symlinkSync(at('loop'), at('loop'));
    await assertRefused('nope.yaml', /cannot read the plan .*nope\.yaml: there is no such file/);
    await assertRefused('nope\n\u001b[31m.yaml', /nope\\n\\x1b\[31m\.yaml/);
    await assertRefused('folder', /is a folder, not a plan/);
    await assertRefused('loop', /symbolic links go round in circles/);
  });

  it('a FIFO does not make forge wait', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    await assertRefused('fifo', /is not a regular file, not a plan/);
  });

  it('a device', async () => {
    symlinkSync('/dev/zero', at('zero'));
    await assertRefused('zero', /is not a regular file/);
  });

  it('larger than 10 MB', async () => {
    writeFileSync(at('large.yaml'), '');
    truncateSync(at('large.yaml'), 10 * 1024 * 1024 + 1);
    await assertRefused('large.yaml', /larger than 10 MB/);
  });

  it('not UTF-8', async () => {
    writeFileSync(at('latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]));
    await assertRefused('latin.yaml', /is not UTF-8 text/);
  });

  it('a symbolic link to a plan will do', async () => {
    writeFileSync(at('real.yaml'), 'version: 1\ntasks: { a: { run: x } }\n');
    symlinkSync('real.yaml', at('link.yaml'));
    assert.ok((await read('link.yaml')).ok);
  });
});
