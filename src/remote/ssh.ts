import { randomBytes } from 'node:crypto';
import type { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import { Tail } from '../common/tail.js';
import type { Config } from '../config/index.js';
import { KEPT_OUTPUT, type ProgramOptions, type ProgramResult, type Programs } from '../workflow/action-tools.js';
import { addressOf, type HostIp } from './address.js';
import { runChild } from './child.js';
import { ownEnvironment } from './environment.js';
import { MarkedOutput } from './marked-output.js';
import { READS_SCRIPT, scriptLine } from './script.js';
import { noShell, sshFailure, sudoRefusal, unreachable } from './ssh-failure.js';
import { sshArguments } from './ssh-options.js';

/**
 * Programs on hosts by the system's own OpenSSH client, so that what operators have set up for it counts here as well:
 * known_hosts, certificates, jump hosts, what their policy allows of cryptography.
 */
export class SshHosts {
  constructor(
    private readonly settings: Config['remote'],
    private readonly machine: MachineClock,
    private readonly hostIp: HostIp,
  ) {}

  on(host: string, signal: AbortSignal, output: (text: string) => void): Programs {
    return { run: (argv, options) => this.run(host, argv, options, signal, output) };
  }

  private async run(
    host: string,
    argv: readonly string[],
    options: ProgramOptions = {},
    signal: AbortSignal,
    output: (text: string) => void,
  ): Promise<ProgramResult> {
    const { settings, machine } = this;
    const { user, sudo } = settings;
    const address = await addressOf(settings.address, host, this.hostIp, signal);
    const nonce = randomBytes(16).toString('hex');
    const line = scriptLine(argv, options, sudo, nonce);
    const tell = options.quiet ? () => undefined : output;
    const stdout = new Tail(KEPT_OUTPUT);
    const stderr = new Tail(KEPT_OUTPUT);
    const login = this.login(host);
    const marked = new MarkedOutput(
      nonce,
      (text) => {
        stdout.add(text);
        tell(text);
      },
      login.done,
    );
    const end = await runChild({
      argv: ['ssh', ...sshArguments(settings), '--', address, READS_SCRIPT],
      // ssh's own words are looked at, so they must not depend on a locale.
      env: { ...ownEnvironment(), LANG: 'C.UTF-8' },
      input: `${line}\n`,
      holdInput: true,
      timeoutS: options.timeoutS,
      name: `${argv[0]} on ${host}`,
      signal,
      giveUp: login.late,
      machine,
      stdout: marked.add,
      stderr: (text) => {
        stderr.add(text);
        if (marked.begun) tell(text);
      },
    }).finally(login.done);
    const { code } = marked;
    if (code === undefined) throw notRun(host, user, argv, marked.begun, end.code, stderr.kept);
    const refused = sudo && code === 1 ? sudoRefusal(host, user, stderr.kept) : undefined;
    if (refused !== undefined) throw refused;
    return { code, signal: null, stdout: stdout.kept, stderr: stderr.kept };
  }

  /** A host that takes the connection and then says nothing is not there either. */
  private login(host: string): { readonly late: Promise<FenixError>; done(): void } {
    const limitS = 2 * this.settings.connectTimeout;
    let done: () => void = () => undefined;
    const late = new Promise<FenixError>((resolve) => {
      done = this.machine.after(limitS * 1000, () =>
        resolve(unreachable(host, `it did not answer the login within ${limitS} s.`)),
      );
    });
    return { late, done: () => done() };
  }
}

function notRun(
  host: string,
  user: string,
  [program = '']: readonly string[],
  begun: boolean,
  sshCode: number | null,
  said: string,
): FenixError {
  if (begun) {
    const message = `The connection to ${host} was lost while ${program} ran there.`;
    return new FenixError('transient', 'unreachable', message, { inDoubt: true });
  }
  return sshCode === 255 || sshCode === null ? sshFailure(host, user, said) : noShell(host, user, said);
}
