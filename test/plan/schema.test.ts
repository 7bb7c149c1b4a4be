import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';

type Schema = { [key: string]: unknown };
const schema = JSON.parse(
  readFileSync(new URL('../../schemas/forge.plan.schema.json', import.meta.url), 'utf8'),
) as Schema & { definitions: Record<string, Schema> };

/** Every schema in the schema with its path. */
function* schemas(node: Schema, path: string): Generator<[string, Schema]> {
  yield [path, node];
  for (const keyword of ['properties', 'patternProperties', 'definitions'])
    for (const [name, child] of Object.entries((node[keyword] ?? {}) as Record<string, Schema>))
      yield* schemas(child, `${path}/${keyword}/${name}`);
  for (const keyword of ['items', 'additionalProperties'])
    if (typeof node[keyword] === 'object') yield* schemas(node[keyword] as Schema, `${path}/${keyword}`);
}

describe('forge.plan.schema.json', () => {
  it('is valid draft-07', () => {
    assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#');
    assert.ok(new Ajv({ strict: false }).validateSchema(schema));
  });

  it('describes every key, directly or where it refers to', () => {
    for (const [path, node] of schemas(schema, '#')) {
      const target =
        typeof node.$ref === 'string' ? schema.definitions[node.$ref.split('/').pop()!] : undefined;
      assert.ok(node.description ?? target?.description, path);
      assert.ok(
        node.title ?? target?.title ?? target?.$ref ?? path.includes('patternProperties'),
        `${path} has no title for error messages`,
      );
    }
  });

  it('closes every object', () => {
    for (const [path, node] of schemas(schema, '#'))
      if (node.type === 'object') assert.ok('additionalProperties' in node, path);
  });

  it('its defaults and examples are valid', () => {
    const ajv = new Ajv({ strict: false }).addSchema(schema, 'plan');
    for (const [path, node] of schemas(schema, '')) {
      const values = [...('default' in node ? [node.default] : []), ...((node.examples ?? []) as unknown[])];
      const check = ajv.getSchema(`plan#${path}`) ?? assert.fail(path);
      for (const value of values) assert.ok(check(value), `${path}: ${JSON.stringify(value)}`);
    }
  });
});
