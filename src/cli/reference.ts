import type { Argument, Command, Option } from 'commander';
import type { CliIo } from './io.js';
import { fenixProgram } from './program.js';

const BEGIN = '<!-- made by npm run sample; do not edit -->\n';
const END = '<!-- /made -->';

/** A page with the commands as they are now, between the two marks that it has. */
export function withReference(page: string): string {
  const [before = '', rest = ''] = page.split(BEGIN);
  return `${before}${BEGIN}\n${referenceOf(fenixProgram(NOWHERE))}\n\n${END}${rest.split(END)[1] ?? ''}`;
}

/** Nothing is run. */
const NOWHERE: CliIo = {
  stdin: { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: '' }) }) },
  stdout: { write: () => undefined, on: () => undefined, off: () => undefined },
  stderr: { write: () => undefined },
  env: {},
  cwd: '/',
  home: '/',
  signal: new AbortController().signal,
  version: '',
  now: () => new Date(0),
  pollMs: 0,
};

/** All commands with their arguments and options as Markdown. */
function referenceOf(program: Command): string {
  const general = program.options.filter(({ long }) => long !== '--version');
  return [
    '### General options',
    '',
    'They may stand anywhere in the line.',
    '',
    ...optionTable(general),
    ...program.commands.flatMap((command) => sectionOf(command, program.name())),
  ].join('\n');
}

function sectionOf(command: Command, path: string): string[] {
  const name = `${path} ${command.name()}`;
  if (command.commands.length > 0) {
    return [
      '',
      `### ${name}`,
      '',
      sentence(command.description()),
      ...command.commands.flatMap((one) => sectionOf(one, name)),
    ];
  }
  const level = path.includes(' ') ? '####' : '###';
  const usage = [name, ...command.registeredArguments.map(argumentText)].join(' ');
  const table = command.options.length === 0 ? [] : ['', ...optionTable(command.options)];
  return [
    '',
    `${level} ${name}`,
    '',
    `\`${usage}\``,
    '',
    sentence(command.description()),
    ...choicesOf(command),
    ...table,
  ];
}

function choicesOf({ registeredArguments }: Command): string[] {
  return registeredArguments.flatMap((argument) =>
    argument.argChoices === undefined ? [] : ['', `${argument.name()}: ${argument.argChoices.join(', ')}.`],
  );
}

function argumentText(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionTable(options: readonly Option[]): string[] {
  return ['| option | |', '|---|---|', ...options.map((option) => `| \`${option.flags}\` | ${meaningOf(option)} |`)];
}

function meaningOf({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
  const standard = defaultValueDescription ?? (isShown(defaultValue) ? String(defaultValue) : undefined);
  return `${description}${choices}${standard === undefined ? '' : `; default: ${standard}`}`.replaceAll('|', '\\|');
}

function isShown(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
