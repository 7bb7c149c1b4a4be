import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Diagnostic, diagnosticRenderer } from '../../src/plan/index.js';

const at = (line: number, column: number, endColumn: number, endLine = line) => ({
  file: '/work/forge.plan.yaml',
  line,
  column,
  endLine,
  endColumn,
});

const diagnostic = (place: Diagnostic['at'], more: Partial<Diagnostic> = {}): Diagnostic => ({
  code: 'schema',
  severity: 'error',
  message: 'no',
  at: place,
  related: [],
  ...more,
});

const render = (source: string, found: Diagnostic, color = false) =>
  diagnosticRenderer({ color, source, cwd: '/work' })(found);

describe('diagnosticRenderer', () => {
  it('underlines the span, and puts witness and hint last', () => {
    const found = diagnostic(at(2, 4, 7), {
      witness: 'src/x',
      hint: 'do',
      related: [{ at: at(11, 1, 2), message: 'here' }],
    });
    assert.equal(
      render(`a\n12345678\n${'\n'.repeat(8)}z`, found),
      [
        'forge.plan.yaml:2:4: error[schema]: no',
        '   |',
        ' 2 | 12345678',
        '   |    ^^^',
        '   = forge.plan.yaml:11:1: here',
        '   |',
        '11 | z',
        '   | ^',
        '   = witness: src/x',
        '   = hint: do',
      ].join('\n'),
    );
  });

  const underlined = (source: string, place: Diagnostic['at']) =>
    render(source, diagnostic(place)).split('\n').slice(2);

  it('tabs, wide and combining characters keep the underline in place', () => {
    assert.deepEqual(underlined('\tab\tc', at(1, 2, 6)), ['1 |     ab    c', '  |     ^^^^^^^']);
    assert.deepEqual(underlined('日本: x', at(1, 5, 6)), ['1 | 日本: x', '  |       ^']);
    assert.deepEqual(underlined('日本: x', at(1, 1, 3)), ['1 | 日本: x', '  | ^^^^']);
    assert.deepEqual(underlined('e\u0301é😀x', at(1, 6, 7)), ['1 | e\u0301é😀x', '  |     ^']);
  });

  it('the end of a line, an empty span, an empty file and a span over several lines', () => {
    assert.deepEqual(underlined('ab\r\n', at(1, 3, 4)), ['1 | ab', '  |   ^']);
    assert.deepEqual(underlined('ab', at(1, 1, 1)), ['1 | ab', '  | ^']);
    assert.deepEqual(underlined('', at(1, 1, 1)), ['1 |', '  | ^']);
    assert.deepEqual(underlined('abcd\nef', at(1, 3, 2, 2)), ['1 | abcd', '  |   ^^']);
  });

  it('long lines are cut around the place', () => {
    const source = `${'a'.repeat(5000)}HERE${'b'.repeat(5000)}`;
    const [line, mark] = underlined(source, at(1, 5001, 5005)) as [string, string];
    assert.ok(line.length < 180 && line.startsWith('1 | …aaa') && line.endsWith('b…'));
    assert.equal(line.indexOf('HERE'), mark.indexOf('^^^^'));
    assert.ok(underlined(source, at(1, 1, 10_000))[1]!.length < 180);
  });

  it('escape sequences are shown, not obeyed', () => {
    const evil = '\u001b[31m\u0007\u009b2J\u202e\u2066';
    const out = render(
      `run: ${evil}`,
      diagnostic(at(1, 1, 4), {
        message: evil,
        witness: evil,
        hint: evil,
        related: [{ at: at(1, 6, 7), message: evil }],
      }),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2066]/.test(out));
    assert.match(out, /error\[schema\]: \\x1b\[31m\\x07\\x9b2J\\u202e\\u2066\n/);
    assert.match(out, / {2}\| {6}\^{4}\n/, 'the escape as a whole is underlined');
  });

  it('colour is used when told to, whatever the terminal, and the file lies outside the folder', () => {
    const found = diagnostic({ ...at(1, 1, 2), file: '/other/p.yaml' }, { severity: 'warning' });
    const out = render('x', found, true);
    assert.ok(out.includes('\u001b[33m'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
    assert.equal(out.replace(/\u001b\[\d+m/g, ''), render('x', found));
    assert.match(render('x', found), /^\/other\/p\.yaml:1:1: warning\[schema\]: no\n/);
  });
});
