import { openApiDocument } from '../openapi/document.js';
import type { Content, Described, DescribedOperation, DescribedParameter, Reference } from './described.js';
import { SchemaRows, typeOf } from './schema-rows.js';

const HEAD = `# API reference

Made from [openapi.json](openapi.json) by \`npm run sample\`. [api.md](api.md) explains what it lists.`;

/** The text of docs/api-reference.md: every request with its parameters, body, answer and refusals. */
export function apiReference(): string {
  const document = openApiDocument('/') as Described;
  const parts = [HEAD, inOneLine(document.info.description), headers(document)];
  for (const { name, description } of document.tags) {
    const operations = operationsOf(document, name).map((one) => operationText(document, one));
    parts.push(`## ${capital(name)}`, description, ...operations);
  }
  parts.push('## Bodies', 'Keys that are required are bold; `*` stands for any key.', ...bodies(document));
  return `${parts.join('\n\n')}\n`;
}

interface Routed {
  readonly method: string;
  readonly path: string;
  readonly operation: DescribedOperation;
}

function operationsOf({ paths }: Described, tag: string): Routed[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

function operationText(document: Described, { method, path, operation }: Routed): string {
  const rule = operation['x-policy-rule'];
  const parameters = operation.parameters.flatMap((one) => ('$ref' in one ? [] : [one]));
  const named = operation.parameters.flatMap((one) => ('$ref' in one ? [nameOf(document, one)] : []));
  const lines = [
    `- ${rule === undefined ? 'No token needed' : `Rule of the policy: \`${rule}\``}`,
    ...parameters.map(parameterLine),
    `- Headers: ${named.map((name) => `\`${name}\``).join(', ')}`,
    ...bodyLine(operation),
    `- Answer: ${contentText(answerOf(operation))}`,
    `- Refusals: ${refusalsOf(operation).join(', ')}`,
  ];
  return `### ${method} ${path}\n\n${operation.summary}\n\n${lines.join('\n')}`;
}

function parameterLine({ name, in: place, description, required, schema }: DescribedParameter): string {
  const about = description === undefined ? '' : `: ${description}`;
  return `- \`${name}\` (${place}${required && place !== 'path' ? ', required' : ''}), ${typeOf(schema)}${about}`;
}

function bodyLine({ requestBody }: DescribedOperation): string[] {
  if (requestBody === undefined) return [];
  return [`- Body${requestBody.required ? '' : ' (may be left out)'}: ${contentText(requestBody.content)}`];
}

function answerOf({ responses }: DescribedOperation): Content {
  const answer = responses[200];
  return answer !== undefined && 'content' in answer ? (answer.content ?? {}) : {};
}

function contentText(content: Content): string {
  return Object.entries(content)
    .map(([type, { schema }]) => (type === 'application/json' ? bodyNames(schema) : `\`${type}\``))
    .join(' or ');
}

function bodyNames(schema: Content[string]['schema']): string {
  const names = typeOf(schema).split(' or ');
  return names.map((name) => `[${name}](#${name.toLowerCase()})`).join(' or ');
}

function refusalsOf({ responses }: DescribedOperation): string[] {
  const statuses = Object.keys(responses).filter((status) => Number(status) >= 400);
  return statuses.length === 0 ? ['none'] : statuses;
}

function nameOf({ components }: Described, { $ref }: Reference): string {
  return components.parameters[$ref.replace(/.*\//, '')]?.name ?? $ref;
}

function headers({ components }: Described): string {
  const parameters = Object.values(components.parameters);
  const rows = parameters.map(({ name, description = '' }) => `| \`${name}\` | ${cell(description)} |`);
  const statuses = Object.entries(components.responses).map(
    ([name, { description }]) => `| ${name.replace(/\D/g, '')} | ${cell(description)} |`,
  );
  return [
    '| header | |\n|---|---|',
    ...rows,
    '',
    'Every refusal has the body [Error](#error):',
    '',
    '| status | when |\n|---|---|',
    ...statuses,
  ].join('\n');
}

function bodies({ components }: Described): string[] {
  const schemaRows = new SchemaRows();
  return Object.entries(components.schemas).map(([name, schema]) => {
    const rows = schemaRows.of(name, schema).map(({ path, type, required, about }) => {
      const key = required ? `**\`${path}\`**` : `\`${path}\``;
      return `| ${key} | ${cell(type)} | ${cell(about)} |`;
    });
    const table =
      rows.length === 0
        ? (schema.description ?? 'An object.')
        : ['| key | type | |\n|---|---|---|', ...rows].join('\n');
    return `### ${name}\n\n${table}`;
  });
}

function cell(text: string): string {
  return inOneLine(text).replaceAll('|', '\\|');
}

function inOneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
