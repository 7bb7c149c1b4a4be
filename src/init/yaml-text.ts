/** Gives text as a YAML scalar that reads back as the same text, plain where that is safe, in a list in brackets too. */
export function yamlText(text: string): string {
  const plain =
    /^[A-Za-z][A-Za-z0-9_./*-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  // YAML's double quotes take all that JSON's can hold.
  return plain ? text : JSON.stringify(text);
}

/** Gives a key with a list: `key: [a, b]` where that is short, else one item to a line; `indent` is the key's. */
export function yamlList(key: string, items: readonly string[], indent: string): string {
  const inline = `${indent}${key}: [${items.map(yamlText).join(', ')}]`;
  if (inline.length <= 110) return inline;
  return [`${indent}${key}:`, ...items.map((item) => `${indent}  - ${yamlText(item)}`)].join('\n');
}
