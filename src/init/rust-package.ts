import { frameworksAmong } from './frameworks.js';
import type { Check, Package, PackageFolder } from './package.js';
import { isBelow, present } from './package.js';
import { hasSection, tomlSections } from './toml-sections.js';

/** Reads the folder of a Rust crate or workspace. Format and clippy are proposed only where they are set up. */
export async function readRustPackage(folder: PackageFolder): Promise<Package> {
  const sections = tomlSections(await folder.read('Cargo.toml'));
  const workspace = hasSection(sections, 'workspace');
  const all = workspace ? ' --workspace' : '';
  const formatter = ['rustfmt.toml', '.rustfmt.toml'].find((file) => folder.files.has(file));
  const clippy =
    ['clippy.toml', '.clippy.toml'].find((file) => folder.files.has(file)) ??
    (hasSection(sections, 'lints') || hasSection(sections, 'workspace.lints')
      ? 'lints in Cargo.toml'
      : undefined);
  const checks: Check[] = [];
  if (clippy) checks.push({ kind: 'lint', run: `cargo clippy${all} --all-targets`, from: clippy });
  else if (formatter) checks.push({ kind: 'lint', run: 'cargo fmt --check', from: formatter });
  checks.push({ kind: 'tests', run: `cargo test${all}`, from: 'Cargo.toml' });
  checks.push({ kind: 'build', run: `cargo build${all}`, from: 'Cargo.toml' });
  return {
    ecosystem: 'rust',
    dir: folder.dir,
    language: 'Rust',
    ...frameworksAmong('rust', dependenciesIn(sections)),
    checks,
    manifests: ['Cargo.toml', ...present(folder, ['Cargo.lock', 'build.rs'])],
    ...(workspace && { covers: (dir: string) => isBelow(dir, folder.dir) }),
  };
}

/** `axum = "1"` in a table of dependencies, and tables such as `[dependencies.axum]`. */
function dependenciesIn(sections: ReadonlyMap<string, string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [section, text] of sections) {
    const table = /(?:^|\.)(?:dev-|build-)?dependencies(?:\.(.+))?$/.exec(section);
    if (!table) continue;
    if (table[1]) names.add(table[1]);
    else for (const [, name] of text.matchAll(/^\s*"?([A-Za-z0-9_-]+)"?\s*[.=]/gm)) names.add(name!);
  }
  return names;
}
