import type { Instance } from '../../records.js';
import { Manager } from '../manager.js';

/** Domain seconds from a SCALE_IN to its answer. */
const SCALES_FOR_S = 180;

/** Takes minutes to scale in, visibly, and grows back to its old size when the maintenance is over. */
export class ScalingManager extends Manager {
  private readonly away: Instance[] = [];

  protected override async scaleIn(count: number, suggested: readonly string[]): Promise<void> {
    const step = (this.options.answerAfter ?? SCALES_FOR_S) / Math.max(1, count);
    for (let done = 0; done < count; done += 1) {
      await super.scaleIn(1, suggested);
      await this.pause(step);
    }
  }

  protected override async giveAway(id: string): Promise<void> {
    const member = this.application.member(id);
    await super.giveAway(id);
    if (member !== undefined) this.away.push(member);
  }

  protected override async scaleBack(): Promise<void> {
    const models = this.application.members();
    for (const lost of this.away.splice(0)) {
      const model = models.find(({ groupId, flavor }) => groupId === lost.groupId && flavor.id === lost.flavor.id);
      const back = model === undefined ? undefined : await this.lifecycle.bootLike(model.id, this.signal);
      if (back === undefined) this.remarks.push(`There was no room to bring ${lost.name} back.`);
      else if (this.options.constraints === true) await this.records.put(back);
    }
  }
}
