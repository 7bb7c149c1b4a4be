import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldEvents } from '../../src/journal/index.js';
import { junitXml } from '../../src/report/index.js';
import { failedRun, mergedRun, Recording } from './recording.js';

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** A strict reader for the XML that JUnit files are made of: throws at whatever is not well formed. */
function parseXml(xml: string): Element {
  assert.doesNotMatch(
    xml,
    /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u,
    'characters that XML allows',
  );
  const unescapeXml = (text: string) => {
    assert.doesNotMatch(text, /<|&(?!(?:amp|lt|gt|quot);)/);
    const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
    return text.replace(/&(\w+);/g, (_, name: string) => entities[name]!);
  };
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  assert.notEqual(body, xml);
  for (const piece of body.split(/(<[^>]*>)/)) {
    const tag = /^<(\/?)([\w-]+)((?: [\w-]+="[^"]*")*)(\/?)>$/.exec(piece);
    if (!tag) {
      open.at(-1)!.text += unescapeXml(piece);
      continue;
    }
    const [, closing, name, attributes, empty] = tag;
    if (closing) {
      assert.equal(open.pop()!.name, name);
      continue;
    }
    const element: Element = { name: name!, attributes: {}, children: [], text: '' };
    for (const [, key, value] of attributes!.matchAll(/ ([\w-]+)="([^"]*)"/g))
      element.attributes[key!] = unescapeXml(value!);
    open.at(-1)!.children.push(element);
    if (!empty) open.push(element);
  }
  assert.deepEqual(open, [top]);
  assert.equal(top.children.length, 1);
  return top.children[0]!;
}

test('a run that merges, exactly', () => {
  assert.equal(
    junitXml(foldEvents(mergedRun().events)),
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="jwt-auth" tests="3" failures="0" errors="0" skipped="0" time="5.600" timestamp="2026-01-01T00:00:00">
    <testcase classname="jwt-auth.task" name="api" time="3.200"/>
    <testcase classname="jwt-auth.task" name="docs" time="1.000"/>
    <testcase classname="jwt-auth.gate" name="tests" time="1.240"/>
  </testsuite>
</testsuites>
`,
  );
});

test('failures with reason and output, skipped tasks, gates that were not run', () => {
  const suite = parseXml(junitXml(foldEvents(failedRun().events))).children[0]!;
  const { tests, failures, errors, skipped } = suite.attributes;
  assert.deepEqual(
    { tests, failures, errors, skipped },
    { tests: '4', failures: '1', errors: '0', skipped: '2' },
  );
  const [api, docs, web, gate] = suite.children;
  assert.deepEqual(api!.children, [
    {
      name: 'failure',
      attributes: { type: 'strays', message: '1 change outside what it owns' },
      children: [],
      text: 'outside what it owns: a\\nb.txt\none\n\\x1b[31mtwo\\x1b[0m\n::error::fake',
    },
  ]);
  assert.deepEqual(
    [docs!.children[0]!.name, docs!.children[0]!.attributes],
    ['skipped', { message: 'api failed' }],
  );
  assert.deepEqual(web!.children, []);
  assert.deepEqual(gate!.children[0]!.attributes, { message: 'not run' });
});

test('a run that was killed: what did not end is an error', () => {
  const recording = new Recording()
    .start([{ id: 'a' }, { id: 'b' }], ['tests'])
    .begin('a')
    .begin('a', 2);
  recording.add({ type: 'gate.started', name: 'tests', log: 'x' });
  const suite = parseXml(junitXml(foldEvents(recording.events))).children[0]!;
  assert.equal(suite.attributes.errors, '3');
  assert.deepEqual(suite.children[0]!.children[0]!.attributes, {
    type: 'running',
    message: 'did not finish (2 attempts)',
  });
});

test('every control character and all markup in names and output stays legal XML', () => {
  const nasty = `${Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join('')}\ud800\udce9\ufffe\uffff]]><&"'🚀`;
  const recording = new Recording()
    .start([{ id: 'a' }], [nasty], { name: nasty })
    .begin('a')
    .output('a', `${nasty}\n`);
  recording.fail('a', 5, { reason: nasty });
  recording.add({
    type: 'task.finished',
    task: 'a',
    state: 'failed',
    attempts: 1,
    ms: 5,
    changes: 0,
    reason: nasty,
  });
  const suite = parseXml(junitXml(foldEvents(recording.gate(nasty, false, 9).events))).children[0]!;
  assert.ok(suite.children[0]!.children[0]!.attributes.message!.includes(`]]><&"'🚀`));
  assert.ok(suite.children[0]!.children[0]!.text.includes('\\x1b'));
  assert.ok(suite.children[1]!.attributes.name!.includes('\\ufffe\\uffff'));
});
