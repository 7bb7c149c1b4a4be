import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const CALLER = fileURLToPath(new URL('./caller.mjs', import.meta.url));

/** A command that called home and does what the test tells it. */
export interface Caller {
  name: string;
  pid: number;
  /** Ends the command with this exit code. */
  end(code?: number): void;
}

/**
 * Commands that the test controls: `home.command('a')` is a shell command that connects to the test and then waits for
 * its orders, so that a test decides when a task ends, without sleeping.
 */
export class Home {
  readonly #waiting = new Map<string, ((caller: Caller) => void)[]>();
  readonly #arrived = new Map<string, Caller[]>();
  readonly #gone: (() => void)[] = [];
  /** How many callers are connected now, and the most there ever were. */
  connected = 0;
  most = 0;

  private constructor(readonly port: number) {}

  /** Opens the home; it closes when the test ends. */
  static async open(context: TestContext): Promise<Home> {
    const sockets = new Set<Socket>();
    let home: Home | undefined;
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      home!.#accept(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    home = new Home((server.address() as AddressInfo).port);
    context.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return home;
  }

  /** A shell command that calls home under `name` and ends when told. */
  command(name: string): string {
    return `"${process.execPath}" "${CALLER}" ${this.port} ${name}`;
  }

  /** Waits until a command of that name has called. */
  called(name: string): Promise<Caller> {
    const there = this.#arrived.get(name)?.shift();
    if (there) return Promise.resolve(there);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? [];
      waiting.push(resolve);
      this.#waiting.set(name, waiting);
    });
  }

  /** Waits until every command that called has ended (the test's timeout is the limit). */
  async allGone(): Promise<void> {
    while (this.connected > 0) await new Promise<void>((resolve) => this.#gone.push(resolve));
  }

  #accept(socket: Socket): void {
    this.connected += 1;
    this.most = Math.max(this.most, this.connected);
    socket.on('close', () => {
      this.connected -= 1;
      for (const resolve of this.#gone.splice(0)) resolve();
    });
    // A caller that is killed resets its connection.
    socket.on('error', () => socket.destroy());
    socket.once('data', (data) => {
      const [name, pid] = data.toString('utf8').trim().split(' ') as [string, string];
      const caller: Caller = { name, pid: Number(pid), end: (code = 0) => socket.end(`${code}\n`) };
      const waiting = this.#waiting.get(name)?.shift();
      if (waiting) waiting(caller);
      else this.#arrived.set(name, [...(this.#arrived.get(name) ?? []), caller]);
    });
  }
}
