import type { ProgramOptions } from '../workflow/action-tools.js';
import { checkedEnvironment } from './environment.js';
import { setMark } from './marked-output.js';
import { quoted, quotedInOneLine } from './quoting.js';

/**
 * What ssh asks the login shell for, always the same, whichever shell that is: all else arrives by standard input, where
 * neither `ps` nor a limit of its length gets at it. `n` is for {@link quotedInOneLine}.
 */
export const READS_SCRIPT = `exec /bin/sh -c 'n=$(printf "\\n."); n=\${n%.}; IFS= read -r c; eval "eval $c"'`;

/**
 * The line that {@link READS_SCRIPT} reads: runs one program, between marks, in a process group of its own, and ends that
 * group when the connection ends, unless the program is to outlive it.
 * @throws FenixError `argument`
 */
export function scriptLine(argv: readonly string[], options: ProgramOptions, sudo: boolean, nonce: string): string {
  const { env, input, directory, outlives = false } = options;
  const variables = Object.entries(checkedEnvironment(env));
  const asRoot = sudo
    ? `sudo -n ${variables.length > 0 ? `--preserve-env=${Object.keys(env ?? {}).join()} ` : ''}-- `
    : '';
  const command = asRoot + argv.map(quoted).join(' ');
  const statements = [
    'PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" LANG=C.UTF-8; export PATH LANG; unset LC_ALL LANGUAGE',
    ...variables.map(([name, value]) => `${name}=${quoted(value)}; export ${name}`),
    'exec 3<&0 </dev/null',
    setMark(nonce, 'begin'),
    ...(directory === undefined ? [] : [`cd -- ${quoted(directory)} || { ${setMark(nonce, 'end:1')}; exit 1; }`]),
    `${input === undefined ? '' : `printf %s ${quoted(input)} | `}setsid -- ${outlives ? `/bin/sh -c ${quoted(outliving(command))}` : command} 3<&- &`,
    'p=$!',
    ...(outlives ? [] : [`${lifeline(sudo)} &`, 'w=$!']),
    'exec 3<&-',
    'wait "$p"; r=$?',
    ...(outlives ? [] : ['exec 2>/dev/null; kill "$w"']),
    setMark(nonce, '"end:$r"'),
  ];
  return quotedInOneLine(statements.join('\n'));
}

/** Reads what never comes; at its end the connection is gone. */
function lifeline(sudo: boolean): string {
  const kill = (signal: string): string =>
    [...(sudo ? [`sudo -n -- kill -s ${signal} -- "-$p"`] : []), `kill -s ${signal} -- "-$p"`].join('; ');
  return `{ while read -r _; do :; done <&3; ${kill('TERM')}; sleep 5; ${kill('KILL')}; } >/dev/null 2>&1`;
}

/** Without its reader, `tee -p` goes on taking what the program prints, which so does not end for that. */
function outliving(command: string): string {
  return `exec 4>&1; r=$({ { ${command} 3>&- 4>&-; echo $? >&3; } 2>&1 | tee -p /dev/null >&4; } 3>&1); exit "$r"`;
}
