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

/** A folder with a manifest: something with its own code and commands. */
export interface Package {
  ecosystem: Ecosystem;
  /** Relative to the root, `''` for the root itself. */
  dir: string;
  /** `TypeScript`, `Python`, … */
  language: string;
  /** `npm`, `uv`, …, where there is one to name. */
  manager?: string;
  /** Display names of known frameworks. */
  frameworks: string[];
  /** Whether a framework for what people see, or for servers, is used. */
  frontend: boolean;
  backend: boolean;
  checks: Check[];
  /** Manifest and lock files, relative to `dir`. */
  manifests: string[];
  /** Says of a folder (relative to the root) whether it is a workspace member of this package, whose commands cover it. */
  covers?: (dir: string) => boolean;
}

/** What reads a package needs to know. `read` gives the text of a file of the package's folder. */
export interface PackageFolder {
  dir: string;
  files: ReadonlySet<string>;
  folders: ReadonlySet<string>;
  read(name: string): Promise<string>;
  /** Says something to the user about what could not be understood. */
  note(text: string): void;
}

/** Gives the names that are there, in the order asked. */
export function present(folder: PackageFolder, names: readonly string[]): string[] {
  return names.filter((name) => folder.files.has(name));
}

/** Whether the folder `dir` lies below `above` (both relative to the root); a folder isn't below itself. */
export function isBelow(dir: string, above: string): boolean {
  return dir !== above && (above === '' || dir.startsWith(`${above}/`));
}

/** The path of `name` in the folder `dir`, relative to the root. */
export function pathIn(dir: string, name: string): string {
  return dir === '' ? name : `${dir}/${name}`;
}
