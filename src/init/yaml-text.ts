/** Gives text as a YAML scalar that reads back as the same text, plain where that is safe, in a list in brackets too. */
export function yamlText(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9_./*-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  // YAML's double quotes take all that JSON's can hold.
  return plain ? text : JSON.stringify(text);
}

/** Gives a list as `[a, b]` where it is short, else one item to a line below the key; `indent` is the key's. */
export function yamlList(items: readonly string[], indent: string): string {
  const inline = `[${items.map(yamlText).join(', ')}]`;
  return inline.length <= 90 ? inline : items.map((item) => `\n${indent}  - ${yamlText(item)}`).join('');
}
