import { mkdirSync, writeFileSync } from 'node:fs';

mkdirSync('site', { recursive: true });
writeFileSync('site/style.css', 'body { font: 1.1rem/1.5 serif; max-width: 40rem; margin: 2rem auto; }\n');
console.log('wrote site/style.css');
