import { FenixError } from '../../common/errors.js';
import type { JournalEntry } from '../../model/index.js';
import type { ComputeService } from '../../workflow/cloud-port.js';
import type { JournaledWrite } from '../../workflow/contract.js';
import { computeServiceOf, OUR_REASON } from '../../workflow/hosts.js';
import type { SessionContext } from '../context.js';

/** What a service change's journal entry keeps. */
export interface ServiceIntent {
  /** Null = enable. */
  readonly disable: { readonly reason: string } | null;
}

/** Disables a host's compute service, or gives it back (L6). */
export async function runService(session: SessionContext, entry: JournalEntry, resumed: boolean): Promise<void> {
  const { disable } = entry.intent as unknown as ServiceIntent;
  const host = entry.subject;
  const write = disable === null ? enabling(session, host) : disabling(session, host, disable.reason);
  try {
    await session.journal.once({ ...keyOf(entry), action: `${entry.action}/request` }, write, { isFirst: !resumed });
  } catch (error) {
    if (error instanceof FenixError && error.code !== 'lease-lost') return recordRefusal(session, entry, error);
    throw error;
  }
  session.watch.changed();
  await session.writer.commit(async (unit) => {
    await session.repositories.journal.end(entry, 'done', {}, unit.tx);
    if (disable === null)
      await session.repositories.hosts.update(session.sessionId, host, { disabled: false }, unit.tx);
    unit.tell(disable === null ? 'service-enabled' : 'service-disabled', { host, ...disable });
  });
  session.log.info({ host, ...disable }, disable === null ? 'compute service enabled' : 'compute service disabled');
}

async function recordRefusal(session: SessionContext, entry: JournalEntry, error: FenixError): Promise<void> {
  const outcome = { code: error.code, message: error.message };
  await session.writer.commit(async (unit) => {
    await session.repositories.journal.end(entry, 'failed', outcome, unit.tx);
    unit.tell('service-change-failed', { host: entry.subject, action: entry.action, ...outcome });
  });
  session.log.error({ host: entry.subject, action: entry.action, ...outcome }, 'compute service could not be changed');
}

/** Disables what is enabled, and makes ours what an earlier session left disabled; what others disabled stays theirs. */
function disabling(session: SessionContext, host: string, reason: string): JournaledWrite {
  const isTaken = (service: ComputeService): boolean =>
    !service.enabled && (service.disabledReason === reason || !isOurs(service));
  return {
    run: async () => {
      const service = await read(session, host);
      if (service !== undefined && !isTaken(service)) await session.cloud.disableService(service.id, reason);
    },
    probe: async () => {
      const service = await read(session, host);
      return service === undefined || isTaken(service);
    },
    conflictPasses: true,
  };
}

/** Enables only while the reason is still ours: what others disabled meanwhile is left alone. */
function enabling(session: SessionContext, host: string): JournaledWrite {
  return {
    run: async () => {
      const service = await read(session, host);
      if (service !== undefined && isOurs(service)) await session.cloud.enableService(service.id);
    },
    probe: async () => {
      const service = await read(session, host);
      return service === undefined || !isOurs(service);
    },
    conflictPasses: true,
  };
}

/** Of this session or of an earlier one: whoever claims a host inherits the duty to enable it (v1 §5.1). */
function isOurs({ enabled, disabledReason }: ComputeService): boolean {
  return !enabled && (disabledReason ?? '').startsWith(OUR_REASON);
}

/** Undefined once Nova has no such service: then there is nothing to give or take. */
async function read(session: SessionContext, host: string): Promise<ComputeService | undefined> {
  return computeServiceOf({ services: await session.cloud.services() }, host);
}

function keyOf({ sessionId, subject, action, attempt }: JournalEntry) {
  return { sessionId, subject, action, attempt };
}
