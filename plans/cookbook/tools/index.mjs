import { mkdirSync, writeFileSync } from 'node:fs';
import { readRecipes } from './recipes.mjs';

const links = readRecipes().map(({ slug, title }) => `  <li><a href="recipes/${slug}.html">${title}</a></li>`);
mkdirSync('site', { recursive: true });
writeFileSync(
  'site/index.html',
  `<!doctype html>
<title>Cookbook</title>
<link rel="stylesheet" href="style.css">
<h1>Cookbook</h1>
<ul>
${links.join('\n')}
</ul>
`,
);
console.log(`wrote site/index.html with ${links.length} links`);
