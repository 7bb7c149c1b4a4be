import { readFileSync } from 'node:fs';
import { recoverMerge, writeMerge } from '../../src/merge/index.js';
import { lockRoot } from '../../src/run/index.js';

/** A process of its own for tests that kill it: `write JOB` writes a merge, `recover ROOT` recovers one, `hold ROOT` takes the lock of a root and does nothing more until it is killed. Prints the result as JSON. */
const [, , what, argument] = process.argv;
try {
  const result =
    what === 'write'
      ? await writeMerge(JSON.parse(readFileSync(argument!, 'utf8')) as Parameters<typeof writeMerge>[0])
      : what === 'hold'
        ? lockRoot(argument!, { doing: 'hold' })
        : await recover(argument!);
  console.log(JSON.stringify(result ?? null));
  if (what === 'hold') setInterval(() => {}, 1000);
} catch (error) {
  console.log(JSON.stringify({ error: (error as Error).message }));
  process.exitCode = 1;
}

async function recover(root: string): Promise<unknown> {
  const release = lockRoot(root, { doing: 'recover' });
  try {
    return await recoverMerge(root);
  } finally {
    release();
  }
}
