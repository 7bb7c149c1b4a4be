import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { urlSecrets } from '../../src/run/secrets/embedded-secrets.js';
import { Redactor } from '../../src/run/secrets/redactor.js';
import { SecretFinder } from '../../src/run/secrets/secret-finder.js';
import { formsOf } from '../../src/run/secrets/secret-forms.js';
import { SecretMask } from '../../src/run/secrets/secret-mask.js';
import { isSecretName } from '../../src/run/secrets/secret-names.js';
import { secretsIn } from '../../src/run/secrets/secrets.js';

const SECRET_NAMES = `
  PGPASSWORD DBPASSWORD MYSQL_PWD MYTOKEN GITHUB_PAT SSHPASS OPENAI_KEY STRIPE_SECRETKEY DB_PASS NPM_AUTHTOKEN apiKey
  MY_TOKEN MYSQL_ROOT_PASSWORD AWS_SECRET_ACCESS_KEY GOOGLE_CREDENTIALS PRIVATE_KEY SSH_PASSPHRASE FACTORY_API_KEY
  GITHUB_TOKEN GH_TOKEN DB_PASSWORD DBPassword clientSecret CLIENT_SECRET SECRET_KEY_BASE VAULT_SECRET_ID TOKEN KEY PASS
  SLACK_TOKENS API_KEYS OPENAI_KEY_PROD AWS_ACCESS_KEY_ID DB_PASS_2 OPENAI_KEY2 NPM_CONFIG__AUTH DOCKER_AUTH_CONFIG
  GITHUB_JWT MYKEY ENCRYPTIONKEY USERPWD DB_PASSWD PASSCODE githubPAT npm_config_//registry.example.com/:_authToken
  NEXT_PUBLIC_API_KEY TOKEN_PROD REDIS_PSK AZURE_CREDS ghToken
`;
const OTHER_NAMES = `
  SSH_AUTH_SOCK PATH KEYBOARD MONKEY TOKENIZERS_PARALLELISM PWD OLDPWD COMPASS PASSENGER_APP_ENV AUTHOR GIT_AUTHOR_NAME
  KEY_FILE SSL_KEY_PATH TOKEN_FILE POSTGRES_PASSWORD_FILE AWS_WEB_IDENTITY_TOKEN_FILE PASSWORD_STORE_DIR DATABASE_URL
  TOKEN_URL SENTRY_DSN SSH_PUBLIC_KEY STRIPE_PUBLISHABLE_KEY CACHE_KEY HOTKEY GIT_ASKPASS SSH_ASKPASS BYPASS XAUTHORITY
  PASSWORD_POLICY SECRET_NAME KEYCLOAK_HOST HOME USER LANG COMPAT FORMAT PATTERN AUTH_TYPE DBUS_SESSION_BUS_ADDRESS
  KEYTIMEOUT GNOME_KEYRING_CONTROL CARGO_TARGET_DIR TOKENIZER LESSKEY INIT_CWD PASSTHROUGH
`;
const wordsIn = (text: string) => text.trim().split(/\s+/);

test('names of secrets are known, whatever the style; names that only look like them are not', () => {
  for (const name of wordsIn(SECRET_NAMES)) assert.ok(isSecretName(name), `${name} is one`);
  for (const name of wordsIn(OTHER_NAMES)) assert.ok(!isSecretName(name), `${name} is none`);
});

const found = (env: Record<string, string>, rules?: string[]) =>
  Object.fromEntries(secretsIn([env], rules).map(({ name, why, values }) => [name, [why, ...values]]));

test('short values, switches, small numbers and paths that exist are not masked for a name alone', () => {
  const env = {
    A_TOKEN: 'aaaaaa',
    B_TOKEN: 'short',
    C_TOKEN: 'false',
    D_TOKEN: 'disabled',
    MAX_TOKENS: '128000',
    E_PASSWORD: '12345678',
    TLS_KEY: '/dev/null',
    OTHER_KEY: '/nowhere/at/all',
    EMPTY_TOKEN: '',
    PLAIN: 'plain-value',
  };
  assert.deepEqual(found(env), {
    A_TOKEN: ['by name', 'aaaaaa'],
    E_PASSWORD: ['by name', '12345678'],
    OTHER_KEY: ['by name', '/nowhere/at/all'],
  });
});

