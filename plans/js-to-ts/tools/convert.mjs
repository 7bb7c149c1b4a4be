// Moves files from JavaScript with JSDoc types to TypeScript: node convert.mjs [--pause MS] FILE...
// The pause after each file stands in for an agent's thinking.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { pause: { type: 'string' } }, allowPositionals: true });

for (const file of positionals) {
  writeFileSync(file, toTypeScript(readFileSync(file, 'utf8')));
  renameSync(file, file.replace(/\.js$/, '.ts'));
  await new Promise((resolve) => setTimeout(resolve, Number(values.pause ?? 0)));
}

function toTypeScript(text) {
  return text
    .replace(/^( *)\/\*\*\n((?: *\* @.*\n)+) *\*\/\n(.*)\n/gm, (_, indent, tags, line) => {
      const types = [...tags.matchAll(/@param (\{.*\}) (\w+)$/gm)].map(([, type]) => type.slice(1, -1).trim());
      const returns = /@returns (\{.*\})$/m.exec(tags)?.[1].slice(1, -1).trim();
      return `${typed(indent + line.trimStart(), types, returns)}\n`;
    })
    .replace(/^(export class \w+ \{)$/m, '$1\n  readonly label: string;\n  readonly cents: number;\n');
}

/** Puts the types behind the parameters of `name(a, b = 1) {`. */
function typed(line, types, returns) {
  return line.replace(/\((.*)\) \{$/, (_, parameters) => {
    const names = types.length === 1 ? [parameters] : parameters.split(', ');
    const list = names.map((name, index) => {
      const [left, initial] = name.split(' = ');
      return `${left}: ${types[index].replaceAll(', ', '; ')}${initial === undefined ? '' : ` = ${initial}`}`;
    });
    return `(${list.join(', ')})${returns === undefined ? '' : `: ${returns.replaceAll(', ', '; ')}`} {`;
  });
}
