import type { Manifest, PackageFolder } from './package.js';
import { present } from './package.js';

/** Reads a Go module's folder. The commands are the tool chain's own; golangci-lint only where it is set up. */
export async function readGo(folder: PackageFolder): Promise<Manifest> {
  const modules = (await folder.read('go.mod')).matchAll(/^\s*(?:require\s+)?([a-z0-9.-]+\/\S+)\s+v\d/gim);
  const [linter] = present(
    folder,
    ['yml', 'yaml', 'toml', 'json'].map((ending) => `.golangci.${ending}`),
  );
  return {
    language: 'Go',
    // `/v2` and later are part of a module's path but not of its name.
    dependencies: new Set(Array.from(modules, ([, path]) => path!.replace(/\/v\d+$/, ''))),
    checks: [
      { kind: 'lint', run: linter ? 'golangci-lint run' : 'go vet ./...', from: linter ?? 'go.mod' },
      { kind: 'tests', run: 'go test ./...', from: 'go.mod' },
      { kind: 'build', run: 'go build ./...', from: 'go.mod' },
    ],
    manifests: ['go.mod', ...present(folder, ['go.sum', 'go.work', 'go.work.sum'])],
  };
}
