/** What a dependency says about the code that uses it. */
interface Framework {
  label: string;
  role?: 'frontend' | 'backend';
}

const front = (label: string): Framework => ({ label, role: 'frontend' });
const back = (label: string): Framework => ({ label, role: 'backend' });
const tool = (label: string): Framework => ({ label });

/** Known frameworks by the name of the package that brings them. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, Framework>>>> = {
  node: {
    next: front('Next.js'),
    nuxt: front('Nuxt'),
    '@remix-run/react': front('Remix'),
    '@sveltejs/kit': front('SvelteKit'),
    astro: front('Astro'),
    react: front('React'),
    vue: front('Vue'),
    svelte: front('Svelte'),
    '@angular/core': front('Angular'),
    'solid-js': front('Solid'),
    preact: front('Preact'),
    lit: front('Lit'),
    vite: tool('Vite'),
    express: back('Express'),
    fastify: back('Fastify'),
    koa: back('Koa'),
    hono: back('Hono'),
    '@nestjs/core': back('NestJS'),
    '@hapi/hapi': back('hapi'),
    '@trpc/server': back('tRPC'),
    prisma: back('Prisma'),
    electron: tool('Electron'),
    vitest: tool('Vitest'),
    jest: tool('Jest'),
    mocha: tool('Mocha'),
    '@playwright/test': tool('Playwright'),
    cypress: tool('Cypress'),
  },
  python: {
    django: back('Django'),
    flask: back('Flask'),
    fastapi: back('FastAPI'),
    starlette: back('Starlette'),
    aiohttp: back('aiohttp'),
    sqlalchemy: back('SQLAlchemy'),
    celery: back('Celery'),
    streamlit: front('Streamlit'),
    pytest: tool('pytest'),
  },
  go: {
    'github.com/gin-gonic/gin': back('Gin'),
    'github.com/labstack/echo': back('Echo'),
    'github.com/gofiber/fiber': back('Fiber'),
    'github.com/go-chi/chi': back('chi'),
    'google.golang.org/grpc': back('gRPC'),
    'github.com/spf13/cobra': tool('Cobra'),
  },
  rust: {
    axum: back('axum'),
    'actix-web': back('Actix Web'),
    rocket: back('Rocket'),
    warp: back('warp'),
    tokio: tool('Tokio'),
    clap: tool('clap'),
    tauri: tool('Tauri'),
    leptos: front('Leptos'),
    yew: front('Yew'),
  },
};

/** Frameworks for what people see that also run a server. */
export const FULL_STACK: ReadonlySet<string> = new Set(['Next.js', 'Nuxt', 'Remix', 'SvelteKit', 'Astro']);

/** Takes the names of a package's dependencies; gives the frameworks among them and what they make of it. */
export function frameworksAmong(
  ecosystem: 'node' | 'python' | 'go' | 'rust',
  dependencies: ReadonlySet<string>,
): { frameworks: string[]; frontend: boolean; backend: boolean } {
  const found = Object.entries(KNOWN[ecosystem]!).flatMap(([name, known]) =>
    dependencies.has(name) ? [known] : [],
  );
  return {
    frameworks: found.map(({ label }) => label),
    frontend: found.some(({ role }) => role === 'frontend'),
    backend: found.some(({ role }) => role === 'backend'),
  };
}
