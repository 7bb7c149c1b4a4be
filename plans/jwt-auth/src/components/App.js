import { Layout } from './Layout.js';

/** The page for a path. */
export function App({ path }) {
  return Layout({ title: 'Sample', content: `<p>You are at ${path}.</p>` });
}
