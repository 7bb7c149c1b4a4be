import type { Ecosystem } from './package.js';

/** What a dependency says about the code that uses it: it is for what people see, for servers, or neither. */
type Role = 'frontend' | 'backend' | 'tool';

/** Known frameworks: the name of the package that brings each, and what people call it. */
const KNOWN: Readonly<Record<Ecosystem, Readonly<Record<Role, string>>>> = {
  node: {
    frontend: `next Next.js, nuxt Nuxt, @remix-run/react Remix, @sveltejs/kit SvelteKit, astro Astro, react React, vue Vue,
      svelte Svelte, @angular/core Angular, solid-js Solid, preact Preact, lit Lit`,
    backend: `express Express, fastify Fastify, koa Koa, hono Hono, @nestjs/core NestJS, @hapi/hapi hapi, @trpc/server tRPC,
      prisma Prisma`,
    tool: `vite Vite, electron Electron, vitest Vitest, jest Jest, mocha Mocha, @playwright/test Playwright,
      cypress Cypress`,
  },
  python: {
    frontend: 'streamlit Streamlit',
    backend: `django Django, flask Flask, fastapi FastAPI, starlette Starlette, aiohttp aiohttp, sqlalchemy SQLAlchemy,
      celery Celery`,
    tool: 'pytest pytest',
  },
  go: {
    frontend: '',
    backend: `github.com/gin-gonic/gin Gin, github.com/labstack/echo Echo, github.com/gofiber/fiber Fiber,
      github.com/go-chi/chi chi, google.golang.org/grpc gRPC`,
    tool: 'github.com/spf13/cobra Cobra',
  },
  rust: {
    frontend: 'leptos Leptos, yew Yew',
    backend: 'axum axum, actix-web Actix Web, rocket Rocket, warp warp',
    tool: 'tokio Tokio, clap clap, tauri Tauri',
  },
};

/** Frameworks for what people see that also run a server. */
export const FULL_STACK: ReadonlySet<string> = new Set(['Next.js', 'Nuxt', 'Remix', 'SvelteKit', 'Astro']);

/** The frameworks among a package's dependencies, and what they make of it. */
export function frameworksAmong(
  ecosystem: Ecosystem,
  dependencies: ReadonlySet<string>,
): { frameworks: string[]; frontend: boolean; backend: boolean } {
  const used = (role: Role) =>
    KNOWN[ecosystem][role].split(/,\s+/).flatMap((entry) => {
      const [, name = '', label = ''] = /^(\S+) (.+)$/.exec(entry) ?? [];
      return dependencies.has(name) ? [label] : [];
    });
  const [frontend, backend, tools] = [used('frontend'), used('backend'), used('tool')];
  return {
    frameworks: [...frontend, ...backend, ...tools],
    frontend: frontend.length > 0,
    backend: backend.length > 0,
  };
}
