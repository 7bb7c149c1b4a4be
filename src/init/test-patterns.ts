import type { Ecosystem } from './package.js';

/**
 * Tests that lie among the code they test, relative to its folder. Rust has its unit tests in the source files. No braces:
 * a pattern also claims the path that is spelled like itself, and without braces what excludes the pattern excludes that too.
 */
const BESIDE_CODE: Readonly<Record<Ecosystem, readonly string[]>> = {
  node: ['**/*.test.*', '**/*.spec.*', '**/__tests__/**'],
  python: ['**/test_*.py', '**/*_test.py'],
  go: ['**/*_test.go'],
  rust: [],
};

/** Gives the patterns of tests that lie among code of these ecosystems. */
export function testPatterns(ecosystems: Iterable<Ecosystem>): string[] {
  return [...new Set([...ecosystems].flatMap((ecosystem) => BESIDE_CODE[ecosystem]))];
}
