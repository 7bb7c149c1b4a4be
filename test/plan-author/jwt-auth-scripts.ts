import type { Scripts, Step } from '../rig/droid/script.js';

/** What a scripted model says to the four droids of plans/jwt-auth. The code is real: the plan's gates run it. */

const middleware = `import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const secret = process.env.JWT_SECRET ?? randomBytes(32).toString('hex');
const revoked = new Set();
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signatureOf = (text) => createHmac('sha256', secret).update(text).digest('base64url');

export function sign(email) {
  const now = Math.floor(Date.now() / 1000);
  const text = encode({ alg: 'HS256', typ: 'JWT' }) + '.' + encode({ sub: email, exp: now + 3600, jti: randomBytes(8).toString('hex') });
  return text + '.' + signatureOf(text);
}

export function verify(token) {
  const [header, payload, signature, ...rest] = token.split('.');
  if (signature === undefined || rest.length > 0 || revoked.has(token)) return undefined;
  const expected = Buffer.from(signatureOf(header + '.' + payload));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const { sub, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return exp > Date.now() / 1000 ? sub : undefined;
}

export const revoke = (token) => revoked.add(token);

export function authenticated(handler) {
  return (request) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const email = verify(token);
    if (email === undefined) return { status: 401, json: { error: 'sign in first' } };
    return handler({ ...request, email, token });
  };
}
`;

const endpoints = `import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { authenticated, revoke, sign } from '../middleware/auth.js';

const users = new Map();
const hash = (password, salt) => scryptSync(password, salt, 32);
const refuse = (status, error) => ({ status, json: { error } });

export function signup({ body: { email, password } }) {
  if (!email || (password ?? '').length < 8) return refuse(400, 'an email and 8 characters of password are needed');
  if (users.has(email)) return refuse(409, 'this email is taken');
  const salt = randomBytes(16);
  users.set(email, { salt, hash: hash(password, salt) });
  return { status: 201, json: { token: sign(email) } };
}

export function login({ body: { email, password } }) {
  const user = users.get(email);
  const fits = user !== undefined && timingSafeEqual(user.hash, hash(password ?? '', user.salt));
  return fits ? { status: 200, json: { token: sign(email) } } : refuse(401, 'email and password do not fit');
}

export const me = authenticated(({ email }) => ({ status: 200, json: { email } }));

export const logout = authenticated(({ token }) => {
  revoke(token);
  return { status: 200, json: {} };
});
`;

const form = (
  name: string,
  action: string,
  label: string,
) => `const escape = (text) => text.replace(/[&<>"]/g, (c) => '&#' + c.charCodeAt(0) + ';');

export function ${name}({ error }) {
  return \`<form method="post" action="${action}">\${error ? \`<p role="alert">\${escape(error)}</p>\` : ''}
<label>Email <input name="email" type="email" required></label>
<label>Password <input name="password" type="password" minlength="8" required></label>
<button>${label}</button></form>\`;
}
`;

const app = `import { Layout } from './Layout.js';
import { LoginForm } from './LoginForm.js';
import { SignupForm } from './SignupForm.js';

/** The page for a path. */
export function App({ path }) {
  if (path === '/login') return Layout({ title: 'Log in', content: LoginForm({}) });
  if (path === '/signup') return Layout({ title: 'Sign up', content: SignupForm({}) });
  return Layout({ title: 'Sample', content: \`<p>You are at \${path}.</p>\` });
}
`;

