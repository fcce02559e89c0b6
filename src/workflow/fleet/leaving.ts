import type { InstanceAction, JournalEntry, Notice, SessionHost } from '../../model/index.js';
import type { Server } from '../cloud-port.js';
import { CAME_BACK } from '../cold-migration.js';
import { movesFrom } from '../emptying.js';
import { preferredAction } from '../preferences.js';
import { type Prospect, prospectOf } from '../prospects.js';
import { isStopped } from '../stopped.js';
import type { SessionView } from '../view.js';
import type { FleetIndex } from './index-of-view.js';

/** An instance on a host that is still to be emptied, or being so. */
export interface Leaving {
  readonly host: SessionHost;
  readonly server: Server;
  /** The newest notice about it leaving there; undefined where its project was not told, or has to be told anew. */
  readonly notice: Notice | undefined;
  /** How it is to leave: its project's choice, else what its record prefers. */
  readonly wanted: InstanceAction;
  readonly prospect: Prospect;
  /** The newest attempt to move it off there. */
  readonly last: JournalEntry | undefined;
  /** It stays on its host, stopped. */
  readonly isStopped: boolean;
}

/** Its last move came back from the host that took it: when nothing is left to be tried, that is its failure. */
export function cameBack({ last }: Leaving): JournalEntry | undefined {
  return last?.state === 'refused' && last.outcome?.code === CAME_BACK ? last : undefined;
}

/** All of a host. */
export function leavingFrom(view: SessionView, index: FleetIndex, host: SessionHost): Leaving[] {
  const moves = host.state === 'waiting' ? new Map<string, JournalEntry>() : movesFrom(view, host.hostname);
  return index.serversOn(host.hostname).map((server) => {
    const notice = host.state === 'waiting' ? undefined : index.noticeOf(host.hostname, server.id);
    const isAgreed = notice?.outcome === 'ack' || notice?.outcome === 'forced';
    const wanted = (isAgreed ? notice.actions[server.id] : undefined) ?? preferredAction(view, server.id);
    const last = moves.get(server.id);
    const prospect = prospectOf(view, server, last, isAgreed ? wanted : undefined);
    return { host, server, notice, wanted, prospect, last, isStopped: isStopped(view, server) };
  });
}
