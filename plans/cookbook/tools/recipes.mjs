// Reads recipes/*.txt: a title, a list of ingredients, what to do.
import { readdirSync, readFileSync } from 'node:fs';

export function readRecipes() {
  return readdirSync('recipes')
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      const [title, ingredients, method] = readFileSync(`recipes/${name}`, 'utf8').trim().split('\n');
      return { slug: name.replace('.txt', ''), title, ingredients: ingredients.split(', '), method };
    });
}
