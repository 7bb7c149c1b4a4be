import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { formatDuration, formatElapsed, formatRoughly } from '../../src/util/text/amounts.js';
import { sanitize, toJsonText } from '../../src/util/text/sanitize.js';
import { supportsUnicode, wantsColor } from '../../src/util/text/terminal-abilities.js';
import { cut, displayWidth } from '../../src/util/text/width.js';

test('durations', () => {
  const shown = [-5, 0, 44, 1240, 59_949, 59_950, 60_000, 372_000, 3_599_499, 3_599_500, 7_500_000].map(
    formatDuration,
  );
  assert.deepEqual(shown, [
    '0.0s',
    '0.0s',
    '0.0s',
    '1.2s',
    '59.9s',
    '1m00s',
    '1m00s',
    '6m12s',
    '59m59s',
    '1h00m',
    '2h05m',
  ]);
  assert.deepEqual(
    [1, 2400, 41_000, 88_000, 90_000, 14 * 60_000, 1_510_000, 5_100_000, 5_300_000, 7_680_000, 9_000_000].map(
      formatRoughly,
    ),
    ['1 s', '2 s', '40 s', '90 s', '2 min', '14 min', '25 min', '85 min', '1.5 h', '2 h', '2.5 h'],
  );
  assert.deepEqual([999, 59_999, 60_000, 3_600_000].map(formatElapsed), ['0s', '59s', '1m00s', '1h00m']);
});

test('sanitize: escapes, controls, bidirectional overrides and bytes become visible; text stays', () => {
  assert.equal(sanitize('a\u001b[31mb\u009bc\u0000\n\r\t\u007f'), 'a\\x1b[31mb\\x9bc\\x00\\n\\r\\t\\x7f');
  assert.equal(
    sanitize('\u202egnp.exe\u2066\u2028\ufeff\udce9\ud800'),
    '\\u202egnp.exe\\u2066\\u2028\\ufeff\\xe9\\ud800',
  );
  assert.equal(sanitize('a\nb\tc\u2028d'), 'a\\nb\\tc\\u2028d');
  assert.equal(sanitize('naïve 日本 👩‍💻 \\n'), 'naïve 日本 👩‍💻 \\n');
});

test('sanitize: nothing that a terminal acts on is left, whatever the text', () => {
  const text = fc.string({ unit: 'binary' }).chain((wild) => fc.string().map((tame) => wild + tame));
  fc.assert(
    fc.property(text, (value) => {
      const safe = sanitize(value);
      assert.doesNotMatch(safe, /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      assert.equal(sanitize(safe), safe);
    }),
    { numRuns: 2000 },
  );
});

test('JSON text escapes what JSON alone leaves raw, and means the same', () => {
  const value = { text: '\u009b31m\u007f\u2028\u202e\u001b\udce9é' };
  const json = toJsonText(value);
  assert.match(json, /^[\x20-\x7eé]*$/);
  assert.deepEqual(JSON.parse(json), value);
});

test('width: never less than what string-width measures, for every character and every text', () => {
  // Planes 4 to 13 are empty, 15 and 16 private.
  for (let code = 0x20; code <= 0xe0fff; code = code === 0x3ffff ? 0xe0000 : code + 1) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    const ours = displayWidth(character);
    // No character is wider, and to measure one takes a while.
    if (ours >= 2 || sanitize(character) !== character) continue;
    assert.ok(ours >= stringWidth(character), `U+${code.toString(16)}: ${ours} < ${stringWidth(character)}`);
  }
  const text = fc.string({ unit: 'grapheme', maxLength: 30 }).map(sanitize);
  fc.assert(
    fc.property(text, (value) => assert.ok(displayWidth(value) >= stringWidth(value))),
    { numRuns: 3000 },
  );
  for (const shown of ['1️⃣', '❤️', '🇩🇪', '👩‍👩‍👧', '日本', 'e\u0301', '한국', 'ﾊﾟ'])
    assert.ok(displayWidth(shown) >= stringWidth(shown), shown);
  assert.deepEqual(
    ['abc', '日本', 'ｆ', 'é', 'e\u0301', '😀', '🚀', '—', ''].map(displayWidth),
    [3, 4, 2, 1, 1, 2, 2, 1, 0],
  );
});

test('cut: fits, keeps what fits, never splits a character', () => {
  assert.equal(cut('hello', 5, '…'), 'hello');
  assert.equal(cut('hello!', 5, '…'), 'hell…');
  assert.equal(cut('日本語', 5, '…'), '日本…');
  assert.equal(cut('日本語', 6, '…'), '日本語');
  assert.equal(cut('🚀🚀', 3, '...'), '...');
  assert.equal(cut('abc', 0, '…'), '');
  assert.equal(cut('abcd', 2, '...'), '');
  const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map(sanitize);
  fc.assert(
    fc.property(text, fc.nat(70), (value, columns) => {
      const shown = cut(value, columns, '…');
      assert.ok(stringWidth(shown) <= columns);
      assert.ok(shown === value || shown === '' || shown.endsWith('…'));
      assert.doesNotMatch(shown, /\p{Cs}/u);
    }),
    { numRuns: 2000 },
  );
});

test('colours: the flag, FORCE_COLOR, NO_COLOR, the terminal, in that order', () => {
  const color = (flag: boolean | undefined, env: Record<string, string>, isTTY: boolean) =>
    wantsColor({ flag, env, isTTY });
  assert.equal(color(undefined, {}, true), true);
  assert.equal(color(undefined, {}, false), false);
  assert.equal(color(undefined, { TERM: 'dumb' }, true), false);
  assert.equal(color(undefined, { NO_COLOR: '1' }, true), false);
  assert.equal(color(undefined, { NO_COLOR: '' }, true), true);
  assert.equal(color(undefined, { FORCE_COLOR: '1' }, false), true);
  assert.equal(color(undefined, { FORCE_COLOR: '' }, false), true);
  assert.equal(color(undefined, { FORCE_COLOR: '0' }, true), false);
  assert.equal(color(undefined, { FORCE_COLOR: '1', NO_COLOR: '1' }, false), true);
  assert.equal(color(false, { FORCE_COLOR: '1' }, true), false);
  assert.equal(color(true, { NO_COLOR: '1', TERM: 'dumb' }, false), true);
});

test('Unicode: not on the Linux console, dumb terminals or other locales', () => {
  assert.equal(supportsUnicode({}, 'linux'), true);
  assert.equal(supportsUnicode({ LANG: 'C.UTF-8' }, 'linux'), true);
  assert.equal(supportsUnicode({ LANG: 'de_DE.utf8' }, 'linux'), true);
  assert.equal(supportsUnicode({ LANG: 'C.UTF-8', LC_ALL: 'C' }, 'linux'), false);
  assert.equal(supportsUnicode({ LANG: 'C.UTF-8', TERM: 'linux' }, 'linux'), false);
  assert.equal(supportsUnicode({ TERM: 'dumb' }, 'linux'), false);
  assert.equal(supportsUnicode({}, 'win32'), false);
  assert.equal(supportsUnicode({ WT_SESSION: '1' }, 'win32'), true);
});