test('the plan’s rules win: the last that fits; what is named in full is masked however short it is', () => {
  const env = {
    PIN: '1',
    MY_A: 'aaaaaa',
    MY_B: 'b',
    MY_C_TOKEN: 'cccccc',
    D_TOKEN: 'dddddd',
    TLS_KEY: '/dev/null',
  };
  assert.deepEqual(found(env, ['PIN', '!*_TOKEN', 'MY_*', 'TLS_KEY', 'UNSET']), {
    MY_A: ['by the plan', 'aaaaaa'],
    MY_C_TOKEN: ['by the plan', 'cccccc'],
    PIN: ['by the plan', '1'],
    TLS_KEY: ['by the plan', '/dev/null'],
  });
  assert.deepEqual(found({ MY_URL: 'http://a:bcdefg@h' }, ['!MY_URL']), {});
  assert.deepEqual(found({ AXBXC: 'value-1', AXC: 'value-2', ABC: 'value-3' }, ['A*B*C']), {
    ABC: ['by the plan', 'value-3'],
    AXBXC: ['by the plan', 'value-1'],
  });
});

test('the same variable may have several values', () => {
  const environments = [{ A_TOKEN: 'aaaaaa' }, { A_TOKEN: 'bbbbbb' }, { A_TOKEN: 'aaaaaa' }];
  assert.deepEqual(secretsIn(environments), [
    { name: 'A_TOKEN', why: 'by name', values: ['aaaaaa', 'bbbbbb'] },
  ]);
});

test('secrets inside JSON are masked on their own too: those under names of secrets', () => {
  const account = {
    type: 'service_account',
    client_email: 'somebody@example.com',
    auth: { private_key: 'one-line\ntwo-line', tokens: ['token-1', 'token-2', 3] },
    password: 'short',
  };
  const value = JSON.stringify(account);
  assert.deepEqual(found({ GOOGLE_CREDENTIALS: value, BROKEN_TOKEN: '{"token": "abcdefg"' }), {
    BROKEN_TOKEN: ['by name', '{"token": "abcdefg"'],
    GOOGLE_CREDENTIALS: ['by name', value, 'one-line\ntwo-line', 'token-1', 'token-2'],
  });
});

test('secrets inside URLs: passwords, tokens as user names, parameters named like secrets', () => {
  const cases: [string, string[]][] = [
    ['postgres://joe:geheim@db/shop', ['geheim']],
    ['postgres://joe:ge%40heim@db/shop', ['ge%40heim', 'ge@heim']],
    ['redis://:geheim@db', ['geheim']],
    ['postgres://postgres:postgres@localhost', []],
    ['amqp://u:p@ss:w@host', ['p@ss:w']],
    ['redis://:one-one@a:1,redis://:two-two@b:2', ['one-one', 'two-two']],
    ['https://ghp_0123456789abcdefghij@github.com/a/b', ['ghp_0123456789abcdefghij']],
    ['https://git@github.com/a/b?x=a@b', []],
    ['https://somebody.of-some%40example.com@example.com', []],
    ['jdbc:postgresql://db/shop?user=joe&password=geheim&ssl=true', ['geheim']],
    ['https://h/?q=100%&api_key=%zz', ['%zz']],
    ['joe:geheim@db', []],
  ];
  for (const [url, secrets] of cases) assert.deepEqual(urlSecrets(url), secrets, url);
  // A value that is long and no URL at all takes no time.
  assert.deepEqual(urlSecrets(`${'a'.repeat(1_000_000)}://`), []);
});

test('a secret is known escaped for JSON in every usual way, and by its lines', () => {
  const value = 'ä"\n<key>/second line of it\nshort\n-----BEGIN PRIVATE KEY-----';
  const forms = formsOf(value);
  const json = JSON.stringify(value).slice(1, -1);
  for (const form of [
    value,
    json,
    json.replaceAll('/', '\\/'),
    json.replace('ä', '\\u00e4'),
    json.replace('ä', '\\u00E4'),
    json.replaceAll('/', '\\/').replace('ä', '\\u00e4'),
    json.replace('ä', '\\u00e4').replace('<', '\\u003c').replace('>', '\\u003e'),
    JSON.stringify(json).slice(1, -1),
    '<key>/second line of it',
  ])
    assert.ok(forms.has(form), form);
  assert.ok(!forms.has('short') && !forms.has('-----BEGIN PRIVATE KEY-----'));
  assert.deepEqual([...formsOf('simple-value')], ['simple-value']);
  assert.deepEqual([...formsOf('with-newline\n')].slice(0, 2), ['with-newline\n', 'with-newline\\n']);
  assert.ok(formsOf('with-newline\n').has('with-newline'));
});

const redactor = (env: Record<string, string>) => new Redactor(secretsIn([env]));

