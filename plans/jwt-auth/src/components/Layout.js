export function Layout({ title, content }) {
  return `<!doctype html><title>${title}</title><main>${content}</main>`;
}
