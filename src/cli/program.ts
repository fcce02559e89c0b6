import { Command } from 'commander';
import { addCloudOptions } from './auth/options.js';
import { addCatalog } from './commands/catalog.js';
import { addComplete } from './commands/complete.js';
import { addConstraint, addGroup } from './commands/constraints.js';
import { addHost } from './commands/host.js';
import { addReply } from './commands/reply.js';
import { addSession } from './commands/session.js';
import { CliContext } from './context.js';
import { CLI_EXIT } from './exit-codes.js';
import type { CliIo } from './io.js';
import { wholeNumber } from './parse.js';

const CODES = `
Exit codes:
  ${CLI_EXIT.ok} well   ${CLI_EXIT.refused} refused or failed   ${CLI_EXIT.usage} usage   ${CLI_EXIT.sessionFailed} what was waited for ended badly
  ${CLI_EXIT.unreachable} not reachable, or no time left   ${CLI_EXIT.denied} credentials or rights do not suffice   ${CLI_EXIT.interrupted} Ctrl-C
`;

/** The command line of `fenix`, with all that it can do. */
export function fenixProgram(io: CliIo): Command {
  const program = new Command('fenix')
    .description('Maintains the hosts of an OpenStack cloud: sessions, hosts, constraints, replies.')
    .version(io.version)
    .option('--debug', 'write requests and answers to standard error; secrets are masked')
    .option('--http-timeout <seconds>', 'for each request', wholeNumber(1, 3600), 30)
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', CODES);
  addCloudOptions(program);
  const context = new CliContext(program, io);
  addSession(program, context);
  addHost(program, context);
  addConstraint(program, context);
  addGroup(program, context);
  addReply(program, context);
  addCatalog(program, context);
  addComplete(program, context);
  return program;
}
