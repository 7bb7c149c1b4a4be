import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Project, project } from './project.js';

/** Why file systems can't be made here, for `skip`; false when they can. */
export const NEEDS_ROOT: string | false =
  process.platform === 'linux' && process.geteuid?.() === 0 ? false : 'mounting needs root on Linux';

/**
 * File systems of one test, unmounted when it ends. Make it before the project: hooks run in the order in which they
 * were asked for, and a mounted folder can't be removed.
 */
export class Mounts {
  readonly #mounted: string[] = [];

  constructor(t: TestContext) {
    t.after(() => {
      for (const at of this.#mounted.reverse()) execFileSync('umount', ['-l', at]);
    });
  }

  /** Mounts a tmpfs of this size at a folder (made if need be). */
  tmpfs(at: string, size: string): void {
    mkdirSync(at, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at]);
    this.#mounted.push(at);
  }

  /** Mounts a new ext4, which turns read-only at a file system error, at a folder; gives the name of its loop device. */
  ext4(at: string, image: string): string {
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
    execFileSync('truncate', ['-s', '48M', image]);
    execFileSync('mkfs.ext4', ['-q', '-F', image], { env });
    execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, at]);
    this.#mounted.push(at);
    return basename(execFileSync('findmnt', ['-no', 'SOURCE', at], { encoding: 'utf8' }).trim());
  }
}

/** A project whose root is a file system of its own, of this size. Its files are committed. */
export function projectOnSmallDisk(t: TestContext, size: string, files: Record<string, string>): Project {
  const mounts = new Mounts(t);
  const here = project(t, {}, { git: false });
  mounts.tmpfs(here.dir, size);
  here.write(files);
  here.git('init', '-q', '-b', 'main');
  here.commit();
  return here;
}

/** Fills the file system of a folder to the last byte; gives the function that makes room again. */
export function fillUp(dir: string): () => void {
  const ballast = join(dir, 'ballast');
  const fd = openSync(ballast, 'w');
  for (const size of [1 << 20, 1 << 12, 1]) while (fits(fd, Buffer.alloc(size, 1)));
  closeSync(fd);
  return () => {
    if (existsSync(ballast)) rmSync(ballast);
  };
}

function fits(fd: number, block: Buffer): boolean {
  try {
    return writeSync(fd, block) === block.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
}
