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
import { text } from 'node:stream/consumers';
import { codeOf, messageOf } from '../util/errors.js';
import { removeFile } from '../util/files/remove-tree.js';
import { type CopySandbox, copyLayout } from './copy/copy-layout.js';
import { type OverlayMode, overlay, overlayLayout } from './overlay/overlay-layout.js';
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

/** Why overlay can't work for root, wherever its scratch is; undefined where that is to be tried. */
export function overlayRuledOut({ top, fileLinks: [link] }: Covered): string | undefined {
  if (link !== undefined) return `${link}, which a view can't cover`;
  const [mount] = mountsBelow(top);
  return (
    namespacesRuledOut() ?? (mount && `another file system is mounted inside the working tree, at ${mount}`)
  );
}

/** Finds out whether and how overlay works for root with scratch in a state folder, by doing it. */
export async function probeOverlay(
  options: ProbeOptions,
): Promise<{ mode: OverlayMode } | { refused: string }> {
  // Inode numbers tell renamed folders only where both layers are on one file system.
  const sameDisk = statSync(options.stateFolder).dev === statSync(options.covered.root).dev;
  const modes: OverlayMode[] = [{ userNamespace: true, redirect: false }];
  if (process.getuid?.() === 0) {
    modes.unshift({ userNamespace: false, redirect: false });
    if (sameDisk) modes.unshift({ userNamespace: false, redirect: true });
  }
  const complaints = new Set<string>();
  for (const mode of modes) {
    const complaint = await tryMode(mode, options);
    if (complaint === undefined) return { mode };
    complaints.add(complaint);
  }
  return { refused: [...complaints].join('; ') };
}

/** Does something with a zygote that is there only for that; gives what it gives, or what went wrong. */
async function withZygote(
  { stateFolder, runId }: ProbeOptions,
  userNamespace: boolean,
  act: (zygote: Zygote, name: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  const name = `${runId}.probe`;
  let zygote: Zygote | undefined;
  try {
    zygote = await Zygote.start(stateFolder, name, userNamespace);
    return await act(zygote, name);
  } catch (error) {
    return messageOf(error);
  } finally {
    await zygote?.close();
  }
}

/** Has a shell run a script (`what`) in a namespace; gives what went wrong. */
async function tryScript(namespace: NamespaceSandbox, what: string, ...script: string[]) {
  const running = namespace.spawn({ argv: ['sh', '-c', ...script], env: { PATH: process.env.PATH ?? '' } });
  const complaint = text(running.stderr);
  const { exitCode, error } = await running.ended;
  if (exitCode === 0) return undefined;
  return error?.message ?? `${what} failed: ${(await complaint).split('\n')[0]}`;
}

/** What commands do to a tree that a bad overlay would get wrong. */
const EXERCISE =
  'cd "$1" && echo more >>f && rm -rf d && mkdir d && echo new >d/new && mv a tmp && mv c a && echo x >b/x';

/** Mounts root and a small tree in the run's folder, works in both and looks at the outcome; gives what went wrong. */
async function tryMode(mode: OverlayMode, options: ProbeOptions): Promise<string | undefined> {
  const { covered, stateFolder } = options;
  const sample = makeSample(options.runDir);
  const complaint = await withZygote(options, mode.userNamespace, async (zygote, runName) => {
    const slot = zygote.takeSlot();
    const view = slot.folder('view');
    const { root } = covered;
    const { mount } = overlay(slot, 'view-', sample, view, mode);
    // The sample's view lies in the state folder, and would be hidden with it.
    const layout = overlayLayout(slot, stateFolder, covered, mode, [mount], view);
    const namespace = await NamespaceSandbox.open(zygote, slot, { name: runName, ...layout });
    const merged = namespace.outside(root);
    if (statSync(merged).dev === statSync(root).dev) return 'the mount does not show on the working tree';
    const name = `.forge-probe-${randomBytes(6).toString('hex')}`;
    writeFileSync(join(merged, name), name);
    if (existsSync(join(root, name)) || readFileSync(join(layout.upper, name), 'utf8') !== name)
      return 'a file written in the view does not end up in its upper folder';
    const complaint = await tryScript(namespace, 'working in the view', EXERCISE, 'sh', view);
    return complaint ?? wrongOutcome(namespace.outside(view), sample, mode.redirect);
  });
  await removeOwnTree(sample);
  return complaint;
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

/** Why files of root cannot be reflinked into the state folder (by forcing it once), or undefined where they can. */
export async function probeClone({ runDir, stateFolder, runId }: ProbeOptions): Promise<string | undefined> {
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
export async function probeNamespace(options: ProbeOptions): Promise<{ how: CopySandbox; why: string }> {
  const ruledOut = namespacesRuledOut();
  if (ruledOut !== undefined) return { how: 'none', why: ruledOut };
  let why = '';
  const ways =
    process.getuid?.() === 0 ? (['namespace', 'user-namespace'] as const) : (['user-namespace'] as const);
  for (const how of ways) {
    const complaint = await withZygote(options, how === 'user-namespace', async (zygote, name) => {
      const slot = zygote.takeSlot();
      const view = slot.folder('copy');
      const layout = copyLayout({ ...options, slot, view, show: view });
      const namespace = await NamespaceSandbox.open(zygote, slot, { name, ...layout });
      return tryScript(namespace, 'a command in it', ':');
    });
    if (complaint === undefined) return { how, why };
    why = complaint;
  }
  return { how: 'none', why };
}
