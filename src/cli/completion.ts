import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command, and what may follow it. */
export interface Completed {
  /** Words after the program's name, e.g. `session list`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly {
    readonly flag: string;
    readonly short?: string;
    readonly about: string;
    readonly takesValue: boolean;
  }[];
  /** By option, or of the command's argument under an empty key. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

/** The program and all commands below it. */
export function commandsOf(command: Command, path: readonly string[] = []): Completed[] {
  const options = command.options.filter(({ hidden, long }) => !hidden && long !== undefined);
  const inner = command.commands.flatMap((one) => commandsOf(one, [...path, one.name()]));
  const ofOptions = options.flatMap(({ long = '', short, argChoices }) =>
    argChoices === undefined ? [] : [long, ...(short === undefined ? [] : [short])].map((flag) => [flag, argChoices]),
  );
  const ofArguments = command.registeredArguments.flatMap(({ argChoices }) =>
    argChoices === undefined ? [] : [['', argChoices]],
  );
  return [
    {
      path: path.join(' '),
      commands: command.commands.map((one) => ({ name: one.name(), about: one.description() })),
      options: options.map(({ long = '', short, description, required }) => ({
        flag: long,
        takesValue: required,
        ...(short !== undefined && { short: short.slice(1) }),
        about: description,
      })),
      choices: Object.fromEntries([...ofOptions, ...ofArguments]),
    },
    ...inner,
  ];
}

/** Options whose next word is a value. */
function valuedOf(commands: readonly Completed[]): string[] {
  const options = commands.flatMap((command) => command.options).filter(({ takesValue }) => takesValue);
  return [...new Set(options.flatMap(({ flag, short }) => (short === undefined ? [flag] : [flag, `-${short}`])))];
}

/** A script for the shell, to be sourced. */
export function scriptFor(shell: Shell, commands: readonly Completed[]): string {
  if (shell === 'fish') return fishScript(commands);
  const zsh = shell === 'zsh' ? ['autoload -U +X bashcompinit && bashcompinit'] : [];
  return `${[...zsh, ...bashLines(commands)].join('\n')}\n`;
}

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: bash has them, too */
/** Words that are no part of a command's path are passed over, and so are the values of options, be they called like one. */
function bashLines(commands: readonly Completed[]): string[] {
  const [root, ...others] = commands;
  const paths = others.map(({ path }) => `'${path}'`).join('|');
  const words = commands.map(({ path, commands: below, options, choices }) => {
    const own = [...below.map(({ name }) => name), ...(choices[''] ?? []), ...options.map(({ flag }) => flag)];
    return `    '${path}') words='${own.join(' ')}' ;;`;
  });
  const values = commands.flatMap(({ path, choices }) =>
    Object.entries(choices)
      .filter(([flag]) => flag !== '')
      .map(([flag, list]) => `    '${path} ${flag}') words='${list.join(' ')}' ;;`),
  );
  const general = (root?.options ?? []).map(({ flag }) => flag).join(' ');
  return [
    '_fenix() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} at= i words=',
    '  COMPREPLY=()',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    case "\${COMP_WORDS[i-1]}" in ${valuedOf(commands).join('|')}) continue ;; esac`,
    '    case "${at:+$at }${COMP_WORDS[i]}" in',
    `    ${paths}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$at $previous" in',
    ...values,
    "    *' --file'|*' --os-cacert'|*' --os-cert'|*' --os-key') COMPREPLY=($(compgen -f -- \"$current\")); return ;;",
    '  esac',
    '  [ -n "$words" ] || case "$at" in',
    ...words,
    '  esac',
    `  case "$current" in -*) words="$words ${general}" ;; esac`,
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -F _fenix fenix',
  ];
}
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: bash has them, too */

function fishScript(commands: readonly Completed[]): string {
  const [root, ...others] = commands;
  const lines = [
    'function __fenix_at',
    '  set -l at',
    '  set -l before',
    '  for word in (commandline -opc)[2..]',
    '    switch "$before"',
    `      case ${valuedOf(commands).join(' ')}`,
    '        set before',
    '        continue',
    '    end',
    '    set before $word',
    '    switch (string join " " -- $at $word)',
    `      case ${others.map(({ path }) => `'${path}'`).join(' ')}`,
    '        set at $at $word',
    '    end',
    '  end',
    '  test (string join " " -- $at) = "$argv"',
    'end',
    'complete -c fenix -f',
    ...(root?.options ?? []).map((option) => `complete -c fenix ${fishOption(option, [])}`),
  ];
  for (const { path, commands: below, options, choices } of commands) {
    const here = `complete -c fenix -n '__fenix_at ${path}'`;
    lines.push(...below.map(({ name, about }) => `${here} -a ${name} -d ${quoted(about)}`));
    if (choices[''] !== undefined) lines.push(`${here} -a '${choices[''].join(' ')}'`);
    if (path === '') continue;
    lines.push(...options.map((option) => `${here} ${fishOption(option, choices[option.flag] ?? [])}`));
  }
  return `${lines.join('\n')}\n`;
}

function fishOption(option: Completed['options'][number], choices: readonly string[]): string {
  const { flag, short, about, takesValue } = option;
  const values = choices.length > 0 ? ` -xa '${choices.join(' ')}'` : takesValue ? ' -r' : '';
  return `${short === undefined ? '' : `-s ${short} `}-l ${flag.slice(2)}${values} -d ${quoted(about)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
