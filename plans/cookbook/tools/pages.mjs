import { mkdirSync, writeFileSync } from 'node:fs';
import { readRecipes } from './recipes.mjs';

mkdirSync('site/recipes', { recursive: true });
for (const { slug, title, ingredients, method } of readRecipes()) {
  const list = ingredients.map((each) => `  <li>${each}</li>`).join('\n');
  const page = `<!doctype html>
<title>${title}</title>
<link rel="stylesheet" href="../style.css">
<h1>${title}</h1>
<ul>
${list}
</ul>
<p>${method}</p>
<a href="../index.html">All recipes</a>
`;
  writeFileSync(`site/recipes/${slug}.html`, page);
  console.log(`wrote site/recipes/${slug}.html`);
}
