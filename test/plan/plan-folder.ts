import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import {
  diagnosticRenderer,
  type Plan,
  type PlanResult,
  type ReadPlanOptions,
  readPlan,
} from '../../src/plan/index.js';

/** Makes an empty folder (its real path) that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'forge-plan-')));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const agents = ['droid', 'claude'];

/** Reads plans that are given as text. */
export class PlanFolder {
  readonly folder = temporaryFolder();
  readonly file = join(this.folder, 'forge.plan.yaml');

  /** Writes the text to the plan file and reads it. */
  read(text: string, options: Partial<ReadPlanOptions> = {}): Promise<PlanResult> {
    writeFileSync(this.file, text);
    return readPlan({ file: this.file, vars: {}, agents, ...options });
  }

  /** The plan; fails with the diagnostics if there are any errors. */
  async plan(text: string, options: Partial<ReadPlanOptions> = {}): Promise<Plan> {
    const result = await this.read(text, options);
    if (!result.ok) throw new Error(this.#render(text, result));
    return result.plan;
  }

  /** Everything that is wrong with the plan, as text for people. */
  async problems(text: string, options: Partial<ReadPlanOptions> = {}): Promise<string> {
    const result = await this.read(text, options);
    return result.ok ? '' : this.#render(text, result);
  }

  /** `line:column code message` of everything that is wrong with the plan. */
  async brief(text: string, options: Partial<ReadPlanOptions> = {}): Promise<string[]> {
    const result = await this.read(text, options);
    return (result.ok ? result.warnings : result.diagnostics).map(
      ({ at, code, message }) => `${at.line}:${at.column} ${code} ${message}`,
    );
  }

  #render(source: string, result: PlanResult & { ok: false }): string {
    const render = diagnosticRenderer({ color: false, source, cwd: this.folder });
    return result.diagnostics.map(render).join('\n');
  }
}

/** Takes lines of text indented as the test is; gives them without the common indent and without the first newline. */
export function text(strings: TemplateStringsArray, ...values: unknown[]): string {
  const raw = String.raw({ raw: strings.raw }, ...values).replace(/^\n/, '');
  const indent = Math.min(...[...raw.matchAll(/^( *)\S/gm)].map((match) => match[1]!.length));
  return raw.replace(new RegExp(`^ {${indent}}`, 'gm'), '').replace(/\n *$/, '\n');
}

/** `${{ name }}`, which would be confusing inside template strings. */
export function v(name: string): string {
  return `\${{ ${name} }}`;
}
