import type { OptionSpec, Section } from './options.js';
import { SECTIONS } from './sections/index.js';

const WIDTH = 79;

const HEAD = `# Configuration of fenix-api and fenix-engine, read as oslo.config reads it.
# Made from the code by "npm run sample"; every value below is the default.
# Each option can also come from the environment: [engine] rpc_topic as
# OS_ENGINE__RPC_TOPIC. The command line wins over the environment, that over
# files, later files over earlier ones. A dollar sign is written $$.
`;

/** The text of etc/fenix/fenix.conf.sample. */
export function sample(): string {
  const parts = Object.entries<Section>(SECTIONS).map(([name, { doc, options }]) =>
    [`[${name}]`, wrap(doc), ...Object.entries(options).map(([option, spec]) => optionText(option, spec))].join('\n'),
  );
  return `${HEAD}\n${parts.join('\n\n')}\n`;
}

function optionText(option: string, spec: OptionSpec<unknown>): string {
  const value = spec.sampleDefault ?? textOf(spec.default);
  return `\n${wrap(`${spec.doc} ${allowed(spec)}`)}\n${`#${option} = ${value}`.trimEnd()}`;
}

function allowed({ format, choices, min, max, multi }: OptionSpec<unknown>): string {
  const kind = format.replace('fenix-', '').replace('integer', 'whole number').replace('flag', 'true or false');
  const limits = [min === undefined ? '' : `at least ${min}`, max === undefined ? '' : `at most ${max}`];
  const words = [choices ? choices.join(' | ') : kind, ...limits, multi ? 'repeatable' : ''].filter(Boolean);
  return `(${words.join(', ')})`;
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value ?? '');
}

function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines.join('\n');
}
