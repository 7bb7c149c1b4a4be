/** A language's world of tools. */
export type Ecosystem = 'node' | 'python' | 'go' | 'rust';

/** What a command shows about the code. The order is the order of gates: the quickest first. */
export const CHECK_KINDS = ['lint', 'types', 'tests', 'build'] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

/** A command of the project that can be a gate. */
export interface Check {
  kind: CheckKind;
  /** The command, to be run in the package's folder. */
  run: string;
  /** Where it was found, for people: `package.json script "test"`. */
  from: string;
}

/** What the manifest of a folder says about the code there. */
export interface Manifest {
  /** `TypeScript`, `Python`, … */
  language: string;
  /** `npm`, `uv`, …, where there is one to name. */
  manager?: string;
  dependencies: ReadonlySet<string>;
  checks: Check[];
  /** Manifest and lock files, relative to the folder. */
  manifests: string[];
  /** Says of a folder (relative to the root) whether it is a workspace member of this package, whose commands cover it. */
  covers?: (dir: string) => boolean;
}

/** A folder with a manifest: something with its own code and commands. */
export interface Package extends Omit<Manifest, 'dependencies'> {
  ecosystem: Ecosystem;
  /** Relative to the root, `''` for the root itself. */
  dir: string;
  /** Display names of known frameworks. */
  frameworks: string[];
  /** Whether a framework for what people see, or for servers, is used. */
  frontend: boolean;
  backend: boolean;
}

/** What reads a manifest needs to know of its folder. */
export interface PackageFolder {
  /** Relative to the root. */
  dir: string;
  files: ReadonlySet<string>;
  folders: ReadonlySet<string>;
  /** The package of the same ecosystem that has this folder among its workspaces. */
  above?: Package;
  /** The text of a file here. */
  read(name: string): Promise<string>;
  /** Says something to the user about what could not be understood. */
  note(text: string): void;
}

/** Those of the names that the folder has, in the order asked. */
export function present({ files }: PackageFolder, names: readonly string[]): string[] {
  return names.filter((name) => files.has(name));
}

/** Names of the tables of a TOML or INI text. No parser: setup.cfg and tox.ini are no TOML, and values are not read. */
export function tablesIn(text: string): string[] {
  const headings = text.matchAll(/^[ \t]*\[\[?([^\]\n]+)\]\]?[ \t]*(?:#.*)?\r?$/gm);
  return Array.from(headings, ([, name]) => name!.replaceAll(/["'\s]/g, ''));
}

/** Whether there is the table or one below it. */
export function hasTable(tables: readonly string[], name: string): boolean {
  return tables.some((table) => table === name || table.startsWith(`${name}.`));
}