const authTest = `import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createApp } from '../src/server.js';

test('sign up, log in, who am I, log out', async (t) => {
  const server = createApp().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const call = async (method, path, body, token) => {
    const response = await fetch(\`http://127.0.0.1:\${server.address().port}/api/auth/\${path}\`, {
      method,
      headers: token ? { authorization: \`Bearer \${token}\` } : {},
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, ...(await response.json()) };
  };
  const ann = { email: 'ann@example.com', password: 'long enough' };
  assert.equal((await call('POST', 'signup', { ...ann, password: 'short' })).status, 400);
  assert.equal((await call('POST', 'signup', ann)).status, 201);
  assert.equal((await call('POST', 'signup', ann)).status, 409);
  assert.equal((await call('POST', 'login', { ...ann, password: 'something else' })).status, 401);
  const { token } = await call('POST', 'login', ann);
  assert.deepEqual(await call('GET', 'me', undefined, token), { status: 200, email: ann.email });
  assert.equal((await call('GET', 'me', undefined, token.slice(0, -2))).status, 401);
  assert.equal((await call('POST', 'logout', undefined, token)).status, 200);
  assert.equal((await call('GET', 'me', undefined, token)).status, 401);
});
`;

const formsTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App } from '../src/components/App.js';
import { LoginForm } from '../src/components/LoginForm.js';
import { SignupForm } from '../src/components/SignupForm.js';

test('the forms post to the API and show what went wrong', () => {
  assert.match(LoginForm({}), /action="\\/api\\/auth\\/login"/);
  assert.match(SignupForm({ error: '<taken>' }), /role="alert">&#60;taken&#62;/);
  assert.match(App({ path: '/login' }), /Log in/);
  assert.match(App({ path: '/signup' }), /Sign up/);
});
`;

const page = `# Authentication

    curl -d '{"email":"ann@example.com","password":"long enough"}' localhost:3000/api/auth/signup
    curl -d '{"email":"ann@example.com","password":"long enough"}' localhost:3000/api/auth/login
    curl -H 'authorization: Bearer TOKEN' localhost:3000/api/auth/me
    curl -X POST -H 'authorization: Bearer TOKEN' localhost:3000/api/auth/logout
`;

const create = (path: string, content: string): Step => ({
  calls: [{ tool: 'Create', arguments: { file_path: `{{cwd}}/${path}`, content } }],
});
const edit = (path: string, from: string, to: string): Step[] => [
  { calls: [{ tool: 'Read', arguments: { file_path: `{{cwd}}/${path}` } }] },
  { calls: [{ tool: 'Edit', arguments: { file_path: `{{cwd}}/${path}`, old_str: from, new_str: to } }] },
];

const routes = `  'GET /api/health': health,
  'POST /api/auth/signup': signup,
  'POST /api/auth/login': login,
  'GET /api/auth/me': me,
  'POST /api/auth/logout': logout,
`;

/** By task. */
export const jwtAuthScripts: Scripts = {
  backend: [
    create('src/middleware/auth.js', middleware),
    create('src/api/auth.js', endpoints),
    ...edit(
      'src/api/index.js',
      "import { health } from './health.js';\n",
      "import { login, logout, me, signup } from './auth.js';\nimport { health } from './health.js';\n",
    ),
    ...edit('src/api/index.js', "  'GET /api/health': health,\n", routes),
    { text: '4 endpoints and the middleware are there.' },
  ],
  frontend: [
    create('src/components/LoginForm.js', form('LoginForm', '/api/auth/login', 'Log in')),
    create('src/components/SignupForm.js', form('SignupForm', '/api/auth/signup', 'Sign up')),
    {
      calls: [
        {
          tool: 'Execute',
          arguments: {
            command: `cat > src/components/App.js <<'END'\n${app}END`,
            summary: 'Show the forms',
            riskLevel: 'low',
            riskLevelReason: 'writes one file',
          },
        },
      ],
    },
    { text: 'Both forms are shown.' },
  ],
  tests: [
    create('tests/auth.test.js', authTest),
    create('tests/forms.test.js', formsTest),
    { text: 'The endpoints and the forms are tested.' },
  ],
  docs: [
    create('docs/api/auth.md', page),
    ...edit('docs/api/index.md', '# API\n', '# API\n\nSee [authentication](auth.md).\n'),
    { text: 'The page is there.' },
  ],
};
