import { hash } from 'node:crypto';
import { eventProblemStatus, isObject, type OpenApiDocument, ownValue, problemStatus } from '@slipway/contract';
import { descriptionOf, kindOf, schemaHtml } from './docs-schema.ts';
import { docsStyle } from './docs-style.ts';
import { Html, html, prose } from './html.ts';
import { titleOf } from './problem.ts';
import { problemMeaning } from './problem-meaning.ts';

/**
 * The API's description as one page that needs nothing else: no script, no font, no request to anybody. It is made from
 * the same document that `/v1/openapi.json` answers.
 */
export function docsPage(document: OpenApiDocument): { html: string; headers: string[] } {
  const operations = operationsOf(document);
  const { title, description, summary } = document.info;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${String(title)} API</title>
<style>${new Html(docsStyle)}</style>
</head>
<body>
<div class="layout">
<nav aria-label="Contents">${document.tags.map((tag) => navOf(tag, operations))}
<h2>Reference</h2><ul><li><a href="#problems">Problems</a></li><li><a href="#schemas">Schemas</a></li>
<li><a href="/v1/openapi.json">openapi.json</a></li></ul></nav>
<main>
<h1>${String(title)} API</h1>
<p>${String(summary)}</p>
${String(description)
  .split('\n')
  .map((line) => html`<p>${prose(line)}</p>`)}
${document.tags.map((tag) => sectionOf(tag, operations))}
${problemsSection()}
${schemasSection(document)}
</main>
</div>
</body>
</html>
`;
  return { html: page.text, headers: HEADERS };
}

const HEADERS = [
  'content-security-policy',
  [
    "default-src 'none'",
    `style-src 'sha256-${hash('sha256', docsStyle, 'base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy',
  'no-referrer',
];

type Operation = { id: string; method: string; path: string; tag: unknown; operation: Record<string, unknown> };

function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: String(operation.operationId),
      method,
      path,
      tag: Array.isArray(operation.tags) ? operation.tags[0] : undefined,
      operation,
    })),
  );
}

function navOf(tag: Record<string, unknown>, operations: readonly Operation[]): Html {
  const mine = operations.filter((one) => one.tag === tag.name);
  return html`<h2>${String(tag.name)}</h2><ul>${mine.map((one) => html`<li><a href="#${one.id}">${one.id}</a></li>`)}</ul>`;
}

function sectionOf(tag: Record<string, unknown>, operations: readonly Operation[]): Html {
  const mine = operations.filter((one) => one.tag === tag.name);
  return html`<section><h2>${titleOf(String(tag.name))}</h2><p>${String(tag.description)}</p>${mine.map(articleOf)}</section>`;
}

function articleOf({ id, method, path, operation }: Operation): Html {
  const permission = operation['x-permission'];
  return html`<article id="${id}">
<h3><span class="method ${method}">${method.toUpperCase()}</span><a class="path" href="#${id}">${path}</a>
<span class="permission">${permission === 'public' ? 'no token needed' : html`needs <code>${String(permission)}</code>`}</span></h3>
<p>${prose(String(operation.summary))}</p>
${parametersOf(operation)}${bodyOf(operation)}${answersOf(operation)}
</article>`;
}

function parametersOf({ parameters }: Record<string, unknown>): Html | undefined {
  if (!Array.isArray(parameters)) return undefined;
  const rows = parameters.filter(isObject).map(
    (one) => html`<tr><th scope="row"><code>${String(one.name)}</code> <span class="must">${String(one.in)}</span></th>
<td class="kind">${kindOf(one.schema)}</td><td>${descriptionOf(one)}</td></tr>`,
  );
  return html`<h4>Parameters</h4><div class="scroll"><table><tbody>${rows}</tbody></table></div>`;
}

function bodyOf({ requestBody }: Record<string, unknown>): Html | undefined {
  if (!isObject(requestBody) || !isObject(requestBody.content)) return undefined;
  return html`<h4>Body</h4>${descriptionOf(requestBody)}${contentOf(requestBody.content)}`;
}

function contentOf(content: unknown): Html | undefined {
  if (!isObject(content)) return undefined;
  const rows = Object.entries(content).map(
    ([type, media]) =>
      html`<tr><th scope="row"><code>${type}</code></th><td>${schemaHtml(isObject(media) ? media.schema : undefined)}</td></tr>`,
  );
  return html`<div class="scroll"><table><tbody>${rows}</tbody></table></div>`;
}

function answersOf({ responses }: Record<string, unknown>): Html {
  const entries = Object.entries(isObject(responses) ? responses : {}).filter(([status]) => status !== 'default');
  const answers = entries.filter(([, answer]) => isObject(answer) && answer.$ref === undefined);
  const refusals = entries.filter(([, answer]) => isObject(answer) && answer.$ref !== undefined);
  const rows = answers.map(
    ([status, answer]) =>
      html`<tr><th scope="row"><code>${status}</code></th><td>${descriptionOf(answer)}${isObject(answer) && contentOf(answer.content)}</td></tr>`,
  );
  const statuses = refusals.map(([status]) => html`<code>${status}</code> `);
  return html`<h4>Answers</h4><div class="scroll"><table><tbody>${rows}</tbody></table></div>
${refusals.length > 0 && html`<p>Refused with ${statuses}as a <a href="#problems">problem</a>.</p>`}`;
}

function problemsSection(): Html {
  const codes = Object.entries({ ...eventProblemStatus, ...problemStatus });
  const meaning: Readonly<Record<string, string>> = problemMeaning;
  const rows = codes
    .toSorted(([a, statusA], [b, statusB]) => statusA - statusB || a.localeCompare(b))
    .map(
      ([code, status]) => html`<tr id="problem-${code}"><th scope="row"><code>${code}</code></th>
<td>${status}</td><td>${prose(ownValue(meaning, code) ?? '')}</td></tr>`,
    );
  return html`<section id="problems"><h2>Problems</h2>
<p>Every refusal has one of these codes; its detail names the fault of this request and how to correct it.</p>
<div class="scroll"><table><tbody>${rows}</tbody></table></div></section>`;
}

function schemasSection(document: OpenApiDocument): Html {
  const schemas = Object.entries(document.components.schemas ?? {});
  const articles = schemas.map(
    ([name, schema]) => html`<article id="schema-${name}"><h3><a href="#schema-${name}">${name}</a></h3>
<p>${descriptionOf(schema)}</p>${schemaHtml(schema)}</article>`,
  );
  return html`<section id="schemas"><h2>Schemas</h2><p>What the bodies are made of.</p>${articles}</section>`;
}
