import { frameworksAmong } from './frameworks.js';
import type { Check, Package, PackageFolder } from './package.js';
import { present } from './package.js';

/** Reads a Go module's folder. The commands are the tool chain's own; golangci-lint only where it is set up. */
export async function readGoPackage(folder: PackageFolder): Promise<Package> {
  const modules = Array.from(
    (await folder.read('go.mod')).matchAll(/^\s*(?:require\s+)?([a-z0-9.-]+\/\S+)\s+v\d/gim),
    // `/v2` and later are part of a module's path but not of its name.
    ([, path]) => path!.replace(/\/v\d+$/, ''),
  );
  const linter = ['.golangci.yml', '.golangci.yaml', '.golangci.toml', '.golangci.json'].find((file) =>
    folder.files.has(file),
  );
  const checks: Check[] = [
    linter
      ? { kind: 'lint', run: 'golangci-lint run', from: linter }
      : { kind: 'lint', run: 'go vet ./...', from: 'go.mod' },
    { kind: 'tests', run: 'go test ./...', from: 'go.mod' },
    { kind: 'build', run: 'go build ./...', from: 'go.mod' },
  ];
  return {
    ecosystem: 'go',
    dir: folder.dir,
    language: 'Go',
    ...frameworksAmong('go', new Set(modules)),
    checks,
    manifests: ['go.mod', ...present(folder, ['go.sum', 'go.work', 'go.work.sum'])],
  };
}
