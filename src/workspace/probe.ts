import { randomBytes } from 'node:crypto';
import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../util/errors.js';
import { removeFile } from '../util/files/remove-tree.js';
import { type CopySandbox, copyLayout } from './copy/copy-layout.js';
import { overlayLayout } from './overlay/overlay-layout.js';
import { type OverlayMode, overlay } from './overlay/overlay-mounts.js';
import type { Covered } from './private-git/covered.js';
import { mountsBelow } from './sandbox/mount-table.js';
import { NamespaceSandbox } from './sandbox/namespace.js';
import { namespacesRuledOut } from './sandbox/tools.js';
import { Zygote } from './sandbox/zygote.js';
import { removeOwnTree } from './scratch/remove-own-tree.js';
import { makeScratch, removeScratch } from './scratch/scratch.js';

export interface ProbeOptions {
  covered: Covered;
  runDir: string;
  runId: string;
  stateFolder: string;
}

/** `final`: another state folder would not help. */
export type OverlayProbe = { mode: OverlayMode } | { refused: string; final: boolean };

/** Finds out whether and how overlay works for root with scratch in a state folder, by doing it. */
export async function probeOverlay(options: ProbeOptions): Promise<OverlayProbe> {
  const ruledOut = namespacesRuledOut();
  if (ruledOut !== undefined) return { refused: ruledOut, final: true };
  const [mount] = mountsBelow(options.covered.top);
  if (mount !== undefined)
    return { refused: `another file system is mounted inside the working tree, at ${mount}`, final: true };
  // Inode numbers tell renamed folders only where both layers are on one file system.
  const sameDisk = statSync(options.stateFolder).dev === statSync(options.covered.root).dev;
  const modes: OverlayMode[] = [{ userNamespace: true, redirect: false }];
  if (process.getuid?.() === 0) {
    modes.unshift({ userNamespace: false, redirect: false });
    if (sameDisk) modes.unshift({ userNamespace: false, redirect: true });
  }
  const complaints: string[] = [];
  for (const mode of modes) {
    const complaint = await tryMode(mode, options);
    if (complaint === undefined) return { mode };
    if (!complaints.includes(complaint)) complaints.push(complaint);
  }
  return { refused: complaints.join('; '), final: false };
}

/** What commands do to a tree that a bad overlay would get wrong. */
const EXERCISE =
  'cd "$1" && echo more >>f && rm -rf d && mkdir d && echo new >d/new && mv a tmp && mv c a && echo x >b/x';

/** Mounts root and a small tree in the run's folder, works in both and looks at the outcome; gives what went wrong. */
async function tryMode(
  mode: OverlayMode,
  { covered, runDir, runId, stateFolder }: ProbeOptions,
): Promise<string | undefined> {
  const sample = makeSample(runDir);
  let zygote: Zygote | undefined;
  try {
    zygote = await Zygote.start(stateFolder, `${runId}.probe`, mode.userNamespace);
    const slot = zygote.takeSlot();
    const view = slot.folder('view');
    const { root } = covered;
    const { mount } = overlay(slot, 'view-', sample, view, mode);
    // The sample's view lies in the state folder, and would be hidden with it.
    const layout = overlayLayout(slot, stateFolder, covered, mode, [mount], view);
    const namespace = await NamespaceSandbox.open(zygote, slot, { name: `${runId}.probe`, ...layout });
    const merged = namespace.outside(root);
    if (statSync(merged).dev === statSync(root).dev) return 'the mount does not show on the working tree';
    const name = `.forge-probe-${randomBytes(6).toString('hex')}`;
    writeFileSync(join(merged, name), name);
    if (existsSync(join(root, name)) || readFileSync(join(layout.upper, name), 'utf8') !== name)
      return 'a file written in the view does not end up in its upper folder';
    const exercise = namespace.spawn({
      argv: ['sh', '-c', EXERCISE, 'sh', view],
      env: { PATH: process.env.PATH ?? '' },
    });
    const complaint = readAll(exercise.stderr);
    const { exitCode, error } = await exercise.ended;
    if (error !== undefined) return error.message;
    if (exitCode !== 0) return `working in the view failed: ${(await complaint).split('\n')[0]}`;
    return wrongOutcome(namespace.outside(view), sample, mode.redirect);
  } catch (error) {
    return messageOf(error);
  } finally {
    await zygote?.close();
    await removeOwnTree(sample);
  }
}

