import { isBelow } from '../../util/paths/path.js';
import { type Check, hasTable, type Manifest, type PackageFolder, present, tablesIn } from './package.js';

/** A key of a table, and the last part of a table's name: `axum = "1"`, `[dependencies.axum]`. */
const NAMES = /^\s*(?:\[[^\]\n]*\bdependencies\.)?"?([\w-]+)"?\s*[.=\]]/gm;

/** Reads the folder of a Rust crate or workspace. Format and clippy are proposed only where they are set up. */
export async function readRust(folder: PackageFolder): Promise<Manifest> {
  const text = await folder.read('Cargo.toml');
  const tables = tablesIn(text);
  const isWorkspace = hasTable(tables, 'workspace');
  const all = isWorkspace ? ' --workspace' : '';
  const [formatter] = present(folder, ['rustfmt.toml', '.rustfmt.toml']);
  const lints = hasTable(tables, 'lints') || hasTable(tables, 'workspace.lints');
  const clippy =
    present(folder, ['clippy.toml', '.clippy.toml'])[0] ?? (lints ? 'lints in Cargo.toml' : undefined);
  const checks: Check[] = [
    { kind: 'tests', run: `cargo test${all}`, from: 'Cargo.toml' },
    { kind: 'build', run: `cargo build${all}`, from: 'Cargo.toml' },
  ];
  if (clippy) checks.unshift({ kind: 'lint', run: `cargo clippy${all} --all-targets`, from: clippy });
  else if (formatter) checks.unshift({ kind: 'lint', run: 'cargo fmt --check', from: formatter });
  return {
    language: 'Rust',
    dependencies: new Set(Array.from(text.matchAll(NAMES), ([, name]) => name!)),
    checks,
    manifests: ['Cargo.toml', ...present(folder, ['Cargo.lock', 'build.rs'])],
    covers: isWorkspace ? (dir) => isBelow(dir, folder.dir) : undefined,
  };
}
