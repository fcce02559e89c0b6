import type { Command } from 'commander';
import type { ControlRequest } from '../../client/index.js';
import type { CliContext } from '../context.js';
import { UsageError } from '../exit-codes.js';
import { addWaitOptions, checkEnd, type WaitOptions, waitFor, waitForEnd } from '../wait.js';

/** What an admin tells a session that goes on, failed, or is to end. */
export function addSessionControl(session: Command, context: CliContext): void {
  addPause(session, context, 'pause', 'begin nothing new; what runs ends');
  addPause(session, context, 'resume', 'go on after pause');
  const abort = session
    .command('abort <session>')
    .description('end it in MAINTENANCE_FAILED; it cannot be continued')
    .option('--revert', 'take moves in flight back where that is possible');
  addWaitOptions(abort, 'it has ended').action(async (id: string, options: WaitOptions & { revert?: true }) => {
    await control(context, id, { abort: options.revert ? { moves: 'revert' } : {} });
    if (options.wait) await waitForEnd(context, options, id);
  });
  addContinue(session, context);
}

function addPause(session: Command, context: CliContext, word: 'pause' | 'resume', about: string): void {
  const command = session.command(`${word} <session>`).description(about);
  addWaitOptions(command, 'its engine has taken it up').action(async (id: string, options: WaitOptions) => {
    await control(context, id, word === 'pause' ? { pause: {} } : { resume: {} });
    if (!options.wait) return;
    await waitFor(context, options, `Session ${id}`, async () => {
      const { paused_at: pausedAt } = await (await context.client()).show(id, context.io.signal);
      return (pausedAt !== null) === (word === 'pause') || undefined;
    });
  });
}

interface ContinueOptions extends WaitOptions {
  readonly host?: string;
  readonly project?: string;
}

function addContinue(session: Command, context: CliContext): void {
  const command = session
    .command('continue <session>')
    .description('go on exactly where it failed; with --host or --project: answer the question that it asks')
    .option('--host <name>', 'the question is about this host')
    .option('--project <id>', 'the question is about this project');
  addWaitOptions(command, 'it has ended; exit code 3 unless well').action(
    async (id: string, options: ContinueOptions) => {
      const { host, project } = options;
      if (host !== undefined && project !== undefined) throw new UsageError('Give --host or --project, not both.');
      if (host !== undefined) await control(context, id, { continue: { host } });
      else if (project !== undefined) await control(context, id, { continue: { project_id: project } });
      else await goOn(context, id, options);
      if (!options.wait) return;
      const state = await waitForEnd(context, options, id);
      checkEnd(id, state, (await (await context.client()).detail(id, context.io.signal)).reason?.message);
    },
  );
}

/** With --wait until its engine has taken it up: before that it looks failed still. */
async function goOn(context: CliContext, id: string, options: WaitOptions): Promise<void> {
  const client = await context.client();
  const state = await client.resumeFailed(id, context.io.signal);
  context.tell(`Session ${id} goes on in ${state}.`);
  if (!options.wait) return;
  await waitFor(context, options, `Session ${id}`, async () => {
    const lines = await client.history(id, context.io.signal);
    const asked = lines.findLastIndex(({ what }) => what === 'continue-session');
    return lines.slice(asked).some(({ what }) => what === 'state') || undefined;
  });
}

async function control(context: CliContext, id: string, request: ControlRequest): Promise<void> {
  await (await context.client()).control(id, request, context.io.signal);
}
