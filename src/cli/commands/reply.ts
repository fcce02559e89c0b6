import { Argument, type Command } from 'commander';
import { NOTICE_STATES } from '../../model/index.js';
import type { CliContext } from '../context.js';
import { UsageError } from '../exit-codes.js';
import { addOutputOptions, type OutputOptions } from '../output/options.js';
import { seconds, textPairs } from '../parse.js';

interface ReplyOptions extends OutputOptions {
  readonly project?: string;
  readonly instance?: string;
  readonly action?: string;
  readonly instanceAction?: Record<string, string>;
  readonly defer?: number;
}

const ANSWERS = NOTICE_STATES.flatMap((state) => [`ACK_${state}`, `NACK_${state}`]);

/** `fenix reply`: what a project's manager answers to a notice. */
export function addReply(program: Command, context: CliContext): void {
  const reply = program
    .command('reply <session>')
    .description("a project's answer to the notice that is open")
    .addArgument(new Argument('[answer]', 'ACK_ or NACK_ and the state of the notice').choices(ANSWERS))
    .option('--project <id>', "which project; default: the token's")
    .option('--instance <id>', 'the notice is about this instance alone')
    .option('--action <action>', 'how its instances leave their host, of those that the notice allows')
    .option('--instance-action <instance=action>', 'the same for one of them; may be repeated', textPairs)
    .option('--defer <duration>', 'ask for more time instead', seconds);
  addOutputOptions(reply).action((id: string, answer: string | undefined, options: ReplyOptions) =>
    send(context, id, answer, options),
  );
}

async function send(context: CliContext, id: string, answer: string | undefined, options: ReplyOptions): Promise<void> {
  const { project, instance, action, instanceAction, defer } = options;
  if ((answer === undefined) === (defer === undefined)) {
    throw new UsageError('Give an answer, as ACK_MAINTENANCE, or --defer with more time: one of the two.');
  }
  const projectId = await context.projectId(project);
  const body = {
    ...(answer !== undefined && { state: answer }),
    ...(defer !== undefined && { defer_seconds: defer }),
    ...(action !== undefined && { instance_action: action }),
    ...(instanceAction !== undefined && { instance_actions: instanceAction }),
  };
  const told = await (await context.client()).reply(id, projectId, body, instance);
  context.show({ object: told }, options);
}
