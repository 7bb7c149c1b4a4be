/** What a plan that only divides files is made of. */
export interface SplitPlan {
  name: string;
  goal?: string;
  files: readonly string[];
  into: number;
  /** Endings of file names and what they become. */
  rename: Readonly<Record<string, string>>;
  prompt: string;
  agent?: string;
}

/** The list of files goes below a prompt that does not say where. */
const FILES = '${{ split.files }}';

/** The text of a plan that divides files. Of what looks like variables in the prompt, only forge's own stay variables. */
export async function splitPlan(options: SplitPlan): Promise<string> {
  const { name, goal, files, into, rename, agent } = options;
  const { stringify } = await import('yaml');
  const kept = options.prompt.replace(/\$*\$\{\{(?! *split\.\w+ *\}\})/g, (text) => `$${text}`).trimEnd();
  const prompt = /(?<!\$)\$\{\{ *split\.files *\}\}/.test(kept) ? kept : `${kept}\n\nThe files:\n${FILES}`;
  const task = {
    agent,
    split: {
      files: files.length === 1 ? files[0] : files,
      into,
      rename: Object.keys(rename).length > 0 ? rename : undefined,
    },
    owns: ['${{ split.owns }}'],
    prompt: `${prompt}\n`,
  };
  // What is undefined is left out.
  const plan = { version: 1, name, goal, tasks: { [name]: task } };
  return stringify(plan, { lineWidth: 0, blockQuote: 'literal' });
}
