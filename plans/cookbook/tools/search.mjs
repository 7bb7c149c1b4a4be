// Indexes the pages that the task `pages` has made: this task's workspace holds them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const index = {};
for (const name of readdirSync('site/recipes')) {
  const text = readFileSync(`site/recipes/${name}`, 'utf8').replace(/<[^>]*>/g, ' ');
  for (const word of new Set(text.toLowerCase().match(/[a-z]{3,}/g))) {
    index[word] ??= [];
    index[word].push(`recipes/${name}`);
  }
}
writeFileSync('site/search.json', `${JSON.stringify(index, null, 2)}\n`);
console.log(`indexed ${Object.keys(index).length} words`);
