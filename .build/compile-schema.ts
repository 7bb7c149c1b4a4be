import { readFileSync, writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';

type Schema = { [key: string]: unknown };

/** Keywords for readers and editors; leaving them out keeps the generated file small. */
const ANNOTATIONS = ['description', 'title', 'default', 'examples'];

const SCHEMA = 'schemas/forge.plan.schema.json';
const VALIDATOR = 'src/plan/schema/schema-validator.generated.ts';

/** Writes the schema of plans as code that checks one, so that neither ajv nor the schema is loaded when forge starts. */
export function compileSchema(): void {
  const schema = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Schema;
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    // `oneOf: [{ required }]` names keys that its parent declares.
    strictRequired: false,
    // A definition is a function, not code wherever it is used; errors have no messages, since forge writes its own.
    inlineRefs: false,
    messages: false,
    code: { source: true, esm: true },
  });
  // Casts: ajv's CommonJS default export is typed as the namespace under NodeNext.
  const generate = standaloneCode as unknown as (ajv: Ajv, validate: unknown) => string;
  const code = generate(ajv, ajv.compile(withoutAnnotations(schema)));
  if (/\brequire\(|^import /m.test(code))
    throw new Error('the compiled schema needs ajv at run time: use other keywords');
  writeFileSync(
    VALIDATOR,
    [
      '// @ts-nocheck',
      `// Generated from ${SCHEMA} by npm run build. Do not edit.`,
      `export const SHAPE = ${JSON.stringify(shapeOf(schema, schema), null, 1)};`,
      code
        .replace(/^"use strict";\n?/, '')
        // ajv copies the whole list of errors for every failing part, which is quadratic in their number.
        .replaceAll(
          /if\(vErrors === null\)\{vErrors = \[(\w+)\];\}else \{vErrors\.push\(\1\);\}/g,
          '(vErrors ??= []).push($1);',
        )
        .replaceAll(/vErrors\.concat\((\w+\.errors)\)/g, 'append(vErrors, $1)'),
      'function append(list, more) { for (const error of more) list.push(error); return list; }',
    ].join('\n'),
  );
}

/** The schema without what only readers need. Below `properties` and the like, keys are names, not keywords. */
function withoutAnnotations(node: Schema, keysAreNames = false): Schema {
  const entries = Object.entries(node).filter(([key]) => keysAreNames || !ANNOTATIONS.includes(key));
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (Array.isArray(value) || typeof value !== 'object' || value === null) return [key, value];
      return [key, withoutAnnotations(value as Schema, !keysAreNames && holdsNames(key))];
    }),
  );
}

/** What error messages need to know of each place in a plan: see `Shape` in schema-problems.ts. */
function shapeOf(node: Schema, schema: Schema): Schema {
  const { $ref, ...own } = node as { $ref?: string } & Schema;
  if ($ref !== undefined) {
    const target = $ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at[key] as Schema, schema);
    return shapeOf({ ...target, ...own }, schema);
  }
  const child = (keyword: string) => {
    const value = own[keyword];
    return typeof value === 'object' && value !== null ? shapeOf(value as Schema, schema) : undefined;
  };
  const properties = own.properties as Record<string, Schema> | undefined;
  return {
    title: own.title,
    keys:
      properties &&
      Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, shapeOf(value, schema)])),
    others: child('additionalProperties'),
    names: child('propertyNames'),
    items: child('items'),
  };
}

function holdsNames(keyword: string): boolean {
  return keyword === 'properties' || keyword === 'definitions' || keyword === 'patternProperties';
}
