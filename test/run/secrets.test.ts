import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SecretMask, secretsOf } from '../../src/run/secrets.js';

test('variables named like secrets are secrets, others are not, short values are not', () => {
  const env = {
    GITHUB_TOKEN: 'aaaaaaaa',
    FACTORY_API_KEY: 'bbbbbbbbbb',
    DB_PASSWORD: 'cccccc',
    TOKENIZERS_PARALLELISM: 'false-value',
    PATH: '/usr/bin:/bin',
    KEYBOARD: 'qwertz-layout',
    SHORT_TOKEN: 'x',
  };
  assert.deepEqual(secretsOf(env).map(String), ['bbbbbbbbbb', 'aaaaaaaa', 'cccccc']);
});

test('a secret that holds another is masked whole', () => {
  const mask = new SecretMask(secretsOf({ A_TOKEN: 'secret', B_TOKEN: 'secret-and-more' }));
  assert.equal(
    String(mask.push(Buffer.from('x secret-and-more y secret z'))) + String(mask.end()),
    'x *** y *** z',
  );
});

test('property: however the output is cut, what comes out is the whole output masked', () => {
  const secrets = ['abcabd-abcabd', 'bcabcabca', 'cc-cc-cc', 'abcabd'].map((text) => Buffer.from(text));
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom('a', 'b', 'c', 'd', '-', 'abcabd', 'abcabd-abcabd', 'bcabcabca', 'cc-cc-cc', 'abcab'),
        {
          maxLength: 30,
        },
      ),
      fc.array(fc.nat({ max: 12 }), { maxLength: 40 }),
      (words, cuts) => {
        const bytes = Buffer.from(words.join(''));
        const whole = new SecretMask(secrets);
        const expected = Buffer.concat([whole.push(bytes), whole.end()]).toString();
        const mask = new SecretMask(secrets);
        const parts: Buffer[] = [];
        let start = 0;
        for (const cut of cuts) {
          parts.push(mask.push(bytes.subarray(start, start + cut)));
          start += cut;
        }
        parts.push(mask.push(bytes.subarray(start)), mask.end());
        const got = Buffer.concat(parts).toString();
        assert.equal(got, expected);
        for (const secret of secrets)
          assert.ok(!got.includes(secret.toString()) || expected.includes(secret.toString()));
      },
    ),
    { numRuns: 2000 },
  );
});
