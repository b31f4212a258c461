import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { componentSchemas, isObject, openApiDocument, routes } from '../src/index.ts';

const document = openApiDocument();

test('the document is valid OpenAPI 3.1 to a validator that is not ours', async () => {
  const validator = new Validator();
  const verdict = await validator.validate(structuredClone(document));
  expect(verdict).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('the same validator sees a planted mistake, so its word means something', async () => {
  const broken = structuredClone(document);
  const operation = broken.paths['/v1/runs']?.get;
  if (operation !== undefined) operation.parameters = [{ name: 'state', in: 'nowhere' }];
  expect(await new Validator().validate(broken)).toMatchObject({ valid: false });
});

test('every route of the table is one operation, with its permission', () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      id: operation.operationId,
      permission: operation['x-permission'],
    })),
  );
  const expected = routes.map(({ method, path, id, permission }) => ({ route: `${method} ${path}`, id, permission }));
  expect(operations.toSorted(byId)).toEqual(expected.toSorted(byId));
});

test('operation ids are unique, because they become the method names of a client', () => {
  const ids = routes.map((route) => route.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('only public routes can be asked without a token', () => {
  for (const route of routes) {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()];
    expect([route.id, operation?.security]).toEqual([route.id, route.permission === 'public' ? [] : undefined]);
  }
  expect(document.security).toEqual([{ bearer: [] }]);
});

test('every refusal is problem+json', () => {
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
    const responses = isObject(operation.responses) ? operation.responses : {};
    for (const [status, response] of Object.entries(responses)) {
      if (/^[123]/.test(status) || (operation.operationId === 'readyz' && status === '503')) continue;
      expect([operation.operationId, status, response]).toEqual([
        operation.operationId,
        status,
        { $ref: '#/components/responses/Problem' },
      ]);
    }
    expect(responses).toHaveProperty('default');
  }
});

test('every parameter of a path and of a query is described by name', () => {
  const names = (path: string, method: string) => {
    const parameters = document.paths[path]?.[method]?.parameters;
    return Array.isArray(parameters) ? parameters.map((parameter) => `${parameter.in} ${parameter.name}`) : [];
  };
  expect(names('/v1/tasks/{task}/claim', 'post')).toEqual(['path task', 'query wait', 'query max', 'query lease']);
  expect(names('/v1/runs', 'get')).toEqual(expect.arrayContaining(['query state', 'query cursor', 'query label']));
  expect(names('/v1/events', 'post')).toEqual(['header Prefer', 'header Idempotency-Key']);
  expect(names('/v1/stream', 'get')).toContain('header Last-Event-ID');
});

test('a reference leads to a component, and every component with a name in the API is there', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
  expect(references.length).toBeGreaterThan(50);
  for (const [, kind = '', name = ''] of references) expect(document.components[kind]).toHaveProperty(name);
  expect(Object.keys(document.components.schemas ?? {})).toEqual(Object.keys(componentSchemas));
});

function byId(a: { id: unknown }, b: { id: unknown }): number {
  return String(a.id).localeCompare(String(b.id));
}
