import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { installDroid } from './install-droid.js';
import { openLoopbackNetwork } from './network.js';
import type { Scripts, SeenRequest } from './script.js';

/** What a real droid needs to run offline: a network of its own, a scripted model in it, a home that is thrown away. */
export interface OfflineDroid {
  /** Takes a command (a droid, or a forge that starts droids); gives the one that runs it in the network. */
  wrap(argv: readonly string[]): [string, ...string[]];
  /** The whole environment for it: droid on PATH, the model named in a settings file. */
  env: Record<string, string>;
  /** What to say with `-m`. */
  model: string;
  /** Every request that the model got so far. */
  requests: readonly SeenRequest[];
  /** Resolves when the model has been asked for that script (at once if it was already). */
  asked(script: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a scripted model in a network that has only loopback. Throws when droid, unshare or ip is missing. */
export async function openOfflineDroid(scripts: Scripts): Promise<OfflineDroid> {
  const droid = await installDroid();
  const home = await mkdtemp(join(tmpdir(), 'forge-droid-'));
  const network = await openLoopbackNetwork();
  const scriptFile = join(home, 'scripts.json');
  await writeFile(scriptFile, JSON.stringify(scripts));
  const program = fileURLToPath(new URL('./scripted-model.ts', import.meta.url));
  const [command, ...args] = network.wrap([
    process.execPath,
    '--import',
    import.meta.resolve('tsx'),
    program,
    scriptFile,
  ]);
  const model = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: model.stdout });
  const [first] = (await once(lines, 'line')) as [string];
  const { port } = JSON.parse(first) as { port: number };
  const requests: SeenRequest[] = [];
  lines.on('line', (line) => requests.push(JSON.parse(line) as SeenRequest));
  const settings = join(home, 'settings.json');
  await writeFile(
    settings,
    JSON.stringify({
      customModels: [
        {
          model: 'stub',
          displayName: 'Stub',
          baseUrl: `http://127.0.0.1:${port}/v1`,
          apiKey: 'none',
          provider: 'generic-chat-completion-api',
          maxOutputTokens: 4096,
        },
        {
          model: 'other',
          displayName: 'Other',
          baseUrl: `http://127.0.0.1:${port}/v1`,
          apiKey: 'none',
          provider: 'generic-chat-completion-api',
          maxOutputTokens: 4096,
        },
      ],
    }),
  );
  return {
    wrap: network.wrap,
    env: {
      PATH: `${dirname(droid)}${delimiter}${process.env.PATH}`,
      HOME: home,
      FACTORY_HOME_OVERRIDE: home,
      FACTORY_RUNTIME_SETTINGS_PATH: settings,
      FACTORY_AIRGAP_ENABLED: '1',
      FACTORY_DROID_AUTO_UPDATE_ENABLED: 'false',
    },
    model: 'custom:stub',
    requests,
    async asked(script) {
      while (!requests.some((request) => request.script === script)) await once(lines, 'line');
    },
    async close() {
      const ended = once(model, 'exit');
      model.stdin.end();
      await ended;
      await network.close();
      await rm(home, { recursive: true });
    },
  };
}