test('a secret that holds another is masked whole, and so are secrets that overlap', () => {
  const one = redactor({ A_TOKEN: 'secret', B_TOKEN: 'secret-and-more', C_TOKEN: 'more-than' });
  assert.equal(one.text('x secret-and-more y secret z'), 'x *** y *** z');
  assert.equal(one.text('secret-and-more-than'), '***');
  assert.equal(one.text('secretsecret'), '******');
});

test('where a summary of an agent’s was cut, the beginning of a secret is masked too', () => {
  const one = redactor({ A_TOKEN: 'hunter2-hunter2' });
  const summary = (text: string) =>
    one.event({ type: 'agent.tool', task: 't', attempt: 1, tool: 'T', summary: text });
  const masked = (text: string) => (summary(text) as { summary: string }).summary;
  assert.equal(masked('echo hunter2-h…'), 'echo ***…');
  assert.equal(masked('echo hunter2-h…: no hunter2-hunter2'), 'echo ***…: no ***');
  assert.equal(masked('echo hun…'), 'echo hun…');
  assert.equal(masked('echo hunter2'), 'echo hunter2');
  assert.equal(masked(`${'x'.repeat(300)}hunter2`), `${'x'.repeat(300)}***`);
});

test('only free text of events is masked: ids, states and merged paths are what they are', () => {
  const one = redactor({ A_TOKEN: 'backend', B_TOKEN: 'succeeded' });
  assert.deepEqual(
    one.event({
      type: 'task.finished',
      task: 'backend',
      state: 'succeeded',
      attempts: 1,
      ms: 1,
      changes: 0,
      reason: 'backend has',
    }),
    {
      type: 'task.finished',
      task: 'backend',
      state: 'succeeded',
      attempts: 1,
      ms: 1,
      changes: 0,
      reason: '*** has',
    },
  );
  const merged = { type: 'merge.finished', state: 'merged', paths: ['backend'] } as const;
  assert.deepEqual(one.event({ ...merged, paths: ['backend'] }), merged);
});

test('text without a secret stays as it is, also when it is no Unicode', () => {
  assert.equal(redactor({ A_TOKEN: 'secret' }).text('caf\udce9'), 'caf\udce9');
});

/** What must come out, found the slow way. */
function maskedSlowly(text: string, secrets: readonly string[]): string {
  const spans: [number, number][] = [];
  for (const secret of secrets)
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
      spans.push([at, at + secret.length]);
  spans.sort(([a], [b]) => a - b);
  const joined: [number, number][] = [];
  for (const [start, end] of spans) {
    const last = joined.at(-1);
    if (last && start < last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  let result = '';
  let at = 0;
  for (const [start, end] of joined) {
    result += `${text.slice(at, start)}***`;
    at = end;
  }
  return result + text.slice(at);
}

test('property: however the output is cut, what comes out is the whole output masked', () => {
  const secrets = ['abcabd-abcabd', 'bcabcabca', 'cc-cc-cc', 'abcabd', 'aaaa', 'd'];
  const pieces = [
    'a',
    'b',
    'c',
    '-',
    'aaa',
    'abcabd',
    'abcabd-abcabd',
    'bcabcabca',
    'cc-cc-cc',
    'abcab',
    'd',
  ];
  fc.assert(
    fc.property(
      fc.subarray(secrets),
      fc.array(fc.constantFrom(...pieces), { maxLength: 30 }),
      fc.array(fc.nat({ max: 12 }), { maxLength: 40 }),
      (chosen, words, cuts) => {
        const text = words.join('');
        const bytes = Buffer.from(text);
        const mask = new SecretMask(new SecretFinder(chosen.map((secret) => Buffer.from(secret))));
        const parts: Buffer[] = [];
        let start = 0;
        for (const cut of cuts) {
          parts.push(mask.push(bytes.subarray(start, start + cut)));
          start += cut;
        }
        parts.push(mask.push(bytes.subarray(start)), mask.end());
        assert.equal(Buffer.concat(parts).toString(), maskedSlowly(text, chosen));
      },
    ),
    { numRuns: 5000 },
  );
});

test('many long secrets that are all alike, in output that almost holds them, are no burden', () => {
  // 2,000 values of 5,000 bytes; compared one by one at every byte this would take hours.
  const env = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [`A${i}_TOKEN`, `${'a'.repeat(5000 - String(i).length)}${i}`]),
  );
  const one = redactor(env);
  const mask = one.mask();
  const chunk = Buffer.alloc(1_000_000, 'a');
  let given = 0;
  for (let i = 0; i < 8; i += 1) given += mask.push(chunk).length;
  assert.equal(given, 8_000_000 - 4999);
  // The value that ends with 1 and the one that ends with 1999 overlap.
  assert.equal(String(mask.push(Buffer.from('1999!'))), '***!');
});
