import { type Command, Option } from 'commander';
import {
  GROUP_KEYS,
  type GroupConstraintsBody,
  INSTANCE_KEYS,
  type InstanceConstraintsBody,
} from '../../client/index.js';
import { thereAre } from '../../common/near-names.js';
import { INSTANCE_ACTIONS } from '../../model/index.js';
import { bodyFrom, over } from '../body-file.js';
import type { CliContext } from '../context.js';
import { deleteAll } from '../delete-all.js';
import { UsageError } from '../exit-codes.js';
import { addOutputOptions, collect, type OutputOptions } from '../output/options.js';
import { pairs, seconds, wholeNumber } from '../parse.js';

const MOST = 2 ** 31 - 1;

interface SetOptions extends OutputOptions {
  readonly file?: string;
  readonly property?: object;
  readonly name?: string;
  readonly resourceMitigation?: boolean;
}

/** A kind of constraints that projects give: what it is called, and how it is read and written. */
interface Kind<Options> {
  readonly noun: string;
  /** All keys of its body. */
  readonly keys: readonly string[];
  /** What options say of the body; undefined = nothing. */
  readonly given: (options: Options & SetOptions) => object;
  readonly set: (id: string, body: object) => Promise<object>;
  readonly show: (id: string) => Promise<object>;
  readonly remove: (id: string) => Promise<void>;
}

/** `fenix constraint …`, about an instance. */
export function addConstraint(program: Command, context: CliContext): void {
  const constraint = program.command('constraint').description("a project's constraints for an instance");
  const set = addSet(constraint, 'instance')
    .option('--group <id>', 'its instance group')
    .option('--max-interruption-time <duration>', 'how long a live migration may take', seconds)
    .addOption(new Option('--migration-type <action>', 'how it leaves its host').choices(INSTANCE_ACTIONS))
    .option('--lead-time <duration>', 'from notice to action at the earliest', seconds);
  addKind<InstanceOptions>(constraint, set, context, {
    noun: 'instance',
    keys: INSTANCE_KEYS,
    given: (options) => ({
      instance_name: options.name,
      group_id: options.group,
      max_interruption_time: options.maxInterruptionTime,
      migration_type: options.migrationType,
      lead_time: options.leadTime,
    }),
    set: async (id, body) => (await context.client()).setInstanceConstraints(id, body as InstanceConstraintsBody),
    show: async (id) => (await context.client()).instanceConstraints(id, context.io.signal),
    remove: async (id) => (await context.client()).removeInstanceConstraints(id),
  });
}

interface InstanceOptions {
  readonly group?: string;
  readonly maxInterruptionTime?: number;
  readonly migrationType?: string;
  readonly leadTime?: number;
}

/** `fenix group …`, about a group of instances. */
export function addGroup(program: Command, context: CliContext): void {
  const group = program.command('group').description("a project's constraints for a group of instances");
  const set = addSet(group, 'group')
    .option('--anti-affinity', 'each member on a host of its own')
    .option('--max-instances-per-host <n>', '0 = no limit', wholeNumber(0, MOST))
    .option('--max-impacted-members <n>', 'that may be out of service at once', wholeNumber(0, MOST))
    .option('--recovery-time <duration>', 'until a member serves again after an impact', seconds)
    .option('--notify-state <state>', 'also tell INSTANCE_ACTION_FALLBACK or …_FAILED; may be repeated', collect);
  addKind<GroupOptions>(group, set, context, {
    noun: 'group',
    keys: GROUP_KEYS,
    given: (options) => ({
      group_name: options.name,
      anti_affinity_group: options.antiAffinity,
      max_instances_per_host: options.maxInstancesPerHost,
      max_impacted_members: options.maxImpactedMembers,
      recovery_time: options.recoveryTime,
      notify_states: options.notifyState,
    }),
    set: async (id, body) => (await context.client()).setGroupConstraints(id, body as GroupConstraintsBody),
    show: async (id) => (await context.client()).groupConstraints(id, context.io.signal),
    remove: async (id) => (await context.client()).removeGroupConstraints(id),
  });
}

interface GroupOptions {
  readonly antiAffinity?: true;
  readonly maxInstancesPerHost?: number;
  readonly maxImpactedMembers?: number;
  readonly recoveryTime?: number;
  readonly notifyState?: string[];
}

function addSet(parent: Command, noun: string): Command {
  return parent
    .command(`set <${noun}>`)
    .description('replace them as a whole: what is not given gets its default (docs/api.md)');
}

function addKind<Options>(parent: Command, set: Command, context: CliContext, kind: Kind<Options>): void {
  const { noun, show, remove } = kind;
  set
    .option('--file <file>', 'body of the request, YAML or JSON; options go before it, - is standard input')
    .option('--name <name>', 'for people')
    .option('--resource-mitigation', 'keep room for one more while a member is out')
    .option('--no-resource-mitigation', 'keep none')
    .option(
      '--property <key=value>',
      'any other key of them, as those of ETSI NFV (docs/api.md); may be repeated',
      pairs,
    );
  addOutputOptions(set).action(async (id: string, options: Options & SetOptions) => {
    context.show({ object: await kind.set(id, await bodyOf(context, options, kind)) }, options);
  });
  const showing = parent
    .command(`show <${noun}>`)
    .description("show them; an admin's own project's, else the newest of anybody's");
  addOutputOptions(showing).action(async (id: string, options: OutputOptions) => {
    context.show({ object: await show(id) }, options);
  });
  parent
    .command(`delete <${noun}...>`)
    .description("delete them, if there are any; an admin's removes all projects'")
    .action(async (ids: string[]) => {
      await deleteAll(context, noun, ids, remove);
    });
}

/** @throws UsageError for a key that is none: the API would take no notice of it, and the limit be none */
async function bodyOf<Options>(
  { io }: CliContext,
  options: Options & SetOptions,
  { keys: known, given }: Kind<Options>,
): Promise<object> {
  const { file, property = {}, resourceMitigation } = options;
  const fromFile = await bodyFrom(file, io);
  for (const [option, keys] of [
    ['--file', fromFile],
    ['--property', property],
  ] as const) {
    const unknown = Object.keys(keys).find((key) => !known.includes(key));
    if (unknown !== undefined) throw new UsageError(`${option} ${unknown}: no such key; ${thereAre(unknown, known)}.`);
  }
  return over({ ...fromFile, ...property }, { ...given(options), resource_mitigation: resourceMitigation });
}