function makeSample(runDir: string): string {
  const sample = join(runDir, `probe-${randomBytes(6).toString('hex')}`);
  for (const folder of ['a', 'b', 'c', 'd']) {
    mkdirSync(join(sample, folder), { recursive: true });
    writeFileSync(join(sample, folder, folder), folder);
  }
  writeFileSync(join(sample, 'f'), 'base\n');
  return sample;
}

function wrongOutcome(merged: string, lower: string, redirect: boolean): string | undefined {
  const isRight =
    readFileSync(join(merged, 'f'), 'utf8') === 'base\nmore\n' &&
    readFileSync(join(lower, 'f'), 'utf8') === 'base\n' &&
    readdirSync(join(merged, 'd')).join() === 'new' &&
    readdirSync(join(merged, 'a')).join() === 'c' &&
    readdirSync(join(merged, 'tmp')).join() === 'a' &&
    !existsSync(join(merged, 'c')) &&
    readdirSync(lower).length === 5;
  if (!isRight) return 'what a command does in the view does not come out right';
  if (!redirect) return undefined;
  const inode = (tree: string, name: string) => lstatSync(join(tree, name), { bigint: true }).ino;
  const tells = (name: string) => inode(merged, name) !== inode(lower, name);
  return !tells('b') && tells('a') && tells('d') ? undefined : 'renamed folders cannot be told from others';
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.toString('utf8');
  return text;
}

/** Why files of root cannot be reflinked into the state folder (by forcing it once), or undefined where they can. */
export async function probeClone(
  runDir: string,
  stateFolder: string,
  runId: string,
): Promise<string | undefined> {
  const from = join(runDir, `probe-${randomBytes(6).toString('hex')}`);
  // In a folder that says whose it is, or nobody would dare to remove it if forge were killed here.
  const scratch = makeScratch(stateFolder, `${runId}.probe`);
  const to = join(scratch, 'clone');
  try {
    mkdirSync(dirname(from), { recursive: true });
    // Small content may be stored inside the inode, where it can't be shared.
    writeFileSync(from, Buffer.alloc(65_536, 1));
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
    return undefined;
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error';
    if (code === 'EXDEV')
      return `${stateFolder} is on another file system than the working tree (set FORGE_STATE_DIR)`;
    if (['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS', 'ENOTTY'].includes(code))
      return `the file system has no reflinks (btrfs, xfs and APFS do)`;
    return `a reflink failed (${code})`;
  } finally {
    removeFile(from);
    await removeScratch(scratch);
  }
}

/** How commands of a copied workspace can be kept together here, by opening a namespace in which root is read-only. */
export async function probeNamespace(
  covered: Covered,
  stateFolder: string,
  runId: string,
): Promise<{ how: CopySandbox; why: string }> {
  const ruledOut = namespacesRuledOut();
  if (ruledOut !== undefined) return { how: 'none', why: ruledOut };
  let why = '';
  const ways =
    process.getuid?.() === 0 ? (['namespace', 'user-namespace'] as const) : (['user-namespace'] as const);
  for (const how of ways) {
    let zygote: Zygote | undefined;
    try {
      zygote = await Zygote.start(stateFolder, `${runId}.probe`, how === 'user-namespace');
      const slot = zygote.takeSlot();
      const view = slot.folder('copy');
      const layout = copyLayout({ slot, stateFolder, covered, view, show: view });
      const namespace = await NamespaceSandbox.open(zygote, slot, { name: `${runId}.probe`, ...layout });
      const command = namespace.spawn({ argv: ['sh', '-c', ':'], env: { PATH: process.env.PATH ?? '' } });
      const complaint = readAll(command.stderr);
      const { exitCode, error } = await command.ended;
      if (exitCode === 0) return { how, why };
      why = error?.message ?? `a command in it failed: ${(await complaint).split('\n')[0]}`;
    } catch (error) {
      why = messageOf(error);
    } finally {
      await zygote?.close();
    }
  }
  return { how: 'none', why };
}
