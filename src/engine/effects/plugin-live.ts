import { plusSeconds } from '../../common/clock.js';
import { messageOf, Stopped } from '../../common/errors.js';
import type { JournalEntry } from '../../model/index.js';
import type { PluginRecord } from '../../workflow/running/record.js';
import type { SessionContext } from '../context.js';
import type { PluginIntent } from './plugin-run.js';

/** Domain seconds after which the first words of a run are shown. */
const FIRST_S = 2;
/** Lines of history that one run may fill; after that only its row goes on being kept up to date. */
const MOST_LINES = 50;

/** Shows what a plug-in says while it runs, in the session's history and in its row: seldom, and only when it says something. */
export class LiveOutput {
  private isWaiting = false;
  private lines = 0;

  /** @param ended aborts when the run has: its end tells the rest */
  constructor(
    private readonly session: SessionContext,
    private readonly entry: JournalEntry,
    private readonly record: PluginRecord,
    private readonly ended: AbortSignal,
  ) {}

  /** There is something to show. */
  raise(): void {
    if (this.isWaiting || this.ended.aborted) return;
    this.isWaiting = true;
    this.showSoon().catch((error) => {
      if (error instanceof Stopped) return;
      this.session.log.warn({ reason: messageOf(error) }, 'what a plug-in says could not be shown meanwhile');
    });
  }

  private async showSoon(): Promise<void> {
    const { clock, settings } = this.session;
    const { pluginOutputIntervalS } = settings;
    try {
      const afterS = this.lines === 0 ? Math.min(FIRST_S, pluginOutputIntervalS) : pluginOutputIntervalS;
      await clock.sleep(plusSeconds(clock.now(), afterS), this.ended);
    } finally {
      this.isWaiting = false;
    }
    await this.show();
  }

  private async show(): Promise<void> {
    const { repositories, writer } = this.session;
    const { sessionId, subject, attempt } = this.entry;
    const { type, name, phase } = this.entry.intent as unknown as PluginIntent;
    await writer.commit(async (unit) => {
      if (this.ended.aborted) return;
      const news = this.record.news();
      if (news === undefined) return;
      this.lines += 1;
      if (this.lines <= MOST_LINES) unit.tell('plug-in-output', { host: subject, type, name, attempt, ...news });
      if (phase !== 'run' && phase !== 'undo') return;
      await repositories.pluginRuns.show({ sessionId, type, name, hostname: subject }, this.record.shown, unit.tx);
    });
  }
}
