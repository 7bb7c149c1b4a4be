import { createServer } from 'node:http';
import { routes } from './api/index.js';
import { App } from './components/App.js';

/** Makes the server: routes of the API answer JSON, everything else is the page. */
export function createApp() {
  return createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const route = routes[`${request.method} ${pathname}`];
    if (!route) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(App({ path: pathname }));
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const { status, json } = await route({ headers: request.headers, body: body === '' ? {} : JSON.parse(body) });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) createApp().listen(3000);
